// The bar of tools, undo and redo, the row of the tool in hand, and what the page says.
import { el, number, t } from "../texts.js";
import { icon } from "./icons.js";
import { TOOLS, showKeys } from "./keys.js";

/** Draw the tools into their bar; gives {show(state)}. */
export function makeToolbar(node, { pick, undo, redo }) {
  const buttons = {};
  function make(id, sign, label, key, act) {
    const button = el("button", "tool", null, icon(sign), el("span", null, label));
    button.type = "button";
    button.id = id;
    button.title = key ? `${label} (${key})` : label;
    if (key) { button.setAttribute("aria-keyshortcuts", key.replace("Ctrl ", "Control+")); }
    button.addEventListener("click", act);
    return button;
  }
  return {
    draw() {
      node.setAttribute("aria-label", t("plan_tools"));
      TOOLS.forEach(([name, key]) => {
        buttons[name] = make(`tool-${name}`, name, t("plan_tool_short_" + name), key, () => pick(name));
        buttons[name].title = `${t("plan_tool_" + name)} (${key})`;
      });
      buttons.undo = make("undo", "undo", t("plan_undo"), "Ctrl Z", undo);
      buttons.redo = make("redo", "redo", t("plan_redo"), "Ctrl Y", redo);
      buttons.keys = make("keys-open", "keys", t("plan_keys_short"), "?", showKeys);
      const line = () => el("span", "rule");
      node.replaceChildren(buttons.undo, buttons.redo, line(), ...TOOLS.map(([name]) => buttons[name]), line(), buttons.keys);
    },
    /** Show which tool is in hand, and what can be undone. */
    show({ tool, undo: back, redo: forth, busy }) {
      TOOLS.forEach(([name]) => buttons[name].setAttribute("aria-pressed", String(name === tool)));
      [["undo", back], ["redo", forth]].forEach(([name, found]) => {
        const count = found ? found.count : 0;
        buttons[name].disabled = !count || busy;
        buttons[name].querySelector("span").replaceChildren(t("plan_" + name), ...(count ? [el("small", null, number(count))] : []));
      });
    },
  };
}

/** The row above the map: what to do, the settings of the tool, and whether all is stored. */
export function makeStrip() {
  const hint = document.getElementById("hint"), options = document.getElementById("tool-options");
  const status = document.getElementById("status"), words = document.getElementById("words"), offline = document.getElementById("offline");
  const far = document.getElementById("far");
  let hintKey = "";
  let timer = 0;
  return {
    hint(key) { hintKey = key; hint.textContent = key ? t(key) : ""; },
    redraw() { if (hintKey) { hint.textContent = t(hintKey); } },
    options(nodes, extra) { options.replaceChildren(...(nodes || []), ...(extra ? [extra] : [])); },
    /** Say something on the map; wrong words stay longer. */
    say(text, wrong = false) {
      clearTimeout(timer);
      if (words.textContent !== text) { words.textContent = text; }
      words.classList.toggle("wrong", wrong);
      if (text) { timer = setTimeout(() => { words.textContent = ""; }, wrong ? 12_000 : 5_000); }
    },
    /** Say that more is there than can be shown from so far away. */
    far(text) { far.hidden = !text; far.textContent = text; },
    status(text, kind) { status.textContent = text; status.dataset.kind = kind; },
    /** Nobody answers: say what waits, and offer to send it again. */
    offline(n, { again, abandon } = {}) {
      offline.hidden = !n;
      if (!n) { return; }
      const button = (id, key, className, act) => {
        const node = el("button", className, t(key));
        node.type = "button";
        node.id = id;
        node.addEventListener("click", act);
        return node;
      };
      offline.replaceChildren(el("p", null, t("plan_offline", { n })), button("send-again", "plan_send_again", "action small", again),
        button("give-up", "plan_give_up", "quiet small", abandon));
    },
  };
}
