// The top of the page: pages, language, who is signed in, and which draft this is.
import { send } from "../service.js";
import { drawDistrict, drawLanguages, drawPages, drawWho, fillTexts } from "../shell.js";
import { el, t } from "../texts.js";
import { levelName } from "./attributes.js";

const startBox = document.getElementById("start");
const skeleton = document.getElementById("skeleton");

/** Draw what every page has on top. */
export function drawBar({ state, set, choose }) {
  fillTexts();
  document.title = `${t("page_plan")} · ${t("product")}`;
  drawPages(document.getElementById("pages"), { set: set ? set.name : "", lang: state.lang });
  drawLanguages(state.lang, choose);
  drawWho(state.lang, send);
  drawDistrict(set);
}

/** Say which draft this is, with the level that is looked at and the way to another draft; without one, nothing. */
export function drawDraft(info, level, { look, other, propose }) {
  const bar = document.getElementById("draft-bar");
  if (!info) { bar.replaceChildren(); return; }
  const select = el("select");
  select.id = "level";
  select.setAttribute("aria-label", t("plan_level"));
  [...info.levels].sort((a, b) => b.order - a.order).forEach((one) => {
    const option = el("option", null, levelName(one.name));
    option.value = one.name;
    option.selected = one.name === level;
    select.append(option);
  });
  select.addEventListener("change", () => look(select.value));
  const button = el("button", "quiet", t("plan_other_draft"));
  button.type = "button";
  button.id = "other-draft";
  button.addEventListener("click", other);
  const ask = el("button", "quiet", t("plan_propose_open"));
  ask.type = "button";
  ask.id = "propose-open";
  ask.title = t("plan_propose_title");
  ask.setAttribute("aria-expanded", "false");
  ask.setAttribute("aria-controls", "propose");
  ask.addEventListener("click", propose);
  bar.replaceChildren(el("span", "draft-name", t("plan_draft_of", { n: info.draft, base: info.based_on ?? "–" })),
    ...(info.state === "open" ? [] : [el("span", "tag", t("plan_state_" + info.state))]), select, ask, button);
}

/** Say something in place of the page, with one way on. */
export function tell(text, label, act) {
  const button = el("button", "action", label);
  button.type = "button";
  button.addEventListener("click", act);
  startBox.replaceChildren(el("div", "chooser", null, el("p", "message", text), button));
  startBox.hidden = false;
  skeleton.hidden = true;
}
