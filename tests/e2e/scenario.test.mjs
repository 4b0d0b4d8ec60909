// Scenarios: begun by a click or by the address, followed step by step, left.

import { assert, test, testInBothSizes } from "./lib/tests.mjs";

/** The address follows the panel, a task later. */
const addressNames = (page, scenario) =>
  page.waitForFunction((name) => new URL(location.href).searchParams.get("scenario") === name, scenario);

testInBothSizes("a scenario in the address begins, ticks off what comes true, and goes on", {
  query: "?scenario=first-deployment",
}, async ({ page, axe }) => {
  const panel = page.getByRole("region", { name: "Scenario: Your first Deployment" });
  await panel.getByText(/^Step 1 of \d+$/).waitFor();
  await panel.getByRole("button", { name: /^Ask for three pods$/ }).click();
  await panel.getByText(/^Step 2 of \d+$/).waitFor();
  // Before everything came true the button only skips.
  await panel.getByRole("button", { name: "Skip: Ask for five" }).waitFor();
  await panel.getByText(/done: .*Three pods run and are ready/).waitFor();
  await panel.getByRole("button", { name: /^Ask for five$/ }).waitFor();
  assert.deepEqual(await axe(".scenario"), []);
  await addressNames(page, "first-deployment");
  await panel.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("heading", { name: "Scenarios" }).waitFor();
  await addressNames(page, null);
});

test("the header's choice begins a scenario", {}, async ({ page }) => {
  await page.getByRole("combobox", { name: "Scenario" }).selectOption("crash-loop");
  await page.getByRole("region", { name: "Scenario: Crash loop and back-off" }).waitFor();
  await addressNames(page, "crash-loop");
});

test("an unknown scenario is named, and the others are offered", { query: "?scenario=nonsense" }, async ({ page }) => {
  await page.getByRole("alert").filter({ hasText: /no scenario named "nonsense"/ }).waitFor();
  await page.getByRole("button", { name: "Start: Your first Deployment" }).click();
  await page.getByRole("region", { name: "Scenario: Your first Deployment" }).waitFor();
});

test("a newcomer has three things to try, one click each", {}, async ({ page, axe }) => {
  await page.getByRole("tab", { name: "Scenario" }).click();
  const welcome = page.getByRole("region", { name: "Three things to try" });
  await welcome.getByRole("button", { name: /Kill a container/ }).click();
  await page.getByText(/killed the container/).waitFor();
  assert.deepEqual(await axe(".scenario"), []);
  await welcome.getByRole("button", { name: /Write a manifest/ }).click();
  await page.getByRole("region", { name: "Manifest editor" }).getByText("No problems found.").waitFor();
  await page.getByRole("tab", { name: "Scenario" }).click();
  await welcome.getByRole("button", { name: /Follow a packet/ }).click();
  await page.getByRole("region", { name: /^Scenario: / }).waitFor();
});
