// The browser's half of `cargo xtask bench`: one line a case, `bench CASE {figures}`.
//
// usage: node tests/e2e/bench.mjs [CASE...]

import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, open } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

/** A case that takes longer has lost its way. */
const CASE_MS_MAX = 600_000;

const here = path.dirname(fileURLToPath(import.meta.url));

async function ask(browser, url, name) {
  const opened = await open(browser, url, { query: `?bench=${encodeURIComponent(name)}` });
  try {
    const done = opened.page.locator("body[data-bench=done]");
    await done.waitFor({ timeout: CASE_MS_MAX });
    if (opened.errors.length > 0) throw new Error(opened.errors.join("\n"));
    return await done.textContent();
  } finally {
    await opened.close();
  }
}

const server = await serve(path.join(here, "..", "..", "dist"));
const browser = await launch();
try {
  const listed = (await ask(browser, server.url, "")).split("\n").filter((name) => name !== "");
  const wanted = process.argv.slice(2);
  const chosen = wanted.length === 0 ? listed : listed.filter((name) => wanted.includes(name));
  // A fresh page for each: no case inherits another's memory.
  for (const name of chosen) console.log(`bench ${name} ${await ask(browser, server.url, name)}`);
} finally {
  await browser.close();
  await server.close();
}
