// Starts a page whose functions have flags, on the desktop and on the phone, and reads the flags.

import { launch, open, started } from "../../tests/e2e/lib/browser.mjs";
import { serve } from "../../tests/e2e/lib/server.mjs";

const VISITS = [
  { size: "desktop", theme: "dark" },
  { size: "desktop", theme: "light", reducedMotion: true },
  { size: "phone", theme: "light" },
  { size: "phone", theme: "dark", reducedMotion: true },
];
/** Time to link the second part in, once it has been fetched. */
const LINKING_MS = 500;

/** Numbers of the functions that ran in page or worker. */
export async function functionsThatRan(folder) {
  const browser = await launch();
  const server = await serve(folder);
  const ran = new Set();
  try {
    for (const options of VISITS) {
      for (const index of await visit(browser, server.url, options)) ran.add(index);
    }
  } finally {
    await server.close();
    await browser.close();
  }
  if (ran.size === 0) throw new Error("the page ran, but no function of it did");
  return ran;
}

async function visit(browser, url, options) {
  const prepare = (page) =>
    page.addInitScript(() => {
      addEventListener("TrunkApplicationStarted", ({ detail }) => {
        globalThis.program = detail.wasm;
        // What loading itself needs, where something misses the second part at once.
        detail.wasm.load_later();
      });
    });
  const visitor = await open(browser, url, { ...options, prepare });
  await started(visitor);
  // What runs after the second part is there need not be in the first. (The first fetch is ours.)
  await visitor.page.waitForFunction(() => globalThis.performance.getEntriesByType("resource")
    .filter(({ name, initiatorType }) => name.endsWith("_later.wasm") && initiatorType === "fetch").length > 0);
  await visitor.page.waitForTimeout(LINKING_MS);
  const rooms = [visitor.page, ...visitor.page.workers()];
  const flags = await Promise.all(rooms.map((room) => room.evaluate(readFlags)));
  if (visitor.errors.length > 0) throw new Error(`the page did not start well:\n${visitor.errors.join("\n")}`);
  await visitor.close();
  return flags.flat();
}

/** Runs in the page and in its worker. */
function readFlags() {
  return Object.entries(globalThis.program)
    .filter(([name, flag]) => /^ran\d+$/.test(name) && flag.value === 1)
    .map(([name]) => Number(name.slice("ran".length)));
}
