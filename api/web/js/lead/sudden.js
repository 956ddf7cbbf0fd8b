// What began lately: clusters of one kind in time and place that chance hardly explains.
import { may } from "../shell.js";
import { addressOf } from "../state.js";
import { day, el, number, t } from "../texts.js";
import { card } from "./drawing.js";

function put(node, body, busy) {
  const found = card("sudden", t("lead_sudden_title"), t("lead_sudden_note"), body, null);
  found.setAttribute("aria-busy", String(busy));
  const old = node.querySelector(".of-sudden");
  if (old) { old.replaceWith(found); } else { node.append(found); }
}

/** Its grid on the map of what stands out, for its kind. */
function placeOf(one, set, lang) {
  return addressOf({ page: "hotspots", show: "significant", set, lang, window: "30d", category: one.category, grid: one.code, view: "", at: "", layer: "", reach: "", find: "", from: "", to: "" });
}

/** Draw the clusters, the least owed to chance first; nothing for who does not see incidents. */
export async function drawSudden(node, lead, { ask, lang, here }) {
  if (!may("incidents.read") || !lead.set) { return; }
  put(node, el("p", "note", t("lead_sudden_wait")), true);
  let found;
  try {
    found = await ask("/api/v1/hotspots/sudden?" + new URLSearchParams({ end: lead.end }));
  } catch (problem) {
    if (here()) { put(node, el("p", "wrong", problem.detail || t("lead_failed")), false); }
    return;
  }
  if (!here()) { return; }
  const list = el("ul", "alerts-list", null, ...found.clusters.map((one) => {
    const link = el("a", null, t("lead_sudden_at", { name: one.name, day: day(one.since) }));
    link.href = placeOf(one, lead.set, lang);
    return el("li", "urgent", null, el("b", null, t("lead_sudden_head", { kind: one.title, n: number(one.observed) })), link, el("span", null, one.sentence));
  }));
  put(node, el("div", null, null, found.clusters.length ? list : null, ...found.said.map((text) => el("p", "note", text))), false);
}
