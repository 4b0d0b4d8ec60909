// The charts: what they show stands in tables beside them, for those who cannot see a picture.

import { listed, openPanel, press, select } from "./lib/steps.mjs";
import { assert, test, testInBothSizes } from "./lib/tests.mjs";

/** The cells of a table's rows, with the heading of each row. */
function rows(page, caption) {
  const table = page.getByRole("table", { name: caption });
  return table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}

/** Waits until a row of a table is as wanted. */
function row(page, caption, wanted) {
  return page.waitForFunction(
    ([caption, wanted]) => {
      const tables = [...document.querySelectorAll("table")];
      const table = tables.find((table) => table.caption?.textContent === caption);
      const rows = [...(table?.tBodies[0]?.rows ?? [])].map((row) => [...row.cells].map((cell) => cell.textContent));
      return rows.some((row) => wanted.every((cell, at) => cell === null || row[at] === cell));
    },
    [caption, wanted],
  );
}

const NODES = "Requested of allocatable, by node";

testInBothSizes("pods by phase and restarts are counted as the cluster has them", {}, async ({ page, axe }) => {
  await listed(page, /^Pod kube-system\/coredns-.*running and ready/);
  await openPanel(page, "Charts");
  // Two of CoreDNS, four of the control plane, kube-proxy on each of the four nodes.
  await row(page, "Pods by phase over time", [null, "0", "10", "0", "0", "0"]);
  await press(page, "Deploy an app");
  // On a phone what was made is shown in the same sheet.
  await openPanel(page, "Charts");
  await row(page, "Pods by phase over time", [null, "0", "13", "0", "0", "0"]);
  await page.getByText("Running 13").waitFor();
  assert.match((await rows(page, "Container restarts over time")).at(-1)[1], /^0$/);
  await press(page, "Crash a container");
  await openPanel(page, "Charts");
  await row(page, "Container restarts over time", [null, "1"]);
  await page.getByText("1 so far").waitFor();
  assert.deepEqual(await axe(".charts"), []);
});

test("a node's bar grows by what its pods ask for", {}, async ({ page }) => {
  await openPanel(page, "Manifest");
  const editor = page.getByRole("region", { name: "Manifest editor" });
  await editor.locator(".cm-content").waitFor();
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "asks" },
    spec: {
      nodeName: "node-2",
      containers: [{ name: "main", image: "nginx", resources: { requests: { cpu: "1500m", memory: "2Gi" } } }],
    },
  };
  await editor.locator(".cm-content").fill(JSON.stringify(pod, null, 1));
  await editor.getByText("No problems found.").waitFor();
  await editor.getByRole("button", { name: "Apply" }).click();
  await listed(page, /^Pod default\/asks, running and ready/);
  await openPanel(page, "Charts");
  await row(page, NODES, ["node-2", "1.5 of 4 (38 %)", "2Gi of 8Gi (25 %)"]);
  await row(page, NODES, ["node-1", "0 of 4 (0 %)", null]);
  await select(page, /^Pod default\/asks/);
  await openPanel(page, "Inspector");
  await page.getByRole("group", { name: "Actions" }).getByRole("button", { name: "Delete" }).click();
  await row(page, NODES, ["node-2", "0 of 4 (0 %)", null]);
});
