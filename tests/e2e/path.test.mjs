// The path of a newcomer with a manifest of their own: paste it, watch pods being placed, kill a
// container, kill a node, follow a packet. What is asserted is what the screen says.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { entries, listed, openPanel, press, select, speed } from "./lib/steps.mjs";
import { assert, skip, test, testInBothSizes } from "./lib/tests.mjs";

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app: shop}
  template:
    metadata:
      labels: {app: shop}
    spec:
      tolerations:
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 20}
      containers:
      - name: web
        image: nginx:1.29
        ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata:
  name: shop
spec:
  selector: {app: shop}
  ports: [{port: 80}]
`;

/** Pastes a text into the editor, as a user does, and applies it. */
async function paste(page, text) {
  await openPanel(page, "Manifest");
  const editor = page.getByRole("region", { name: "Manifest editor" });
  await editor.locator(".cm-content").waitFor();
  await editor.locator(".cm-content").fill(text);
  await editor.getByText("No problems found.").waitFor();
  await editor.getByRole("button", { name: "Apply" }).click();
}

/** Waits until the powered nodes hold so many ready pods of `shop` between them. */
function readyOnPowered(page, count) {
  return page.waitForFunction((count) => {
    const items = [...document.querySelectorAll("#cluster-list li")].map((item) => item.textContent);
    const alive = items.filter((text) => text.startsWith("Node ") && !text.includes("no power")).join();
    return (alive.match(/Pod default\/shop-\S+ running and ready/g) ?? []).length === count;
  }, count);
}

testInBothSizes("paste a manifest, kill a container, kill a node, follow a packet", {}, async ({ page }) => {
  await paste(page, MANIFEST);
  await listed(page, /^Deployment default\/shop, 3 of 3 ready/);
  await readyOnPowered(page, 3);
  const placed = page.getByRole("region", { name: "Timeline" }).getByRole("button", { name: /placed: |you: create/ });
  await placed.first().waitFor();

  // The first crash is mended at once, the second after a back-off that counts down.
  const pod = (await entries(page, /^Pod default\/shop-/))[0].split(",")[0];
  const named = (rest) => new RegExp(`^${pod.replaceAll(/[/-]/g, "\\$&")}, ${rest}`);
  await select(page, named(""));
  await openPanel(page, "Inspector");
  const crash = page.getByRole("button", { name: "Crash container" });
  await crash.click();
  await listed(page, named("running and ready, 1 restart"));
  await crash.click();
  await listed(page, named("waiting to restart.*back-off 10s: again in \\d+s"));
  const left = async () => {
    const [text] = await entries(page, named("waiting to restart"));
    return Number(/again in (\d+)s/.exec(text ?? "")?.[1] ?? 0);
  };
  const before = await left();
  await page.waitForFunction(
    ([name, before]) => {
      const texts = [...document.querySelectorAll("#cluster-list button")].map((button) => button.textContent);
      const text = texts.find((text) => text.startsWith(name)) ?? "";
      const left = /again in (\d+)s/.exec(text)?.[1];
      return left !== undefined && Number(left) < before;
    },
    [pod, before],
  );
  await listed(page, named("running and ready, 2 restarts"));
  await listed(page, /^Deployment default\/shop, 3 of 3 ready/);

  // A node is stopped from the inspector: shown as dead, and its pods run elsewhere after a while.
  const lost = await page.evaluate((pod) => {
    const items = [...document.querySelectorAll("#cluster-list > ul > li")];
    const node = items.find((item) => item.textContent.startsWith("Node ") && item.textContent.includes(pod));
    return node.querySelector("button").textContent.split(",")[0];
  }, pod);
  await select(page, new RegExp(`^${lost},`));
  await openPanel(page, "Inspector");
  await page.getByRole("button", { name: "Stop node" }).click();
  await page.getByRole("status").filter({ hasText: /has no power/ }).waitFor();
  await listed(page, new RegExp(`^${lost}, Ready, no power, last heartbeat`));
  await page.getByText("Has no power. The API server does not know yet").waitFor();
  await speed(page, "10");
  await listed(page, new RegExp(`^${lost}, Unknown, no power`));
  await page.getByText("Has no power; its heartbeats stay away.").waitFor();
  await readyOnPowered(page, 3);
  assert.equal((await entries(page, named("running and ready"))).length, 0);
  await page.getByRole("button", { name: "Start node" }).click();
  await listed(page, new RegExp(`^${lost}, Ready, CPU`));
  await speed(page, "1");

  // A packet from outside the mended app to its Service, and its answer.
  await openPanel(page, "Packet");
  const from = page.getByRole("combobox", { name: "From" });
  const source = from.locator("option", { hasText: /^default\/shop-/ }).first();
  await from.selectOption(await source.getAttribute("value"));
  await page.getByRole("combobox", { name: "To", exact: true }).selectOption({ label: "default/shop (ClusterIP)" });
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const way = page.getByRole("region", { name: "The packet's way" });
  await way.locator(".steps-title", { hasText: /shop/ }).waitFor();
  await way.getByRole("status").filter({ hasText: /^✓.*200/ }).waitFor();
  await way.getByRole("button", { name: "Step through: first hop" }).click();
  await way.locator(".hop-open").waitFor();
});

test("with reduced motion nothing travels, and the same is told", { reducedMotion: true }, async ({ page }) => {
  await press(page, "Deploy an app");
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
  const running = () => page.evaluate(() => document.getAnimations().filter((one) => one.playState === "running").length);
  assert.equal(await running(), 0);

  // Step by step the packet stands where it is told to be, at once: two pictures of the same hop are
  // the same, however soon the first is taken.
  await openPanel(page, "Packet");
  await press(page, "Pause");
  // What was told when time stopped stands for a while.
  await page.waitForTimeout(3_500);
  const way = page.getByRole("region", { name: "The packet's way" });
  await way.getByRole("button", { name: "Step through: first hop" }).click();
  const picture = () => page.locator(".stage-moves").evaluate((canvas) => canvas.toDataURL());
  const next = way.getByRole("button", { name: "Next hop" });
  for (let hop = 2; hop <= 5; hop += 1) {
    await next.click();
    await way.locator(".steps-number", { hasText: `hop ${hop} of` }).waitFor();
    // The frame after the click draws it.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const at_once = await picture();
    await page.waitForTimeout(600);
    assert.ok((await picture()) === at_once, `hop ${hop} moved`);
    assert.equal(await running(), 0);
  }
});

const PUBLISHED = "the guestbook as it was published, pasted, ends Running with every Service served";
const here = path.dirname(fileURLToPath(import.meta.url));
const corpus = path.join(here, "..", "..", "..", "shared", "corpus");
const guestbook = ["apps/guestbook", "kubernetes-docs/application/guestbook"]
  .map((folder) => path.join(corpus, folder))
  .find((folder) => existsSync(folder));

if (guestbook === undefined) {
  skip(PUBLISHED, "there is no ../shared/corpus here");
} else {
  test(PUBLISHED, {}, async ({ page }) => {
    const files = readdirSync(guestbook).filter((name) => name.endsWith(".yaml"));
    const texts = files.map((name) => readFileSync(path.join(guestbook, name), "utf8"));
    await paste(page, texts.join("\n---\n"));
    await speed(page, "10");
    const deployments = texts.filter((text) => /^kind: Deployment$/m.test(text));
    assert.ok(deployments.length > 0);
    let wanted = 0;
    for (const text of deployments) {
      const name = /^ {2}name: (\S+)$/m.exec(text)[1];
      const replicas = Number(/^ {2}replicas: (\d+)$/m.exec(text)?.[1] ?? 1);
      wanted += replicas;
      await listed(page, new RegExp(`^Deployment default/${name}, ${replicas} of ${replicas} ready`));
      const served = texts.some((text) => /^kind: Service$/m.test(text) && text.includes(`  name: ${name}\n`));
      if (served) await listed(page, new RegExp(`^Service default/${name},.*, ${replicas} endpoints? ready`));
    }
    const pods = await entries(page, /^Pod default\//);
    assert.equal(pods.length, wanted);
    assert.ok(pods.every((pod) => pod.includes("running and ready")), pods.join("\n"));
  });
}
