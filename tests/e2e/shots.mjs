// Takes the pictures of the page that people look at, into tests/e2e/screenshots.
//
// usage: node tests/e2e/shots.mjs [WORD...]   only pictures whose name holds one of the words

import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, open, started } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";
import { listed, openPanel, press, select } from "./lib/steps.mjs";

/** How long the picture comes to rest before it is taken. */
const SETTLE_MS = 1_200;

const VIEWS = [
  { view: "desktop-dark", size: "desktop", theme: "dark" },
  { view: "desktop-light", size: "desktop", theme: "light" },
  { view: "phone-dark", size: "phone", theme: "dark" },
  { view: "phone-light", size: "phone", theme: "light" },
  { view: "reduced-motion", size: "desktop", theme: "dark", reducedMotion: true },
];

async function deploy(page) {
  await press(page, "Deploy an app");
  await listed(page, /^Deployment default\/web, 3 of 3 ready/);
}

/** What is to be seen: name, query, and what is done before. */
const SCENES = [
  ["start", "", async (page) => page.waitForTimeout(3_000)],
  ["deployed", "", deploy],
  [
    "editor-error",
    "",
    async (page) => {
      await openPanel(page, "Manifest");
      const editor = page.getByRole("region", { name: "Manifest editor" });
      await editor.locator(".cm-content").waitFor();
      await editor.getByLabel("Examples").selectOption({ label: "Broken on purpose" });
      await editor.getByText("4 errors").waitFor();
    },
  ],
  [
    "why",
    "",
    async (page) => {
      await deploy(page);
      await select(page, /^Pod default\/web-/);
      await openPanel(page, "Inspector");
      await page.getByRole("tab", { name: "Why?" }).click();
    },
  ],
  [
    "journey",
    "",
    async (page) => {
      await deploy(page);
      await openPanel(page, "Packet");
      await page.getByRole("combobox", { name: "From" }).selectOption({ index: 2 });
      await page.getByRole("combobox", { name: "To", exact: true }).selectOption({ label: "default/web (ClusterIP)" });
      await page.getByRole("button", { name: "Send", exact: true }).click();
      const way = page.getByRole("region", { name: "The packet's way" });
      await way.getByText(/default.web/).first().waitFor();
      await way.getByRole("button", { name: "Step through: first hop" }).click();
      await way.locator(".hop-row").first().focus();
      // To where the virtual address becomes a pod's.
      for (let hop = 0; hop < 60; hop += 1) {
        if ((await page.locator(".hop-open .fate-changed ins").count()) > 0 && (await page.locator(".hop-open", { hasText: "DNAT" }).count()) > 0) break;
        await page.keyboard.press("ArrowDown");
      }
    },
  ],
  [
    "charts",
    "",
    async (page) => {
      await deploy(page);
      await press(page, "Crash a container");
      await openPanel(page, "Charts");
      await page.waitForTimeout(6_000);
    },
  ],
  [
    "node-death",
    "",
    async (page) => {
      await deploy(page);
      await select(page, /^Node node-1/);
      await openPanel(page, "Inspector");
      await page.getByRole("button", { name: "Stop node" }).click();
      await page.getByLabel("Speed").selectOption("100");
      await listed(page, /^Node .*, Unknown, no power/);
      await page.waitForTimeout(1_500);
      await openPanel(page, "Events");
    },
  ],
  [
    "scenario",
    "?scenario=first-deployment",
    async (page) => {
      const panel = page.getByRole("region", { name: "Scenario: Your first Deployment" });
      await panel.getByRole("button", { name: /^Ask for three pods$/ }).click();
      await panel.getByRole("button", { name: /^Ask for five$/ }).waitFor();
    },
  ],
  ["help", "", async (page) => page.getByRole("button", { name: "What do I see?" }).click()],
  [
    "hundred-nodes",
    "?roll-out=1000",
    async (page) => {
      await openPanel(page, "Manifest");
      const editor = page.getByRole("region", { name: "Manifest editor" });
      await editor.getByRole("button", { name: "Reset cluster" }).click();
      const question = editor.getByRole("group", { name: "A new cluster" });
      await question.getByLabel("Worker nodes").fill("100");
      await question.getByRole("button", { name: "Confirm" }).click();
      await listed(page, /^Node node-100, Ready/);
      await editor.locator(".cm-content").waitFor();
      await editor.locator(".cm-content").fill(DEPLOYMENT);
      await editor.getByRole("button", { name: "Apply" }).click();
      await listed(page, /^Deployment default\/web, 1000 of 1000 ready/);
      await page.waitForTimeout(2_000);
    },
  ],
];

const DEPLOYMENT = JSON.stringify({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 1000,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "nginx", image: "nginx:1.29" }] } },
  },
});

const here = path.dirname(fileURLToPath(import.meta.url));
const words = process.argv.slice(2);
const server = await serve(process.env.TABERNETES_DIST ?? path.join(here, "..", "..", "dist"));
const browser = await launch();
try {
  for (const [scene, query, prepare] of SCENES) {
    for (const { view, ...options } of VIEWS) {
      const name = `${scene}-${view}`;
      if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
      const opened = await open(browser, server.url, { ...options, query });
      try {
        await started(opened);
        await prepare(opened.page);
        await opened.page.waitForTimeout(SETTLE_MS);
      } catch (error) {
        console.log(`  ${name}: ${error.message.split("\n")[0]}`);
      }
      console.log(await opened.screenshot(name));
      for (const error of opened.errors) console.log(`  ${error}`);
      await opened.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
