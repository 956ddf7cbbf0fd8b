// Two planners at one border: both edits are shown, and the reader says which one stands.
import { el, t, time } from "../texts.js";

function list(edits) {
  const node = el("ul", "edits");
  edits.forEach((edit) => node.append(el("li", null, edit.summary || t("plan_verb_" + edit.verb),
    el("small", null, t("plan_by_at", { by: edit.by || t("plan_somebody"), at: time(edit.at) })))));
  return node;
}

/**
 * Show a conflict.
 *
 * @param {object[]} theirs edits of others
 * @param {string[]} mine what the reader did, in words
 * @param {{look: () => void, again: () => void, drop: () => void}} act
 */
export function showConflict(theirs, mine, detail, { look, again, drop }) {
  const dialog = el("dialog", "conflict");
  dialog.setAttribute("aria-labelledby", "conflict-title");
  const title = el("h2", null, t("plan_conflict_title"));
  title.id = "conflict-title";
  const sides = el("div", "sides", null,
    el("section", null, null, el("h3", null, t("plan_conflict_theirs")), theirs.length ? list(theirs) : el("p", "none", t("plan_conflict_unknown"))),
    el("section", null, null, el("h3", null, t("plan_conflict_mine")), el("ul", "edits", null, ...mine.map((text) => el("li", null, text)))));
  const button = (id, key, className, act) => {
    const node = el("button", className, t(key));
    node.type = "button";
    node.id = id;
    node.addEventListener("click", () => { dialog.close(); act(); });
    return node;
  };
  dialog.append(title, el("p", null, detail || t("plan_conflict_text")), sides, el("p", "choices-row", null,
    button("conflict-look", "plan_conflict_look", "action", look), button("conflict-again", "plan_conflict_again", "quiet", again),
    button("conflict-drop", "plan_conflict_drop", "quiet", drop)));
  // Esc is the careful choice: theirs stays
  dialog.addEventListener("cancel", drop);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
