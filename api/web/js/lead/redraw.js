// Before and after a redraw: the cases of the period counted again by two versions of the borders.
import { calendarDay, el, number, t } from "../texts.js";
import { card, folded, tableOf } from "./drawing.js";

const FEW = 12;
const percent = (one) => (one && one.due ? `${number(Math.round((1000 * one.on_time) / one.due) / 10)}% (${number(one.on_time)}/${number(one.due)})` : "–");
const cases = (one) => (one ? number(one.reported) : t("lead_redraw_absent"));

function put(node, ...body) {
  const found = card("redraw", t("lead_redraw_title"), t("lead_redraw_note"), el("div", null, null, ...body), null);
  const old = node.querySelector(".of-redraw");
  if (old) { old.replaceWith(found); } else { node.append(found); }
}

function titleOf(version) {
  // what "was always so" starts in year 1
  return version.valid_from && version.valid_from > "1900" ? t("lead_redraw_from", { n: version.number, day: calendarDay(version.valid_from) }) : t("lead_redraw_version", { n: version.number });
}

/** The choice of two versions; `change` keeps it in the address. */
function choice(versions, chosen, change) {
  const [old, now] = ["old", "new"].map((key, k) => {
    const select = el("select");
    select.name = key;
    select.append(...versions.map((one) => new Option(titleOf(one), String(one.number))));
    select.value = String(chosen[k]);
    return select;
  });
  [old, now].forEach((select) => select.addEventListener("change", () => change({ old: old.value, new: now.value })));
  return el("p", "versions", null, el("label", null, null, el("span", null, t("lead_redraw_old")), old),
    el("label", null, null, el("span", null, t("lead_redraw_new")), now));
}

function table(found, count) {
  const heads = ["grid", "cases_before", "cases_after", "on_time_before", "on_time_after"].map((key) => t("lead_col_" + key));
  return tableOf(heads, found.grids.slice(0, count).map((one) => [
    el("span", "place", (one.after || one.before).title), cases(one.before), cases(one.after), percent(one.before), percent(one.after)]), "redrawn");
}

/** Draw the comparison; where there is one version alone there is nothing to compare. */
export async function drawRedraw(node, lead, { ask, here, lang, versions: named, change }) {
  if (!lead.set) { return; }
  let found;
  let versions;
  try {
    const history = await ask(`/api/v1/sets/${encodeURIComponent(lead.set)}/history`);
    versions = history.versions.filter((one) => one.number);
    if (!here() || versions.length < 2) { return; }
    const last = versions.map((one) => one.number).sort((a, b) => a - b).slice(-2);
    const chosen = named[0] ? named : last;
    const asked = new URLSearchParams({ set: lead.set, from: chosen[0], to: chosen[1], start: lead.start, end: lead.end });
    put(node, choice(versions, chosen, change), el("p", "note", t("lead_loading")));
    found = await ask("/api/v1/lead/redraw?" + asked);
    if (!here()) { return; }
    const said = el("p", null, found.grids.length
      ? t("lead_redraw_said", { grids: number(found.grids.length), cases: number(found.cases), moved: number(found.moved) }) : t("lead_redraw_same"));
    const map = el("a", "quiet", t("lead_redraw_map"));
    map.href = "/history?" + new URLSearchParams({ set: lead.set, from: chosen[0], to: chosen[1], lang });
    const body = found.grids.length ? folded(found.grids.length, FEW, (count) => table(found, count), map) : el("p", "more", null, map);
    put(node, choice(versions, chosen, change), said, body);
  } catch (problem) {
    if (here()) { put(node, el("p", "wrong", problem.detail || t("lead_failed"))); }
  }
}
