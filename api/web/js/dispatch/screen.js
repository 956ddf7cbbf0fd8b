// What the page says: in a few words at its foot, by the mark of the line, and where there is nothing to show.
import { el, t } from "../texts.js";

const words = document.getElementById("words");
const mark = document.getElementById("live");
const notice = document.getElementById("notice");
/** How long words stand, in milliseconds. */
const STAND = 6000;
let timer = 0, line = "waiting";

/** Say something in passing. */
export function say(text) {
  clearTimeout(timer);
  words.textContent = text;
  timer = setTimeout(() => { words.textContent = ""; }, STAND);
}

/** Show how the line to the service is: live, waiting or off; without a state, as it was, in the language of the page. */
export function drawLine(state) {
  line = state || line;
  mark.dataset.state = line;
  mark.title = t("dispatch_line_about_" + line);
  mark.textContent = t("dispatch_line_" + line);
}

/** What the panel shows while neither a case nor a place is open. */
export function nothingOpen() {
  return el("div", "empty", null, el("h2", null, t("dispatch_panel_empty")), el("p", null, t("dispatch_panel_empty_text")),
    el("p", "keys-hint", null, el("kbd", null, "J"), el("kbd", null, "K"), el("kbd", null, "↵"), el("span", null, t("dispatch_panel_keys")), el("kbd", null, "?")));
}

/** Say something in place of queue, map and case; `button` does `act`. */
export function tell({ title, text, command, button, act }) {
  notice.replaceChildren(...[title && el("h2", null, title), text && el("p", null, text), command && el("code", null, command)].filter(Boolean));
  if (act) {
    const again = el("button", "action", button);
    again.type = "button";
    again.addEventListener("click", act);
    notice.append(again);
  }
  notice.hidden = false;
  document.getElementById("skeleton").hidden = true;
  document.body.dataset.closed = "true";
}
