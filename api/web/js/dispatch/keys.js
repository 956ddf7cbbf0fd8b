// The keys: one letter an act, g and a letter a queue, ? for a list of them.
import { el, t } from "../texts.js";
import { QUEUE_KEYS } from "./queue.js";

const ACTS = [["F", "file"], ["D", "dispatch"], ["A", "accept"], ["H", "handle"], ["V", "verify"], ["C", "close"], ["R", "return_rework"],
  ["E", "whistle"], ["I", "join"], ["M", "merge"], ["S", "suspend_resume"], ["T", "extend"], ["O", "reopen"], ["X", "reject"], ["Y", "appeal"], ["N", "note"]];
const MOVES = [["J K", "move"], ["Enter", "open"], ["/", "search"], ["Esc", "esc"], ["?", "help"]];
/** How long g waits for its letter, in milliseconds. */
const CHORD = 2000;

/** Listen for keys anywhere on the page but in fields. `page`: step(by), open(), queue(name), search(), act(letter), escape(), say(text). */
export function startKeys(page) {
  let since = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) { return; }
    const field = event.target.closest && event.target.closest("input, select, textarea");
    if (field) { if (event.key === "Escape") { field.blur(); } return; }
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const chord = since && event.timeStamp - since < CHORD;
    since = 0;
    if (chord && QUEUE_KEYS[letter]) { page.queue(QUEUE_KEYS[letter]); }
    else if (letter === "g") { since = event.timeStamp; page.say(t("dispatch_key_chord", { keys: Object.keys(QUEUE_KEYS).map((key) => `${key.toUpperCase()} ${t("dispatch_queue_" + QUEUE_KEYS[key])}`).join("  ") })); }
    else if (letter === "j") { page.step(1); }
    else if (letter === "k") { page.step(-1); }
    else if (letter === "/") { page.search(); }
    else if (letter === "?") { showKeys(); }
    else if (letter === "Escape") { page.escape(); }
    else if (letter === "Enter") {
      // a button or link does its own thing
      if (event.target.closest("button, a, summary, [role=application]")) { return; }
      page.open();
    } else if (/^[a-z]$/.test(letter)) { page.act(letter); } else { return; }
    event.preventDefault();
  });
}

/** Show the list of the keys. */
export function showKeys() {
  const dialog = el("dialog", "keys");
  dialog.setAttribute("aria-label", t("dispatch_keys"));
  const part = (title, rows) => {
    const list = el("dl");
    rows.forEach(([keys, text]) => {
      const term = el("dt");
      keys.split(" ").forEach((key) => term.append(el("kbd", null, key)));
      list.append(el("div", null, null, term, el("dd", null, text)));
    });
    return el("section", null, null, el("h3", null, title), list);
  };
  const close = el("button", "action", t("dispatch_close"));
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(el("h2", null, t("dispatch_keys")), el("div", "keys-parts", null,
    part(t("dispatch_keys_move"), MOVES.map(([key, name]) => [key, t("dispatch_key_" + name)])),
    part(t("dispatch_keys_acts"), ACTS.map(([key, name]) => [key, name.split("_").map((act) => t("dispatch_act_" + act)).join(" / ")])),
    part(t("dispatch_keys_queues"), Object.entries(QUEUE_KEYS).map(([key, name]) => ["G " + key.toUpperCase(), t("dispatch_queue_" + name)]))), close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
