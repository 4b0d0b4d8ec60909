// What a newcomer sees and clicks: a living cluster, then the header's button, which always offers
// the next thing that teaches. The assertions read the list that mirrors the stage.

import { entries, listed, press, speed } from "./lib/steps.mjs";
import { assert, test, testInBothSizes } from "./lib/tests.mjs";

testInBothSizes("a cluster is alive without a click", {}, async ({ page, axe }) => {
  await listed(page, /^API server, revision \d+/);
  await listed(page, /^Pod kube-system\/coredns-.*running and ready/);
  await listed(page, /^Service kube-system\/kube-dns/);
  const nodes = await entries(page, /^Node /);
  assert.equal(nodes.filter((node) => node.includes(", Ready")).length, nodes.length, nodes.join("\n"));
  assert.deepEqual(await axe(), []);
});

test("a packet travels without a click, and the page says what it is", {}, async ({ page }) => {
  await page.getByRole("status").filter({ hasText: /sent by this page: a node calls the API server/ }).waitFor();
  await page.getByRole("region", { name: "Timeline" }).getByRole("button", { name: /packet: node-1 → / }).waitFor();
  await page.getByRole("tab", { name: "Packet" }).click();
  const way = page.getByRole("region", { name: "The packet's way" });
  await way.getByText(/172\.18\.0\.2/).first().waitFor();
  assert.ok((await way.locator(".hop-row").count()) > 4);
});

test("a link that asks for something shows that, and no packet", { query: "?scenario=first-deployment" }, async ({ page }) => {
  await page.getByRole("region", { name: /^Scenario: / }).waitFor();
  await page.waitForTimeout(2_000);
  assert.equal(await page.getByText(/sent by this page/).count(), 0);
});

/** The names of the pods of `web`, as the list gives them. */
async function names(page) {
  const texts = await entries(page, /^Pod default\/web-/);
  return texts.map((text) => text.split(",")[0]).sort();
}

testInBothSizes("deploy, crash, delete, send, pull the plug: each shows its own loop", {}, async ({ page }) => {
  await press(page, "Deploy an app");
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
  await listed(page, /^Service default\/web.* 3 endpoints ready/);

  // A container that crashes is restarted in place: its pod keeps its name.
  await press(page, "Crash a container");
  await listed(page, /^Pod default\/web-.*running and ready, 1 restart/);

  // A pod that is deleted is replaced by another, with another name.
  const before = await names(page);
  await press(page, "Delete a pod");
  await page.waitForFunction((before) => {
    const texts = [...document.querySelectorAll("#cluster-list button")].map((button) => button.textContent);
    const pods = texts.filter((text) => text.startsWith("Pod default/web-"));
    const ready = pods.filter((text) => text.includes("running and ready"));
    return pods.length === 3 && ready.length === 3 && !pods.every((text) => before.includes(text.split(",")[0]));
  }, before);

  await press(page, "Send a packet");
  await page.getByRole("status").filter({ hasText: /\d/ }).first().waitFor({ state: "attached" });

  // A node without power: first its silence is noticed, then its pods are replaced elsewhere.
  await press(page, "Pull a node's plug");
  await listed(page, /^Node .*no power/);
  await speed(page, "100");
  await listed(page, /^Node .*, (NotReady|Unknown), no power/);
  await page.waitForFunction(() => {
    const items = [...document.querySelectorAll("#cluster-list li")].map((item) => item.textContent);
    const alive = items.filter((text) => text.startsWith("Node ") && !text.includes("no power")).join();
    return (alive.match(/Pod default\/web-\S+ running and ready/g) ?? []).length === 3;
  });
});
