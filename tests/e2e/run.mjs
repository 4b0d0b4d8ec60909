// Runs the end-to-end tests over the built page in dist/.
//
// usage: node tests/e2e/run.mjs [WORDS]   only tests whose name holds WORDS
//
// A failed test leaves a screenshot in tests/e2e/screenshots. The last line is counted by xtask.

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch, open, started } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";
import { assertNoErrors, declared, skipped } from "./lib/tests.mjs";

/** A test that takes longer hangs. */
const TEST_MS_MAX = 180_000;
/** Tests mostly wait for a cluster whose time passes as on a clock: two at once keep two cores busy. */
const AT_ONCE = 2;

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = process.env.TABERNETES_DIST ?? path.join(here, "..", "..", "dist");

async function load() {
  const names = await readdir(here);
  for (const name of names.filter((name) => name.endsWith(".test.mjs")).sort()) {
    const before = declared.length;
    await import(pathToFileURL(path.join(here, name)).href);
    for (const one of declared.slice(before)) one.file = name.replace(".test.mjs", "");
  }
}

function withinBound(promise) {
  let timer;
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: no end after ${TEST_MS_MAX / 1000} s`)), TEST_MS_MAX);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(timer));
}

async function runOne(browser, url, { file, name, options, body }) {
  const opened = await open(browser, url, options);
  try {
    await withinBound(
      (async () => {
        if (options.waitForStart !== false) await started(opened);
        await body(opened);
      })(),
    );
    assertNoErrors(opened.errors, options.expectedErrors);
    return null;
  } catch (error) {
    const picture = `failed-${file}-${name}`.replaceAll(/[^a-zA-Z0-9]+/g, "-");
    const where = await opened.screenshot(picture).catch(() => "(no screenshot)");
    const pageErrors = opened.errors.map((line) => `\n    ${line}`).join("");
    return `${error.stack ?? error}\n  screenshot: ${where}\n  errors of the page:${pageErrors || " none"}`;
  } finally {
    await opened.close().catch(() => {});
  }
}

async function main() {
  if (!existsSync(path.join(dist, "index.html"))) {
    console.error("there is no built page: run `cargo xtask build` first");
    return 1;
  }
  await load();
  const words = process.argv.slice(2).join(" ");
  const chosen = declared.filter(({ file, name }) => `${file}: ${name}`.includes(words));
  console.log(`running ${chosen.length} tests in Chromium`);
  for (const { name, why } of skipped) console.log(`test ${name} ... ignored, ${why}`);

  const server = await serve(dist);
  const browser = await launch();
  const failures = [];
  try {
    const waiting = [...chosen];
    const work = async () => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const began = performance.now();
        const failure = await runOne(browser, server.url, one);
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        console.log(`test ${one.file}: ${one.name} ... ${failure === null ? "ok" : "FAILED"} (${seconds} s)`);
        if (failure !== null) {
          failures.push(failure);
          console.log(failure);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await browser.close();
    await server.close();
  }
  const verdict = failures.length === 0 ? "ok" : "FAILED";
  const passed = chosen.length - failures.length;
  console.log(`\ntest result: ${verdict}. ${passed} passed; ${failures.length} failed; ${skipped.length} ignored`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
