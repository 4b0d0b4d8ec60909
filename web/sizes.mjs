// Prints raw, gzip and brotli sizes of each file of a built page, and of its first load.
//
// usage: node web/sizes.mjs FOLDER

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** Brotli size of the first load, without the lazy editor, that the project allows itself. */
const FIRST_LOAD_BROTLI_MAX = 900 * 1024;
/** Already compressed: a server sends them as they are. */
const COMPRESSED = new Set([".woff2", ".png", ".jpg", ".webp"]);
/** Not fetched until something asks for them. */
const LAZY_FOLDERS = ["editor/"];
const LAZY_SUFFIX = "_later.wasm";

async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name))).sort();
}

function brotli(contents) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
  };
  return brotliCompressSync(contents, { params }).length;
}

function measure(name, contents) {
  const raw = contents.length;
  if (COMPRESSED.has(path.extname(name))) return { name, raw, gzip: raw, brotli: raw };
  return { name, raw, gzip: gzipSync(contents, { level: 9 }).length, brotli: brotli(contents) };
}

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

function row({ name, raw, gzip, brotli }) {
  const columns = [raw, gzip, brotli].map((bytes) => kilobytes(bytes).padStart(12));
  return `    ${name.padEnd(44)}${columns.join("")}`;
}

function sum(name, rows) {
  const total = (key) => rows.reduce((bytes, one) => bytes + one[key], 0);
  return { name, raw: total("raw"), gzip: total("gzip"), brotli: total("brotli") };
}

const folder = process.argv[2] ?? "dist";
const names = await filesOf(folder);
const rows = await Promise.all(names.map(async (name) => measure(name, await readFile(path.join(folder, name)))));
const isLazy = ({ name }) =>
  name.endsWith(LAZY_SUFFIX) || LAZY_FOLDERS.some((lazy) => name.split(path.sep).join("/").startsWith(lazy));
const firstLoad = sum("first load", rows.filter((one) => !isLazy(one)));

const heads = ["raw", "gzip", "brotli"].map((head) => head.padStart(12)).join("");
console.log(`    ${"file".padEnd(44)}${heads}`);
for (const one of rows) console.log(row(one));
console.log(row(sum("everything", rows)));
console.log(row(firstLoad));
if (firstLoad.brotli > FIRST_LOAD_BROTLI_MAX) {
  console.log(`    note: the first load is over the ${kilobytes(FIRST_LOAD_BROTLI_MAX)} that the project allows itself`);
}
