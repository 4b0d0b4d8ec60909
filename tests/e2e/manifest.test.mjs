// The manifest editor: what is wrong is said at its line, what is right is applied, nothing is lost.

import { assert, test, testInBothSizes } from "./lib/tests.mjs";

async function openEditor(page) {
  await page.getByRole("tab", { name: "Manifest" }).click();
  return page.getByRole("region", { name: "Manifest editor" });
}

const example = (editor, label) => editor.getByLabel("Examples").selectOption({ label });

/** The text, whichever field holds it. */
function text(page) {
  return page.evaluate(() => {
    const plain = document.querySelector(".manifest-plain");
    if (!plain.hidden) return plain.value;
    return [...document.querySelectorAll(".manifest .cm-line")].map((line) => line.textContent).join("\n");
  });
}

testInBothSizes("mistakes are listed with line, column and what to do; a click leads there", {}, async ({ page, axe }) => {
  const editor = await openEditor(page);
  await editor.locator(".cm-content").waitFor();
  await example(editor, "Broken on purpose");
  await editor.getByText("4 errors").waitFor();
  const port = editor.getByRole("button", { name: /error.*line \d+, col \d+.*65535/ });
  await port.click();
  assert.match(await page.locator(".manifest .cm-activeLine").textContent(), /80800/);
  assert.ok((await editor.locator(".cm-lintRange-error").count()) > 0);
  assert.deepEqual(await axe(".manifest"), []);

  // What was refused is told for each document, and the text stays.
  await page.keyboard.press("Control+Enter");
  await editor.getByText("1 refused").waitFor();
  assert.match(await text(page), /My_Web/);
});

testInBothSizes("an example is applied and what it makes is selected", {}, async ({ page }) => {
  const editor = await openEditor(page);
  await example(editor, "Three tiers: a guestbook");
  await editor.getByText("No problems found.").waitFor();
  await editor.getByRole("button", { name: "Apply" }).click();
  await page.getByText("6 created").first().waitFor();
  const list = page.getByRole("region", { name: "The cluster as a list" });
  const leader = list.getByRole("button").filter({ hasText: /^Deployment default\/redis-leader, 1 of 1 ready/ });
  await leader.waitFor({ state: "attached" });
});

test("a text outlives the panel and the page; one that was replaced can be brought back", {}, async ({ page }) => {
  const editor = await openEditor(page);
  await editor.locator(".cm-content").waitFor();
  await editor.locator(".cm-content").fill("kind: Pod # mine");
  await editor.getByText(/error/).first().waitFor();
  await page.getByRole("tab", { name: "Scenario" }).click();
  await openEditor(page);
  assert.match(await text(page), /# mine/);
  await page.reload();
  await openEditor(page);
  await editor.locator(".cm-content").waitFor();
  assert.match(await text(page), /# mine/);
  await example(editor, "A pod");
  await editor.getByRole("button", { name: "Bring back the text before" }).click();
  assert.match(await text(page), /# mine/);
});

test("files open; one of more than 10 MB is refused and nothing is lost", {}, async ({ page }) => {
  const editor = await openEditor(page);
  await editor.locator(".cm-content").waitFor();
  const file = (name, buffer) => ({ name, mimeType: "application/yaml", buffer });
  const pod = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "json"}, "spec": {"containers": [{"name": "a", "image": "nginx"}]}}';
  await editor.locator("input[type=file]").setInputFiles(file("pod.json", Buffer.from(pod)));
  await editor.getByText("No problems found.").waitFor();
  const before = await text(page);
  assert.equal(before, pod);
  await editor.locator("input[type=file]").setInputFiles(file("big.yaml", Buffer.alloc(11_000_000, "# x\n")));
  await editor.getByText(/big\.yaml has 11\.0 MB; the editor takes 10 MB/).waitFor();
  assert.equal(await text(page), before);
});

test("without its module the plain field does the work", {
  prepare: (page) => page.route("**/editor/*.js", (route) => route.fulfill({ status: 404 })),
  expectedErrors: [/404/, /editor-/],
}, async ({ page }) => {
  const editor = await openEditor(page);
  await editor.getByText("The full editor could not be loaded").waitFor();
  const field = editor.getByRole("textbox", { name: "Manifests, YAML or JSON" });
  await field.fill("apiVersion: v1\nkind: Pod\nmetadata:\n  name: Bad_Name\nspec:\n  containers: []\n");
  await editor.getByRole("button", { name: /error.*line 4/ }).first().click();
  const start = await field.evaluate((area) => area.value.slice(0, area.selectionStart).split("\n").length);
  assert.equal(start, 4);
});

test("a new cluster takes two clicks", {}, async ({ page }) => {
  const editor = await openEditor(page);
  await editor.getByRole("button", { name: "Reset cluster" }).click();
  const question = editor.getByRole("group", { name: "A new cluster" });
  await question.getByLabel("Worker nodes").fill("900");
  assert.ok(await question.getByRole("button", { name: "Confirm" }).isDisabled());
  await question.getByLabel("Worker nodes").fill("5");
  await question.getByRole("button", { name: "Confirm" }).click();
  const list = page.getByRole("region", { name: "The cluster as a list" });
  await list.getByRole("button").filter({ hasText: /^Node node-5, Ready/ }).first().waitFor({ state: "attached" });
});
