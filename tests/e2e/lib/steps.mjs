// What tests do and look for again and again, in the page's own words. The list that mirrors the
// stage is what a screen reader gets: tests read it.

function list(page) {
  return page.getByRole("region", { name: "The cluster as a list" });
}

/** Waits until the list of the cluster has an entry that matches. */
export function listed(page, pattern) {
  return list(page).getByRole("button").filter({ hasText: pattern }).first().waitFor({ state: "attached" });
}

/** The entries that match, as they are now. */
export function entries(page, pattern) {
  return list(page).getByRole("button").filter({ hasText: pattern }).allTextContents();
}

/** Presses the button of this name. */
export function press(page, title) {
  return page.getByRole("button", { name: title }).click();
}

/** Selects what the list's first matching entry stands for, by keyboard: the list shows itself on focus. */
export async function select(page, pattern) {
  const entry = list(page).getByRole("button").filter({ hasText: pattern }).first();
  await entry.focus();
  await page.keyboard.press("Enter");
}

/** Shows a panel, wherever its tab is, unfolding its dock if need be. */
export async function openPanel(page, title) {
  await page.getByRole("tab", { name: title, exact: true }).click();
}

/** Chooses how many virtual seconds pass in a second. */
export function speed(page, value) {
  return page.getByLabel("Speed").selectOption(value);
}
