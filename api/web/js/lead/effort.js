// Incidents beside the effort that they were looked for with: who looks less, finds less.
import { may } from "../shell.js";
import { el, number, t } from "../texts.js";
import { card, folded, tableOf } from "./drawing.js";

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
export async function drawEffort(node, lead, { ask, goTo, here }) {
  if (!may("patrols.read") || !lead.set) { return; }
  put(node, el("p", "note", t("lead_effort_wait")), true);
  const asked = new URLSearchParams({ start: lead.start, end: lead.end, ...(lead.area ? { area: lead.area.code } : {}) });
  let found;
  try {
    found = await ask("/api/v1/lead/effort?" + asked);
  } catch (problem) {
    if (here()) { put(node, el("p", "wrong", problem.detail || t("lead_failed")), false); }
    return;
  }
  if (!here()) { return; }
  if (!found.recorded) { put(node, el("p", "note", t("lead_effort_none")), false); return; }
  const heads = ["place", "incidents", "patrol", "found", "per_hour", "unseen"].map((key) => t("lead_col_" + key));
  const said = found.said.map((text) => el("p", "note told", text));
  put(node, el("div", null, null, ...said, folded(found.places.length, FEW, (count) => tableOf(heads, found.places.slice(0, count).map((one) => rowOf(one, lead, goTo)), "effort"))), false);
}
