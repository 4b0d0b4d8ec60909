// Following a packet: sent by the form, stepped through hop by hop, forth and back.

import { listed, openPanel, press } from "./lib/steps.mjs";
import { assert, test, testInBothSizes } from "./lib/tests.mjs";

/** Sends a packet from a pod of `web` to its Service, and gives the list of its hops. */
async function send(page) {
  await press(page, "Deploy an app");
  await listed(page, /^Service default\/web.* 3 endpoints ready/);
  await openPanel(page, "Packet");
  const from = page.getByRole("combobox", { name: "From" });
  const pod = from.locator("option", { hasText: /^default\/web-/ }).first();
  await from.selectOption(await pod.getAttribute("value"));
  const to = page.getByRole("combobox", { name: "To", exact: true });
  await to.selectOption({ label: "default/web (ClusterIP)" });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const way = page.getByRole("region", { name: "The packet's way" });
  await way.locator(".steps-title", { hasText: /web/ }).waitFor();
  return way;
}

/** What stands in the open hop: its place and stage, and what it says. */
const open = (way) => way.locator(".hop-open");

testInBothSizes("hops are stepped through forth and back, by buttons and by keys", {}, async ({ page, axe }) => {
  const way = await send(page);
  const number = way.locator(".steps-number");
  const count = Number(/^(\d+) hops$/.exec(await number.textContent())[1]);
  assert.ok(count > 10, `only ${count} hops`);

  await way.getByRole("button", { name: "Step through: first hop" }).click();
  await number.filter({ hasText: `hop 1 of ${count}` }).waitFor();
  const first = await open(way).locator(".hop-why").textContent();
  assert.ok(await way.getByRole("button", { name: "Hop before" }).isDisabled());
  await way.getByRole("button", { name: "Next hop" }).click();
  await number.filter({ hasText: `hop 2 of ${count}` }).waitFor();
  assert.notEqual(await open(way).locator(".hop-why").textContent(), first);
  await way.getByRole("button", { name: "Hop before" }).click();
  await number.filter({ hasText: `hop 1 of ${count}` }).waitFor();
  assert.equal(await open(way).locator(".hop-why").textContent(), first);

  // The same by keys, to the end and back over the border of a leg.
  await open(way).locator(".hop-row").focus();
  await page.keyboard.press("End");
  await number.filter({ hasText: `hop ${count} of ${count}` }).waitFor();
  assert.ok(await way.getByRole("button", { name: "Next hop" }).isDisabled());
  await page.keyboard.press("ArrowUp");
  await number.filter({ hasText: `hop ${count - 1} of ${count}` }).waitFor();
  await page.keyboard.press("Home");
  await number.filter({ hasText: `hop 1 of ${count}` }).waitFor();
  assert.deepEqual(await axe(".steps"), []);
  await way.getByRole("button", { name: "Done" }).click();
  await number.filter({ hasText: `${count} hops` }).waitFor();
});

test("a hop that rewrites an address shows the old one struck out, the new one, and the rule", {}, async ({ page }) => {
  const way = await send(page);
  // The way of the request itself: from the name to the virtual address, and from there to a pod.
  const request = way.locator(".leg", { has: page.getByRole("heading", { name: /Request/ }) });
  const rewriting = request.locator(".hop", { has: page.locator(".hop-glyph", { hasText: "rewritten" }) }).first();
  await rewriting.locator(".hop-row").click();
  const changed = rewriting.locator("dd.fate-changed").first();
  await changed.waitFor();
  assert.match(await changed.locator("del").textContent(), /^10\.96\./);
  assert.match(await changed.locator("ins").textContent(), /^10\.244\./);
  assert.match(await rewriting.getByLabel("The rule or entry that decided").textContent(), /DNAT/);
  // The legs are told apart: first the name, then the request.
  const legs = await way.getByRole("heading", { level: 2 }).allTextContents();
  assert.match(legs[0], /DNS query/);
  assert.ok(legs.some((leg) => leg.includes("Reply")), legs.join(" | "));
});
