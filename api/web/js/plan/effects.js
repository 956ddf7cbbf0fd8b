// What the draft does: each touched grid before and after, the balance of the whole, and the cases that change hands.
import { day, el, number, t, time } from "../texts.js";

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

/** How evenly each measure lies on the grids of an area; `nameOf` gives the name of an area's code. */
function balance(rows, nameOf) {
  const box = el("section", "balance", null, el("h3", null, t("plan_balance")), el("p", "about", t("plan_balance_about")));
  [...new Set(rows.map((row) => row.parent))].forEach((parent) => {
    const table = el("table", "before-after");
    const head = el("tr", null, null, ...[nameOf(parent), t("plan_before"), t("plan_after"), t("plan_balance_mean")].map((text) => {
      const cell = el("th", null, text);
      cell.scope = "col";
      return cell;
    }));
    const body = el("tbody");
    const percent = (value) => `±${number(round(value * 100, 0))}%`;
    rows.filter((row) => row.parent === parent).forEach((row) => {
      const better = Math.sign(round(row.deviation_before - row.deviation_after, 3));
      const name = el("th", null, t("plan_measure_" + row.measure));
      name.scope = "row";
      body.append(el("tr", better ? "moved" : null, null, name, el("td", null, percent(row.deviation_before)),
        el("td", null, percent(row.deviation_after), el("span", "only-read", better ? t(better > 0 ? "plan_balance_better" : "plan_balance_worse") : "")),
        el("td", null, shown(row.measure, row.mean_after))));
    });
    table.append(el("thead", null, null, head), body);
    box.append(table);
  });
  return box;
}

/** Draw the effects into a place of the panel. `pick(code)` brings a grid into view, `see(lon, lat)` a case. */
export function drawEffects(node, found, { pick, see, nameOf }) {
  if (!found) { node.replaceChildren(el("p", "none", t("plan_effects_loading"))); return; }
  if (!found.areas.length) { node.replaceChildren(el("p", "none", t("plan_effects_none"))); return; }
  const parts = [el("h3", null, t("plan_effects_areas", { n: found.areas.length })),
    el("p", "about", t("plan_effects_window", { since: day(found.start), until: day(found.end) })), ...found.areas.map((area) => areaTable(area, pick))];
  if (found.balance.length) { parts.push(balance(found.balance, nameOf)); }
  if (found.handed_total !== null) { parts.push(cases(found, see, nameOf)); }
  if (found.facilities && found.facilities.length) { parts.push(facilities(found.facilities, see, nameOf)); }
  if (found.staff.length) {
    parts.push(el("section", "handed", null, el("h3", null, t("plan_staff")), el("ul", null, null, ...found.staff.map((one) => el("li", null,
      [one.name, t("plan_role_" + one.role), one.department, one.grid_code].filter(Boolean).join(" · "))))));
  }
  node.replaceChildren(...parts);
}

/** The cases that change hands, newest first. */
function cases(found, see, nameOf) {
  const box = el("section", "handed", null, el("h3", null, t("plan_handed", { n: number(found.handed_total) })));
  if (!found.handed.length) { box.append(el("p", "none", t("plan_handed_none"))); }
  const list = el("ul");
  found.handed.slice(0, MOST_CASES).forEach((one) => {
    const go = el("button", "link", one.category || one.incident_id);
    go.type = "button";
    go.addEventListener("click", () => see(one.lon, one.lat));
    list.append(el("li", null, null, go, el("span", null, t("plan_handed_row", { from: one.from_code ? nameOf(one.from_code) : "–", to: one.to_code ? nameOf(one.to_code) : "–", at: time(one.occurred_at) }))));
  });
  box.append(list);
  if (found.handed_total > MOST_CASES) { box.append(el("p", "none", t("plan_handed_more", { n: number(found.handed_total - MOST_CASES) }))); }
  return box;
}

/** The facilities that change hands. */
function facilities(rows, see, nameOf) {
  const box = el("section", "handed facilities", null, el("h3", null, t("plan_facilities", { n: number(rows.length) })));
  const list = el("ul");
  rows.slice(0, MOST_CASES).forEach((one) => {
    const go = el("button", "link", one.name || one.code);
    go.type = "button";
    go.addEventListener("click", () => see(one.lon, one.lat));
    list.append(el("li", null, null, go, el("span", null, t("plan_facility_row", { from: one.from_code ? nameOf(one.from_code) : "–", to: one.to_code ? nameOf(one.to_code) : "–" }))));
  });
  box.append(list);
  if (rows.length > MOST_CASES) { box.append(el("p", "none", t("plan_handed_more", { n: number(rows.length - MOST_CASES) }))); }
  return box;
}

/** Draw the cases and facilities that change hands on the map. */
export function drawCases(view, found) {
  view.groups.cases.clearLayers();
  if (!found) { return; }
  (found.facilities || []).forEach((one) => view.groups.cases.addLayer(L.circleMarker([one.lat, one.lon], {
    pane: "cases", renderer: view.canvases.cases, interactive: false, radius: 6, color: "#174f87", weight: 2, fillColor: "#ffffff", fillOpacity: 1,
  })));
  found.handed.forEach((one) => view.groups.cases.addLayer(L.circleMarker([one.lat, one.lon], {
    pane: "cases", renderer: view.canvases.cases, interactive: false, radius: 4, color: "#ffffff", weight: 1, fillColor: "#a2440c", fillOpacity: 0.95,
  })));
}
