// Bundles the JavaScript and CSS of the page into build/assets; trunk runs it before each build.
//
// build/assets/boot.js       inlined first script
// build/assets/page.css      inlined styles
// build/assets/fonts/        woff2 files
// build/assets/editor/       the lazily loaded editor, with a hash in its name

import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const assets = path.join(root, "build", "assets");
const minify = process.env.TABERNETES_MINIFY === "1";

const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "jetbrains-mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  minify,
  legalComments: "none",
  logLevel: "warning",
  target: ["chrome109", "firefox115", "safari16"],
};

async function bundleEditor() {
  const result = await build({
    ...shared,
    entryPoints: { editor: "web/editor.js" },
    entryNames: "[name]-[hash]",
    format: "esm",
    outdir: path.join(assets, "editor"),
    metafile: true,
    write: false,
  });
  return result.outputFiles.map((file) => ({ path: file.path, contents: file.contents }));
}

async function bundleBoot(editorFile) {
  const result = await build({
    ...shared,
    entryPoints: ["web/boot.js"],
    format: "iife",
    define: { EDITOR_FILE: JSON.stringify(editorFile) },
    outfile: path.join(assets, "boot.js"),
    write: false,
  });
  return result.outputFiles.map((file) => ({ path: file.path, contents: file.contents }));
}

async function bundleStyles() {
  const result = await build({
    ...shared,
    entryPoints: ["web/page.css"],
    external: ["fonts/*"],
    outfile: path.join(assets, "page.css"),
    write: false,
  });
  return result.outputFiles.map((file) => ({ path: file.path, contents: file.contents }));
}

// An unchanged file keeps its time stamp: nobody who watches it builds again for nothing.
async function writeIfChanged(file, contents) {
  const old = await readFile(file).catch(() => null);
  if (old !== null && Buffer.compare(old, contents) === 0) return;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents);
}

async function copyFonts() {
  await mkdir(path.join(assets, "fonts"), { recursive: true });
  for (const [name, source] of Object.entries(FONTS)) {
    await cp(path.join(root, "node_modules", source), path.join(assets, "fonts", name), { preserveTimestamps: true });
  }
}

async function removeOthers(folder, keep) {
  const names = await readdir(folder).catch(() => []);
  const old = names.filter((name) => !keep.includes(name));
  await Promise.all(old.map((name) => rm(path.join(folder, name))));
}

const editor = await bundleEditor();
const editorName = path.basename(editor[0].path);
const boot = await bundleBoot(`./editor/${editorName}`);
const styles = await bundleStyles();
for (const { path: file, contents } of [...editor, ...boot, ...styles]) {
  await writeIfChanged(file, contents);
}
await removeOthers(path.join(assets, "editor"), [editorName]);
await copyFonts();
