// The timeline: marks appear when something happens, say what it was, and lead to it.

import { entries, listed, openPanel, press, speed } from "./lib/steps.mjs";
import { assert, testInBothSizes } from "./lib/tests.mjs";

const timeline = (page) => page.getByRole("region", { name: "Timeline" });

testInBothSizes("marks say what happened; keys go from one to the next; one leads to what it is about", {}, async ({ page, axe }) => {
  const strip = timeline(page);
  await press(page, "Deploy an app");
  await strip.getByRole("button", { name: /you: create service web/ }).waitFor();
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
  const before = await strip.getByRole("button").count();
  await page.waitForTimeout(2_500);
  await press(page, "Crash a container");
  const crash = strip.getByRole("button", { name: /web-\S+: nginx (killed|exited with \d+|waits)/ });
  await crash.first().waitFor();
  assert.ok((await strip.getByRole("button").count()) >= before);

  // One stop of the Tab key for all; arrows go on from there.
  const stops = await strip.locator("button[tabindex='0']").count();
  assert.equal(stops, 1);
  await strip.locator("button[tabindex='0']").focus();
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  const last = await focused();
  await page.keyboard.press("ArrowLeft");
  const former = await focused();
  assert.notEqual(former, last);
  assert.match(former, /^\d+:\d\d\.\d · \w+: ./);
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), last);
  assert.deepEqual(await axe(".timeline"), []);

  // What the mark is about is selected: the inspector shows it.
  await crash.first().click();
  await openPanel(page, "Inspector");
  await listed(page, /^Pod default\/web-.*1 restart/);
  const [pod] = await entries(page, /^Pod default\/web-.*1 restart/);
  await page.getByRole("heading", { name: pod.split(",")[0].replace("Pod ", "") }).waitFor();
});

testInBothSizes("a node that dies has its mark", {}, async ({ page }) => {
  await press(page, "Deploy an app");
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
  const pod = (await entries(page, /^Pod default\/web-/))[0];
  assert.ok(pod);
  for (const title of ["Crash a container", "Delete a pod", "Send a packet"]) await press(page, title);
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
  await page.waitForTimeout(1_500);
  await press(page, "Pull a node's plug");
  await listed(page, /^Node .*no power/);
  await speed(page, "10");
  await timeline(page).getByRole("button", { name: /node: node-\d lost power/ }).last().waitFor();
});
