// What the reader chooses, two versions, a level, a window, and what the difference comes to in a few figures.
import { WINDOWS } from "../state.js";
import { day, el, number, t } from "../texts.js";
import { levelName } from "./kinds.js";
import { ALL_LEVELS, comparable } from "./state.js";

function picker(id, label, options, value, act) {
  const select = el("select");
  select.id = id;
  options.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    select.append(option);
  });
  select.value = value;
  select.addEventListener("change", () => act(select.value));
  const name = el("label", null, label);
  name.htmlFor = id;
  return el("div", "field field-" + id, null, name, select);
}

/** The levels of a difference, coarsest first, with how many pieces and codes changed on each. */
export function levelsOf(found, history) {
  const order = (name) => history.levels.findIndex((level) => level.name === name);
  return found.summary.map((s) => ({
    name: s.level,
    count: Math.max(s.changed, found.pieces.features.filter((f) => f.properties.level === s.level).length),
  })).sort((a, b) => order(a.name) - order(b.name));
}

/** Draw the choice of a set, where there are several. */
export function drawSet(root, overview, set, act) {
  root.replaceChildren();
  if (set && overview.sets.length > 1) {
    root.append(picker("set-name", t("set"), overview.sets.map((s) => [s.name, s.title || s.name]), set.name, act));
  }
}

/** Draw the choice of two versions, a level and a window of incidents. */
export function drawCompare(form, { state, history, pair, levels, change }) {
  const focused = form.contains(document.activeElement) ? document.activeElement.id : null;
  const options = comparable(history).map((e) => [String(e.number), t("history_option", { n: e.number, phase: t("history_phase_" + e.phase) })]);
  const other = (field, value) => {
    const next = { from: pair[0].number, to: pair[1].number, [field]: Number(value), level: "", piece: "" };
    change(next);
  };
  const swap = el("button", "swap", "⇄");
  swap.type = "button";
  swap.id = "swap";
  swap.title = t("history_swap");
  swap.setAttribute("aria-label", t("history_swap"));
  swap.addEventListener("click", () => change({ from: pair[1].number, to: pair[0].number, piece: "" }));
  const named = levels.map((l) => [l.name, t("history_level_count", { level: levelName(l.name), n: number(l.count) })]);
  const windows = Object.keys(WINDOWS).filter((key) => WINDOWS[key] > 1)
    .map((key) => [key, t("history_window_option", { window: t("window_" + key) })]);
  form.setAttribute("aria-label", t("history_compare"));
  form.replaceChildren(
    picker("from", t("history_from"), options, String(pair[0].number), (value) => other("from", value)), swap,
    picker("to", t("history_to"), options, String(pair[1].number), (value) => other("to", value)),
    picker("level", t("history_level"), [...named, [ALL_LEVELS, t("history_level_all")]], state.level, (level) => change({ level, piece: "" })),
    picker("window", t("history_window"), windows, state.window, (window) => change({ window })),
  );
  if (focused && form.querySelector("#" + focused)) { form.querySelector("#" + focused).focus(); }
}

const sum = (parts, key) => (parts.some((p) => p[key] === null) ? null : parts.reduce((all, p) => all + p[key], 0));

/** The figures of the chosen levels. Over several levels ground counts on each, so only one level is summed up. */
export function drawSummary(parts, found, overview, state) {
  const leaf = state.level === ALL_LEVELS ? parts.slice(-1) : parts;
  const tile = (key, label, value, unit, note) => {
    const box = el("div", "tile", null, el("dt", null, label), el("dd", null, null,
      el("strong", null, value), unit && el("small", null, unit)), note && el("dd", "note", note));
    box.dataset.figure = key;
    return box;
  };
  const known = (value) => (value === null ? t("history_unknown") : number(Math.round(value)));
  const m2 = sum(leaf, "area_m2");
  const last = new Date(Date.parse(found.window.end) - 1).toISOString();
  const tiles = el("dl", "tiles");
  tiles.append(
    tile("changed", t("history_changed"), number(sum(leaf, "changed")), null, t("history_of", { n: number(sum(leaf, "codes")) })),
    tile("area", t("history_area"), (m2 / 1e6).toLocaleString(undefined, { maximumFractionDigits: m2 < 1e6 ? 3 : 2 }), t("history_km2")),
    tile("households", t("history_households"), known(sum(leaf, "households")), null,
      sum(leaf, "households") ? t("history_households_note") : null),
    tile("incidents", t("history_incidents"), known(sum(leaf, "incidents")), null,
      overview.incidents.count ? t("data_span", { first: day(found.window.start), last: day(last) }) : t("data_none")),
  );
  const box = el("div", "summary", null, tiles);
  const elsewhere = sum(leaf, "incidents_elsewhere");
  if (elsewhere) { box.append(el("p", "hint", t("history_elsewhere", { n: number(elsewhere) }))); }
  return box;
}
