// The manifest editor: CodeMirror 6 with YAML, loaded when it is first opened.
//
// Checking is not done here: Rust gives the diagnostics and this module draws them. Colours are
// CSS variables, so that both themes come from the page's own tokens.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  HighlightStyle,
  bracketMatching,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
  syntaxTree,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  ViewPlugin,
  crosshairCursor,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Marks a change that the program made: it is not reported back to it. */
const fromProgram = Annotation.define();

const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--editor-key)" },
  { tag: tags.definition(tags.propertyName), color: "var(--editor-key)" },
  { tag: [tags.string, tags.content], color: "var(--editor-string)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--editor-comment)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--editor-mark)" },
  { tag: [tags.labelName, tags.typeName, tags.meta], color: "var(--editor-anchor)" },
  { tag: tags.invalid, color: "var(--editor-error)" },
]);

// The grammar takes every unquoted scalar for text; Kubernetes reads YAML 1.1, where `yes`, `off`, `~`
// and 0777 are not text at all. Showing which are not spares the surprise.
const NOT_TEXT =
  /^(?:y|n|yes|no|on|off|true|false|null|~|[-+]?(?:0x[0-9a-f_]+|0b[01_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|\.(?:inf|nan)))$/i;
const literal = Decoration.mark({ class: "cm-literal" });

function literals(view) {
  const ranges = [];
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter(node) {
        if (node.name !== "Literal" || node.node.parent?.name === "Key") return;
        if (NOT_TEXT.test(view.state.sliceDoc(node.from, node.to))) ranges.push(literal.range(node.from, node.to));
      },
    });
  }
  return Decoration.set(ranges, true);
}

const literalHighlight = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = literals(view);
    }
    update(update) {
      const parsedOn = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || parsedOn) this.decorations = literals(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function theme(dark) {
  return EditorView.theme(
    {
      "&": { height: "100%", color: "var(--editor-text)", backgroundColor: "var(--editor-ground)" },
      "&.cm-focused": { outline: "2px solid var(--editor-focus)", outlineOffset: "-2px" },
      ".cm-scroller": {
        fontFamily: '"JetBrains Mono", ui-monospace, monospace',
        fontSize: "var(--editor-size, 13px)",
        fontVariantLigatures: "none",
        lineHeight: "1.5",
      },
      ".cm-content": { caretColor: "var(--editor-caret)" },
      ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--editor-caret)" },
      ".cm-gutters": {
        color: "var(--editor-gutter)",
        backgroundColor: "var(--editor-ground)",
        border: "none",
        borderRight: "1px solid var(--editor-line)",
      },
      ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--editor-active)" },
      "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
        backgroundColor: "var(--editor-selection)",
      },
      ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--editor-match)" },
      ".cm-panels, .cm-tooltip": {
        color: "var(--editor-text)",
        backgroundColor: "var(--editor-surface)",
        borderColor: "var(--editor-line)",
      },
      ".cm-literal, .cm-literal *": { color: "var(--editor-literal)" },
      ".cm-diagnostic": { fontFamily: '"Inter", system-ui, sans-serif', whiteSpace: "pre-wrap" },
      ".cm-diagnostic-error": { borderLeftColor: "var(--editor-error)" },
      ".cm-diagnostic-warning": { borderLeftColor: "var(--editor-warning)" },
      ".cm-diagnostic-info": { borderLeftColor: "var(--editor-info)" },
    },
    { dark },
  );
}

/** Lines and columns from 1, as Rust counts them, to an offset; what lies outside is moved inside. */
function offset(doc, line, column) {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(at.from + Math.max(column - 1, 0), at.to);
}

const SEVERITIES = new Set(["error", "warning", "info", "hint"]);

function toDiagnostic(doc, { fromLine, fromCol, toLine, toCol, severity, message }) {
  const from = offset(doc, fromLine, fromCol);
  const to = Math.max(from, offset(doc, toLine, toCol));
  // An empty range would be drawn as nothing: reach for the end of its line instead.
  const end = to > from ? to : Math.max(from, doc.lineAt(from).to);
  return { from, to: end, severity: SEVERITIES.has(severity) ? severity : "error", message: String(message) };
}

/**
 * Puts an editor into `parent`.
 *
 * @param {HTMLElement} parent
 * @param {object} options
 * @param {string} [options.doc] the first text
 * @param {boolean} [options.dark] whether the page is dark
 * @param {string} [options.label] what a screen reader calls it
 * @param {(text: string) => void} [options.onChange] after each change by the user
 * @param {() => void} [options.onEdit] the same without the text, which costs time where it is long
 * @param {() => void} [options.onSave] Ctrl+Enter, Ctrl+S (Cmd on a Mac)
 * @param {(line: number, column: number) => void} [options.onCursor] where the cursor stands, from 1
 */
export function create(parent, { doc = "", dark = true, label = "Manifests", ...on } = {}) {
  const { onChange, onEdit, onSave, onCursor } = on;
  const themeSlot = new Compartment();
  const save = () => {
    onSave?.();
    return true;
  };
  const report = EditorView.updateListener.of((update) => {
    const byUser = update.transactions.some((change) => change.docChanged && !change.annotation(fromProgram));
    if (byUser && onChange) onChange(update.state.doc.toString());
    if (byUser) onEdit?.();
    if (onCursor && (update.selectionSet || update.docChanged)) {
      const head = update.state.selection.main.head;
      const line = update.state.doc.lineAt(head);
      onCursor(line.number, head - line.from + 1);
    }
  });

  const extensions = [
    // Before the others: Ctrl+Enter is "insert blank line" in the default keys.
    keymap.of([
      { key: "Mod-Enter", run: save, preventDefault: true },
      { key: "Mod-s", run: save, preventDefault: true },
    ]),
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    EditorState.allowMultipleSelections.of(true),
    indentOnInput(),
    indentUnit.of("  "),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    rectangularSelection(),
    crosshairCursor(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    yaml(),
    syntaxHighlighting(highlight),
    literalHighlight,
    // The text takes the focus by itself; whoever checks that looks for a tabindex.
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
    // Tab indents; Escape then Tab leaves the editor, as CodeMirror documents it.
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
    themeSlot.of(theme(dark)),
    report,
  ];
  const view = new EditorView({ parent, state: EditorState.create({ doc, extensions }) });

  return {
    getDoc: () => view.state.doc.toString(),
    setDoc(text) {
      const changes = { from: 0, to: view.state.doc.length, insert: text };
      view.dispatch({ changes, annotations: fromProgram.of(true) });
    },
    setDiagnostics(list) {
      const diagnostics = Array.from(list, (one) => toDiagnostic(view.state.doc, one));
      view.dispatch(setDiagnostics(view.state, diagnostics));
    },
    setDark(isDark) {
      view.dispatch({ effects: themeSlot.reconfigure(theme(isDark)) });
    },
    focus: () => view.focus(),
    revealLine(line, column = 1) {
      const at = offset(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    },
    destroy: () => view.destroy(),
  };
}
