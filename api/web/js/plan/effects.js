// What the draft does: each touched grid before and after, the balance of the whole, and the cases that change hands.
import { el, number, t, time } from "../texts.js";

const MEASURES = ["area_m2", "households", "floating", "workers_required", "workers", "incidents", "open_cases", "patrol_hours", "compactness"];
const DIGITS = { compactness: 2, patrol_hours: 1, workers_required: 1 };
/** Cases that are listed; all of them are on the map. */
const MOST_CASES = 12;

const shown = (measure, value) => (value === null || value === undefined ? "–" : number(round(value, DIGITS[measure] || 0)));
const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

function change(measure, before, after) {
  if (before === null || after === null || before === undefined || after === undefined) { return ""; }
  const by = round(after - before, DIGITS[measure] || 0);
  if (!by) { return ""; }
  const percent = before ? ` (${by > 0 ? "+" : "−"}${number(round(Math.abs(by / before) * 100, 1))}%)` : "";
  return `${by > 0 ? "+" : "−"}${number(Math.abs(by))}${percent}`;
}

/** A table of one grid: measure, before, after, change. */
function areaTable(area, pick) {
  const box = el("details", "effect");
  box.open = true;
  box.dataset.code = area.code;
  const state = !area.before ? t("plan_effect_new") : !area.after ? t("plan_effect_gone") : "";
  const go = el("button", "link", area.name || area.code);
  go.type = "button";
  go.addEventListener("click", (event) => { event.preventDefault(); pick(area.code); });
  box.append(el("summary", null, null, go, el("code", null, area.code), state ? el("span", "tag", state) : null));
  const table = el("table", "before-after");
  const head = el("tr", null, null, ...["plan_measure", "plan_before", "plan_after", "plan_change"].map((key) => {
    const cell = el("th", null, t(key));
    cell.scope = "col";
    return cell;
  }));
  table.append(el("thead", null, null, head));
  const body = el("tbody");
  const before = area.before || {}, after = area.after || {};
  MEASURES.filter((m) => (before[m] ?? after[m] ?? null) !== null).forEach((m) => {
    const by = change(m, before[m], after[m]);
    const row = el("tr", by ? "moved" : null, null, el("th", null, t("plan_measure_" + m)), el("td", null, shown(m, before[m])),
      el("td", null, shown(m, after[m])), el("td", "by", by));
    row.firstChild.scope = "row";
    row.dataset.measure = m;
    body.append(row);
  });
  table.append(body);
  box.append(table);
  return box;
}

function balance(rows) {
  const box = el("section", "balance", null, el("h3", null, t("plan_balance")));
  rows.forEach((row) => {
    const name = t("plan_measure_" + row.measure);
    const deviation = (value) => (value === null || value === undefined ? "–" : `${number(round(value * 100, 0))}%`);
    const better = row.after_deviation < row.before_deviation ? "better" : row.after_deviation > row.before_deviation ? "worse" : "";
    const fits = row.tolerance === null || row.after_deviation === null || row.after_deviation <= row.tolerance;
    box.append(el("p", `balance-row ${better}`, null, el("span", null, name),
      el("span", "figures", t("plan_balance_row", { before: deviation(row.before_deviation), after: deviation(row.after_deviation), tolerance: deviation(row.tolerance) })),
      el("span", fits ? "tag fits" : "tag over", t(fits ? "plan_balance_fits" : "plan_balance_over"))));
  });
  return box;
}

/** Draw the effects into a place of the panel. `pick(code)` brings a grid into view, `see(lon, lat)` a case. */
export function drawEffects(node, found, { pick, see }) {
  if (!found) { node.replaceChildren(el("p", "none", t("plan_effects_loading"))); return; }
  if (!found.areas.length) { node.replaceChildren(el("p", "none", t("plan_effects_none"))); return; }
  const window = found.window ? el("p", "about", t("plan_effects_window", { since: time(found.window.since), until: time(found.window.until) })) : null;
  const parts = [window];
  if (found.balance && found.balance.length) { parts.push(balance(found.balance)); }
  parts.push(el("h3", null, t("plan_effects_areas", { n: found.areas.length })), ...found.areas.map((area) => areaTable(area, pick)));
  const cases = el("section", "handed", null, el("h3", null, t("plan_handed", { n: number(found.handed_total) })));
  if (!found.handed.length) { cases.append(el("p", "none", t("plan_handed_none"))); }
  const list = el("ul");
  found.handed.slice(0, MOST_CASES).forEach((one) => {
    const go = el("button", "link", one.category || one.incident_id);
    go.type = "button";
    go.addEventListener("click", () => see(one.lon, one.lat));
    list.append(el("li", null, null, go, el("span", null, t("plan_handed_row", { from: one.from || "–", to: one.to || "–", at: time(one.occurred_at) }))));
  });
  cases.append(list);
  if (found.handed_total > MOST_CASES) { cases.append(el("p", "none", t("plan_handed_more", { n: number(found.handed_total - Math.min(MOST_CASES, found.handed.length)) }))); }
  parts.push(cases);
  if (found.staff && found.staff.length) {
    parts.push(el("section", "handed", null, el("h3", null, t("plan_staff")), el("ul", null, null,
      ...found.staff.map((one) => el("li", null, staffText(one))))));
  }
  node.replaceChildren(...parts.filter(Boolean));
}

function staffText(one) {
  return [one.name, one.role && t("plan_role_" + one.role), one.code || one.grid_code, one.from && one.to ? t("plan_handed_row", { from: one.from, to: one.to, at: "" }) : ""].filter(Boolean).join(" · ");
}

/** Draw the cases that change hands on the map. */
export function drawCases(view, found) {
  view.groups.cases.clearLayers();
  if (!found) { return; }
  found.handed.forEach((one) => view.groups.cases.addLayer(L.circleMarker([one.lat, one.lon], {
    pane: "cases", renderer: view.canvases.cases, interactive: false, radius: 4, color: "#ffffff", weight: 1, fillColor: "#a2440c", fillOpacity: 0.95,
  })));
}
