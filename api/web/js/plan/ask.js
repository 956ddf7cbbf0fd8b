// One question in a dialog: what it is about, and a button for each way on.
import { el, t } from "../texts.js";

/**
 * Ask the reader.
 *
 * @param {string} title
 * @param {(Node|string)[]} body
 * @param {{id: string, key: string, className: string, act: () => void|boolean}[]} ways an act that gives false leaves the dialog open
 * @returns {HTMLDialogElement}
 */
export function ask(title, body, ways) {
  const dialog = el("dialog", "ask");
  dialog.setAttribute("aria-labelledby", "ask-title");
  const head = el("h2", null, title);
  head.id = "ask-title";
  const row = el("p", "choices-row", null, ...ways.map(({ id, key, className, act }) => {
    const node = el("button", className, t(key));
    node.type = "button";
    node.id = id;
    node.addEventListener("click", () => { if (act() !== false) { dialog.close(); } });
    return node;
  }));
  dialog.append(head, ...body.map((one) => (typeof one === "string" ? el("p", null, one) : one)), row);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
