// Splits the program of a built page: what its start runs stays in the first load, the rest follows
// once the page is idle, or when it is first called.
//
// usage: node web/split/main.mjs FOLDER
//
// The page is started in Chromium with a flag in every function to see which of them run. Without
// Chromium the program is left whole, and the page works all the same.

import { cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { emptyModule, split, withFlags } from "./parts.mjs";
import { functionsThatRan } from "./profile.mjs";

const SUFFIX = "_bg.wasm";
const LATER_SUFFIX = "_later.wasm";

async function main(folder) {
  const file = (await readdir(folder)).find((name) => name.endsWith(SUFFIX));
  if (!file) throw new Error(`no *${SUFFIX} in ${folder}`);
  const later = file.replace(SUFFIX, LATER_SUFFIX);
  const bytes = new Uint8Array(await readFile(path.join(folder, file)));
  const ran = await profile(folder, file, later, bytes);
  if (!ran) return;
  const { first, second } = split(bytes, (index) => ran.has(index));
  await WebAssembly.compile(first);
  await WebAssembly.compile(second);
  await writeFile(path.join(folder, file), first);
  await writeFile(path.join(folder, later), second);
  const kilobytes = (part) => `${Math.round(part.length / 1024)} KB`;
  console.log(`    ${ran.size} functions run at the start: ${kilobytes(first)} first, ${kilobytes(second)} later`);
}

/** The functions that run at the start; none where no browser can tell. */
async function profile(folder, file, later, bytes) {
  const copy = await mkdtemp(path.join(os.tmpdir(), "tabernetes-profile-"));
  try {
    await cp(folder, copy, { recursive: true });
    await writeFile(path.join(copy, file), withFlags(bytes));
    await writeFile(path.join(copy, later), emptyModule(bytes.length));
    return await functionsThatRan(copy);
  } catch (error) {
    if (!String(error.message).startsWith("no Chromium")) throw error;
    console.log(`    the program stays in one file: ${error.message}`);
    return undefined;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

await main(process.argv[2] ?? "dist");
