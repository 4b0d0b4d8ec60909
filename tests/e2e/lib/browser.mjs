// Chromium, and pages in it that remember everything that went wrong in them.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
};

/** How long a test waits for one thing before it says what it missed. */
const WAIT_MS_MAX = 60_000;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const here = path.dirname(fileURLToPath(import.meta.url));
const screenshots = path.join(path.dirname(here), "screenshots");
const axeSource = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

function executable() {
  const candidates = [
    process.env.TABERNETES_CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = candidates.find((file) => file && existsSync(file));
  if (!found) throw new Error("no Chromium: set TABERNETES_CHROMIUM, or run `cargo xtask setup --browser`");
  return found;
}

/** Starts Chromium; playwright gives it a fresh profile. */
export function launch() {
  return chromium.launch({ executablePath: executable(), headless: true, args: FLAGS });
}

/**
 * Opens the page.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} url the address of the built page
 * @param {object} [options]
 * @param {"desktop" | "phone"} [options.size]
 * @param {"dark" | "light"} [options.theme]
 * @param {boolean} [options.reducedMotion]
 * @param {string} [options.query] such as `?scenario=first`
 * @param {(page: import("playwright-core").Page) => Promise<unknown>} [options.prepare] before the page is loaded
 */
export async function open(browser, url, options = {}) {
  const { size = "desktop", theme = "dark", reducedMotion = false, query = "", prepare } = options;
  const context = await browser.newContext({
    viewport: SIZES[size],
    hasTouch: size === "phone",
    isMobile: size === "phone",
    colorScheme: theme,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
  });
  context.setDefaultTimeout(WAIT_MS_MAX);
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack ?? error}`));
  page.on("requestfailed", (request) => errors.push(`request failed: ${request.url()}`));
  page.on("response", (response) => {
    if (response.status() >= 400) errors.push(`${response.status()}: ${response.url()}`);
  });
  await prepare?.(page);
  await page.goto(url + query);
  return {
    page,
    errors,
    close: () => context.close(),
    screenshot: (name) => screenshot(page, name),
    axe: (selector) => axe(page, selector),
  };
}

/** Waits until the interface has taken the place of the first paint. */
export async function started({ page }) {
  await page.locator(".shell[aria-busy]").waitFor({ state: "detached" });
}

async function screenshot(page, name) {
  await mkdir(screenshots, { recursive: true });
  const file = path.join(screenshots, `${name}.png`);
  await page.screenshot({ path: file });
  return file;
}

/** What axe finds wrong, as words; none when all is well. */
async function axe(page, selector = "html") {
  const present = await page.evaluate(() => "axe" in globalThis);
  if (!present) await page.evaluate(await readFile(axeSource, "utf8"));
  return page.evaluate(async (root) => {
    const { violations } = await globalThis.axe.run(root);
    return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target).join(", ")})`);
  }, selector);
}
