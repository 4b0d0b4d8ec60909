// Takes the pictures of the page that people look at, into tests/e2e/screenshots.
//
// usage: node tests/e2e/shots.mjs [ADDRESS]   default: the built page in dist/

import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, open, started } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

/** How long the cluster lives before its picture is taken. */
const SETTLE_MS = 4_000;

const VIEWS = [
  { name: "desktop-dark", size: "desktop", theme: "dark" },
  { name: "desktop-light", size: "desktop", theme: "light" },
  { name: "phone-dark", size: "phone", theme: "dark" },
  { name: "phone-light", size: "phone", theme: "light" },
  { name: "desktop-reduced-motion", size: "desktop", theme: "dark", reducedMotion: true },
];

const here = path.dirname(fileURLToPath(import.meta.url));
const address = process.argv[2];
const server = address ? null : await serve(path.join(here, "..", "..", "dist"));
const browser = await launch();
try {
  for (const { name, ...options } of VIEWS) {
    const opened = await open(browser, address ?? server.url, options);
    await started(opened);
    await opened.page.waitForTimeout(SETTLE_MS);
    console.log(await opened.screenshot(name));
    for (const error of opened.errors) console.log(`  ${error}`);
    await opened.close();
  }
} finally {
  await browser.close();
  await server?.close();
}
