// The keys: one letter for each tool, undo and redo everywhere, ? for a list of them.
import { el, t } from "../texts.js";

/** Tools by key, in the order of the bar. */
export const TOOLS = [
  ["select", "V"], ["move", "B"], ["split", "S"], ["merge", "M"], ["piece", "P"], ["extend", "E"], ["hole", "H"], ["enclave", "N"], ["attributes", "A"], ["comment", "C"],
];
const OTHERS = [
  ["Ctrl Z", "undo"], ["Ctrl Y", "redo"], ["Esc", "esc"], ["Enter", "enter"], ["⌫", "back"], ["Delete", "delete"], [", .", "corners"],
  ["← ↑ → ↓", "arrows"], ["Space", "space"], ["Shift", "shift"], ["Ctrl", "free"], ["+ −", "zoom"], ["0", "whole"], ["?", "help"],
];

/** Listen for keys anywhere on the page but in fields. */
export function startKeys({ pick, undo, redo, whole, key, cancel }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) { return; }
    const field = event.target.closest && event.target.closest("input, select, textarea");
    if (field) { if (event.key === "Escape") { field.blur(); } return; }
    const held = event.ctrlKey || event.metaKey;
    const letter = event.key.toUpperCase();
    const onButton = event.target.closest && event.target.closest("button, a, summary, [role=tab]");
    if (event.key === "Enter" && onButton) { return; }
    if (key(event)) { event.preventDefault(); return; }
    if (held && letter === "Z") { if (event.shiftKey) { redo(); } else { undo(); } }
    else if (held && letter === "Y") { redo(); }
    else if (held || event.altKey) { return; }
    else if (event.key === "Escape") { if (!cancel()) { pick("select"); } }
    else if (event.key === "?") { showKeys(); }
    else if (event.key === "0") { whole(); }
    else {
      const tool = TOOLS.find(([, k]) => k === letter);
      if (!tool) { return; }
      pick(tool[0]);
    }
    event.preventDefault();
  });
}

/** Show the list of the keys. */
export function showKeys() {
  const dialog = el("dialog", "keys");
  dialog.setAttribute("aria-label", t("plan_keys"));
  const list = el("dl");
  const row = (keys, text) => {
    const term = el("dt");
    keys.split(" ").forEach((k) => term.append(el("kbd", null, k)));
    list.append(el("div", null, null, term, el("dd", null, text)));
  };
  TOOLS.forEach(([name, k]) => row(k, t("plan_tool_" + name)));
  OTHERS.forEach(([k, name]) => row(k, t("plan_key_" + name)));
  const close = el("button", "action", t("plan_close"));
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(el("h2", null, t("plan_keys")), list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
