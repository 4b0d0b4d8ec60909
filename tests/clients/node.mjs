// The JavaScript client of Kubernetes, unmodified, against `tabernetes serve` on loopback.
//
// usage: node tests/clients/node.mjs [PATH OF THE TABERNETES BINARY]
//
// The last line is counted by xtask.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import * as k8s from "@kubernetes/client-node";

/** A test that takes longer hangs. */
const TEST_MS_MAX = 60_000;

const binary = process.argv[2] ?? path.join("target", "debug", "tabernetes");

/** Starts a server and waits for the line that says that it is ready. */
async function start() {
  const folder = await mkdtemp(path.join(os.tmpdir(), "tabernetes-"));
  const file = path.join(folder, "kubeconfig");
  const child = spawn(binary, ["serve", "--speed", "10", "--kubeconfig", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve([line]));
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    child.once("error", reject);
  });
  const config = new k8s.KubeConfig();
  config.loadFromFile(file);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await ended;
    await rm(folder, { recursive: true });
    return code;
  };
  return { config, line, stop };
}

/** A list of what was told, and a way to wait for its next entry. */
function told() {
  const entries = [];
  const waiting = [];
  return {
    tell(entry) {
      const next = waiting.shift();
      if (next) next(entry);
      else entries.push(entry);
    },
    next() {
      if (entries.length > 0) return Promise.resolve(entries.shift());
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

const configMap = (name, data) => ({ metadata: { name, labels: { of: "informer" } }, data });

const tests = {
  async "an informer hears of every change"(config) {
    const core = config.makeApiClient(k8s.CoreV1Api);
    const namespace = "default";
    const labelSelector = "of=informer";
    await core.createNamespacedConfigMap({ namespace, body: configMap("before", { a: "1" }) });
    const events = told();
    const informer = k8s.makeInformer(
      config,
      "/api/v1/namespaces/default/configmaps",
      () => core.listNamespacedConfigMap({ namespace, labelSelector }),
      labelSelector,
    );
    for (const event of ["add", "update", "delete"]) {
      informer.on(event, (object) => events.tell([event, object.metadata.name, object.data?.a]));
    }
    informer.on("error", (error) => events.tell(["error", String(error)]));
    await informer.start();
    assert.deepEqual(await events.next(), ["add", "before", "1"]);
    await core.createNamespacedConfigMap({ namespace, body: configMap("after", { a: "2" }) });
    assert.deepEqual(await events.next(), ["add", "after", "2"]);
    const found = await core.readNamespacedConfigMap({ namespace, name: "after" });
    found.data.a = "3";
    await core.replaceNamespacedConfigMap({ namespace, name: "after", body: found });
    assert.deepEqual(await events.next(), ["update", "after", "3"]);
    await core.deleteNamespacedConfigMap({ namespace, name: "before" });
    assert.deepEqual((await events.next()).slice(0, 2), ["delete", "before"]);
    assert.equal(informer.list().length, 1);
    await informer.stop();
  },

  async "errors are those of the API"(config) {
    const core = config.makeApiClient(k8s.CoreV1Api);
    const missing = core.readNamespacedPod({ namespace: "default", name: "none" });
    await assert.rejects(missing, (error) => error.code === 404 && String(error.body).includes("not found"));
  },

  async "a pod runs, tells its log and runs commands"(config) {
    const core = config.makeApiClient(k8s.CoreV1Api);
    const namespace = "default";
    const events = told();
    const watch = new k8s.Watch(config);
    const request = await watch.watch(
      "/api/v1/namespaces/default/pods",
      { fieldSelector: "metadata.name=box" },
      (type, pod) => events.tell(pod.status?.phase),
      () => {},
    );
    const container = { name: "c", image: "busybox:1.36", command: ["sh", "-c", "echo hello; sleep 3600"] };
    await core.createNamespacedPod({ namespace, body: { metadata: { name: "box" }, spec: { containers: [container] } } });
    while ((await events.next()) !== "Running");
    request.abort();
    assert.equal(await core.readNamespacedPodLog({ namespace, name: "box" }), "hello\n");
    const out = new PassThrough();
    let text = "";
    out.on("data", (piece) => (text += piece));
    const exec = new k8s.Exec(config);
    const status = await new Promise((resolve, reject) => {
      const command = ["sh", "-c", "echo from exec; exit 3"];
      exec.exec(namespace, "box", "c", command, out, null, null, false, resolve).catch(reject);
    });
    assert.equal(text, "from exec\n");
    assert.equal(status.details.causes[0].message, "3");
  },
};

function withinBound(promise) {
  let timer;
  const bound = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it hangs: no end after ${TEST_MS_MAX / 1000} s`)), TEST_MS_MAX);
  });
  return Promise.race([promise, bound]).finally(() => clearTimeout(timer));
}

let failed = 0;
const server = await start();
for (const [name, body] of Object.entries(tests)) {
  const failure = await withinBound(body(server.config)).then(
    () => null,
    (error) => error,
  );
  console.log(`test ${name} ... ${failure === null ? "ok" : "FAILED"}`);
  if (failure !== null) {
    failed += 1;
    console.log(failure.stack ?? failure);
  }
}
const code = await server.stop();
if (code !== 0) {
  failed += 1;
  console.log(`the server ended with ${code}`);
}
const passed = Object.keys(tests).length - Math.min(failed, Object.keys(tests).length);
console.log(`\ntest result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed; 0 ignored`);
process.exit(failed === 0 ? 0 : 1);
