// The first script of the page, inlined in index.html: theme, lazy editor, and the last message.
// Rust reaches it as the global `tabernetes`.

/* global EDITOR_FILE */

const THEME_KEY = "tabernetes.theme";

function storedTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null; // Storage may be forbidden; the system's choice then stands.
  }
}

const prefersLight = matchMedia("(prefers-color-scheme: light)").matches;
document.documentElement.dataset.theme = storedTheme() ?? (prefersLight ? "light" : "dark");

let stopped = false;

// Shows that something has stopped for good. The first message stays: later ones only follow from it.
function fatal(message) {
  if (stopped) return;
  stopped = true;
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => showFatal(message));
  } else {
    showFatal(message);
  }
}

function showFatal(message) {
  const section = document.getElementById("fatal");
  const restart = document.getElementById("fatal-restart");
  document.getElementById("fatal-message").textContent = message;
  restart.addEventListener("click", () => location.reload());
  document.getElementById("fatal-copy").addEventListener("click", () => copyReport(message));
  section.hidden = false;
  restart.focus();
}

async function copyReport(message) {
  const report = `${message}\n\n${location.href}\n${navigator.userAgent}`;
  const button = document.getElementById("fatal-copy");
  try {
    await navigator.clipboard.writeText(report);
    button.textContent = "Copied";
  } catch {
    // No permission: select it, so that the user's own copy key works.
    getSelection().selectAllChildren(document.getElementById("fatal-message"));
    button.textContent = "Selected: press Ctrl+C";
  }
}

// What cannot be caught in Rust: the module that does not load, and the trap after a panic. Once the
// page runs, any other error is for the console: the cluster is still alive.
function endsThePage(error) {
  return error instanceof WebAssembly.RuntimeError || document.querySelector(".shell[aria-busy]") !== null;
}
addEventListener("error", (event) => {
  if (event.error && endsThePage(event.error)) fatal(describe(event.error));
});
addEventListener("unhandledrejection", (event) => {
  if (endsThePage(event.reason)) fatal(describe(event.reason));
});
// A script that cannot be fetched fires only on its element, and only in the capture phase.
addEventListener(
  "error",
  (event) => {
    if (event.target instanceof HTMLScriptElement) fatal(`This part of the page did not load: ${event.target.src}`);
  },
  true,
);

function describe(error) {
  if (!(error instanceof Error)) return String(error);
  return error.stack?.includes(error.message) ? error.stack : `${error.name}: ${error.message}\n${error.stack ?? ""}`;
}

// The editor is a large module: loaded when it is first opened.
function editor() {
  return import(new URL(EDITOR_FILE, document.baseURI).href);
}

globalThis.tabernetes = { fatal, editor, themeKey: THEME_KEY };
