// The browser's half of `cargo xtask bench`: one line a case, `bench CASE {figures}`.
//
// usage: node tests/e2e/bench.mjs [CASE...]

import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, open, started } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";

/** A case that takes longer has lost its way. */
const CASE_MS_MAX = 600_000;

const here = path.dirname(fileURLToPath(import.meta.url));

async function ask(browser, url, name) {
  const opened = await open(browser, url, { query: `?bench=${encodeURIComponent(name)}` });
  try {
    const done = opened.page.locator("body[data-bench=done]");
    await done.waitFor({ state: "attached", timeout: CASE_MS_MAX });
    if (opened.errors.length > 0) throw new Error(opened.errors.join("\n"));
    return await done.textContent();
  } finally {
    await opened.close();
  }
}

/** How long the page is watched after it has started. */
const WATCHED_MS = 10_000;

function watchMainThread() {
  const seen = { first_paint_ms: 0, longest_task_ms: 0, tasks_over_50_ms: 0 };
  globalThis.seen = seen;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name === "first-contentful-paint") seen.first_paint_ms = Math.round(entry.startTime);
    }
  }).observe({ type: "paint", buffered: true });
  // The browser reports only tasks that took more than 50 ms.
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      seen.longest_task_ms = Math.max(seen.longest_task_ms, Math.round(entry.duration));
      seen.tasks_over_50_ms += 1;
    }
  }).observe({ type: "longtask", buffered: true });
}

/** Opens the page, gives the start's duration, and what the observers saw once `until` has come. */
async function measurePage(browser, url, query, until) {
  const opened = await open(browser, url, { query, prepare: (page) => page.addInitScript(watchMainThread) });
  try {
    await started(opened);
    const started_ms = await opened.page.evaluate(() => Math.round(performance.now()));
    await until(opened.page);
    const wall_ms = await opened.page.evaluate(() => Math.round(performance.now()));
    return { started_ms, wall_ms, ...(await opened.page.evaluate(() => globalThis.seen)) };
  } finally {
    await opened.close();
  }
}

/** The page's own cases: name, query, and when it is over. */
const PAGE_CASES = [
  ["page-start", "", (page) => page.waitForTimeout(WATCHED_MS)],
  [
    "page-roll-out-1000",
    "?roll-out=1000",
    (page) =>
      page
        .locator("#cluster-list button", { hasText: "Deployment default/web, 1000 of 1000 ready" })
        .waitFor({ state: "attached", timeout: CASE_MS_MAX }),
  ],
];

const server = await serve(process.env.TABERNETES_DIST ?? path.join(here, "..", "..", "dist"));
const browser = await launch();
try {
  const wanted = process.argv.slice(2);
  for (const [name, query, until] of PAGE_CASES) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`bench ${name} ${JSON.stringify(await measurePage(browser, server.url, query, until))}`);
  }
  const listed = (await ask(browser, server.url, "")).split("\n").filter((name) => name !== "");
  const chosen = wanted.length === 0 ? listed : listed.filter((name) => wanted.includes(name));
  // A fresh page for each: no case inherits another's memory.
  for (const name of chosen) console.log(`bench ${name} ${await ask(browser, server.url, name)}`);
} finally {
  await browser.close();
  await server.close();
}
