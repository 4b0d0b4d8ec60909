// The first seconds: something to see at once, then a living page; and the last one, a stop with words.

import { assert, test, testInBothSizes } from "./lib/tests.mjs";

// Lets a test see the engine's worker: it becomes the page's global `engine`.
const watchEngine = (page) =>
  page.addInitScript(() => {
    const Real = globalThis.Worker;
    globalThis.Worker = class extends Real {
      constructor(...rest) {
        super(...rest);
        globalThis.engine = this;
        globalThis.updates = 0;
        this.addEventListener("message", ({ data }) => (globalThis.updates += data instanceof ArrayBuffer ? 1 : 0));
      }
    };
  });

testInBothSizes("the page opens and the engine tells it about the cluster", { prepare: watchEngine }, async ({ page, axe }) => {
  await page.waitForFunction(() => globalThis.updates > 0);
  assert.deepEqual(await axe(), []);
});

for (const theme of ["dark", "light"]) {
  test(`the theme follows the system: ${theme}`, { theme }, async ({ page }) => {
    assert.equal(await page.locator("html").getAttribute("data-theme"), theme);
  });
}

test("without its engine the page says so, over a first paint that stands", {
  waitForStart: false,
  prepare: (page) => page.route("**/*.wasm", (route) => route.fulfill({ status: 404 })),
  expectedErrors: [/404/, /wasm/i],
}, async ({ page, axe }) => {
  await page.getByText("API server").first().waitFor();
  await page.getByRole("alertdialog", { name: "The cluster has stopped" }).waitFor();
  assert.notEqual(await page.locator("#fatal-message").textContent(), "");
  assert.deepEqual(await axe(), []);
});

test("a panic of the engine becomes words on the page", {
  prepare: watchEngine,
}, async ({ page }) => {
  const message = "The engine stopped: panicked at src/sim/mod.rs:1:1";
  await page.evaluate((message) => {
    globalThis.engine.dispatchEvent(new MessageEvent("message", { data: { type: "panic", message } }));
  }, message);
  await page.getByRole("alertdialog").getByText(message).waitFor();
});

test(
  "what stops is said, with a way to start again",
  {},
  async ({ page, axe }) => {
    await page.evaluate(() => globalThis.tabernetes.fatal("a reason"));
    const stopped = page.getByRole("alertdialog", { name: "The cluster has stopped" });
    await stopped.getByText("a reason").waitFor();
    assert.deepEqual(await axe("#fatal"), []);
    await Promise.all([
      page.waitForEvent("load"),
      stopped.getByRole("button", { name: "Restart the cluster" }).click(),
    ]);
    await stopped.waitFor({ state: "hidden" });
  },
);

test("the editor is loaded when asked for, shows errors at their place and reports edits", {}, async ({ page }) => {
  await page.evaluate(async () => {
    const { create } = await globalThis.tabernetes.editor();
    const parent = document.createElement("div");
    parent.id = "probe";
    document.body.append(parent);
    globalThis.edits = [];
    globalThis.saves = 0;
    globalThis.probe = create(parent, {
      doc: "kind: Pod\nmetadata:\n  name: Bad_Name\n",
      dark: true,
      onChange: (text) => globalThis.edits.push(text),
      onSave: () => (globalThis.saves += 1),
    });
    const severity = "error";
    globalThis.probe.setDiagnostics([{ fromLine: 3, fromCol: 9, toLine: 3, toCol: 17, severity, message: "not DNS-1123" }]);
    globalThis.probe.revealLine(1);
    globalThis.probe.focus();
  });
  assert.equal(await page.locator("#probe .cm-lintRange-error").textContent(), "Bad_Name");
  await page.keyboard.type("# new ");
  assert.equal(await page.evaluate(() => globalThis.edits.at(-1).split("\n")[0]), "# new kind: Pod");
  await page.keyboard.press("Control+Enter");
  assert.equal(await page.evaluate(() => globalThis.saves), 1);
  // What the program sets is not reported as the user's edit, and nonsense positions do no harm.
  const edits = await page.evaluate(() => {
    const before = globalThis.edits.length;
    globalThis.probe.setDoc("kind: Service\n");
    globalThis.probe.setDiagnostics([{ fromLine: 99, fromCol: 99, toLine: 0, toCol: 0, severity: "odd", message: "x" }]);
    globalThis.probe.setDark(false);
    const same = globalThis.edits.length === before;
    const text = globalThis.probe.getDoc();
    globalThis.probe.destroy();
    return { same, text };
  });
  assert.deepEqual(edits, { same: true, text: "kind: Service\n" });
});
