// A static file server for a built page. It serves under a sub path on purpose: dist/ has to work
// wherever it is hosted.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".yaml": "text/yaml; charset=utf-8",
};

const BASE = "/some/where/";

async function answer(folder, request, response) {
  const { pathname } = new URL(request.url, "http://host");
  if (!pathname.startsWith(BASE)) {
    response.writeHead(404).end();
    return;
  }
  const relative = decodeURIComponent(pathname.slice(BASE.length)) || "index.html";
  const file = path.join(folder, path.normalize(`/${relative}`));
  try {
    const contents = await readFile(file);
    const type = TYPES[path.extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "cache-control": "no-cache" }).end(contents);
  } catch {
    response.writeHead(404).end();
  }
}

/** Serves `folder` on a free port; gives its address and how to stop it. */
export async function serve(folder) {
  const server = createServer((request, response) => void answer(folder, request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}${BASE}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
