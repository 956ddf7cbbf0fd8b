// Incidents beside the effort that they were looked for with: who looks less, finds less.
import { get } from "../service.js";
import { may } from "../shell.js";
import { el, number, t } from "../texts.js";
import { card, tableOf } from "./drawing.js";

const FEW = 12;
const rounded = (value) => number(Number(value.toPrecision(2)));

function rowOf(one, lead, goTo) {
  let name = one.title;
  if (lead.areas.some((area) => area.code === one.code)) {
    name = el("button", "link", one.title);
    name.type = "button";
    name.addEventListener("click", () => goTo(one.code));
  }
  const seen = el("span", one.unseen ? "unlooked" : null, t("lead_effort_of", { n: number(one.unseen), of: number(one.grids) }));
  const rate = one.per_hour === null ? el("span", "figure none", t("lead_effort_nobody"))
    : el("span", "figure of", null, el("b", null, rounded(one.per_hour)), el("small", null, `${rounded(one.per_hour_low)}–${rounded(one.per_hour_high)}`));
  return [el("span", "place", null, name), number(one.incidents), number(Math.round(one.hours * 10) / 10), number(one.found), rate, seen];
}

function put(node, body, busy) {
  const found = card("effort", t("lead_effort_title"), t("lead_effort_note"), body, null);
  found.setAttribute("aria-busy", String(busy));
  const old = node.querySelector(".of-effort");
  if (old) { old.replaceWith(found); } else { node.append(found); }
}

/** Draw the effort by place, those that most was not looked at first; nothing for who does not see patrols. */
export async function drawEffort(node, lead, { lang, goTo, here }) {
  if (!may("patrols.read") || !lead.set) { return; }
  put(node, el("p", "note", t("lead_effort_wait")), true);
  const asked = new URLSearchParams({ start: lead.start, end: lead.end, ...(lead.area ? { area: lead.area.code } : {}) });
  let found;
  try {
    found = await get("/api/v1/lead/effort?" + asked, lang);
  } catch (problem) {
    if (here()) { put(node, el("p", "wrong", problem.detail || t("lead_failed")), false); }
    return;
  }
  if (!here()) { return; }
  if (!found.recorded) { put(node, el("p", "note", t("lead_effort_none")), false); return; }
  const heads = ["place", "incidents", "patrol", "found", "per_hour", "unseen"].map((key) => t("lead_col_" + key));
  const show = (count) => tableOf(heads, found.places.slice(0, count).map((one) => rowOf(one, lead, goTo)), "effort");
  const box = el("div", "scroll", null, show(FEW));
  if (found.places.length > FEW) {
    const all = el("button", "quiet", t("lead_all_places", { n: number(found.places.length) }));
    all.type = "button";
    all.addEventListener("click", () => box.replaceChildren(show(found.places.length)));
    box.append(all);
  }
  put(node, box, false);
}
