// Minifies the JavaScript glue that wasm-bindgen wrote; trunk runs it after each build.
// (Trunk's own minifier does not parse it.)

import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { transform } from "esbuild";

if (process.env.TABERNETES_MINIFY === "1") {
  const folder = process.env.TRUNK_STAGING_DIR;
  const names = await readdir(folder);
  for (const name of names.filter((name) => name.endsWith(".js"))) {
    const file = path.join(folder, name);
    const { code } = await transform(await readFile(file, "utf8"), { format: "esm", minify: true, target: "es2022" });
    await writeFile(file, code);
  }
}
