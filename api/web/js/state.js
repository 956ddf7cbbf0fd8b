// What is on the screen lives in the address: page, set, day of the borders, window, category, language; and, after the #, the map's view.

import { readFind, readReach } from "./facilities.js";
import { readHotspots, writeHotspots } from "./hotspots.js";

export const PAGES = ["grids", "hotspots", "coverage", "services", "staffing"];
/** Pages that tell how it stands on a day: no window, no category. */
export const OF_A_DAY = ["services", "staffing"];
/** Maps of the pages that have several; the first one if the address names none. */
export const SHOWN = {
  hotspots: ["hotspots", "significant", "emerging", "compare", "moran", "forecast", "public"],
  coverage: ["coverage", "recency", "effort", "blind"],
};
export const WINDOWS = { "1d": 1, "7d": 7, "30d": 30, "90d": 90, "365d": 365 };
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Language of the reader: the address first, then the browser, then Chinese. */
function language(asked) {
  for (const tag of [asked, ...(navigator.languages || [])]) {
    const head = (tag || "").toLowerCase().split("-")[0];
    if (head === "zh" || head === "en") { return head; }
  }
  return "zh";
}

/** Window that a page opens with: patrols are looked at by the week, incidents by the month. */
export const defaultWindow = (page) => (page === "coverage" ? "7d" : "30d");

/** Read the state from the address; anything unknown falls back to its default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.slice(1));
  const page = PAGES.includes(query.get("page")) ? query.get("page") : "grids";
  const from = query.get("from"), to = query.get("to");
  const custom = query.get("window") === "custom" && DAY.test(from || "") && DAY.test(to || "") && from <= to;
  return {
    page,
    set: query.get("set") || "",
    // the day whose borders are shown; empty: today
    at: DAY.test(query.get("at") || "") ? query.get("at") : "",
    window: custom ? "custom" : query.get("window") in WINDOWS ? query.get("window") : defaultWindow(page),
    from: custom ? from : "",
    to: custom ? to : "",
    category: query.get("category") || "",
    // the layer of facilities that the page of services is about; empty: the first one
    layer: query.get("layer") || "",
    reach: page === "services" ? readReach(query.get("reach")) : "",
    find: page === "services" ? readFind(query.get("find")) : "",
    show: page in SHOWN && SHOWN[page].includes(query.get("show")) ? query.get("show") : "",
    ...readHotspots(page === "hotspots" ? query : new URLSearchParams()),
    lang: language(query.get("lang")),
    view: hash.get("v") || "",
    grid: hash.get("grid") || "",
  };
}

/** Which map a state is about. */
export function mapOf(state) {
  const maps = SHOWN[state.page];
  return !maps ? state.page : maps.includes(state.show) ? state.show : maps[0];
}

/** Write a state as an address. */
export function addressOf(state) {
  const query = new URLSearchParams();
  if (state.page !== "grids") { query.set("page", state.page); }
  if (state.set) { query.set("set", state.set); }
  if (state.at) { query.set("at", state.at); }
  if (state.window !== defaultWindow(state.page)) { query.set("window", state.window); }
  if (state.window === "custom") { query.set("from", state.from); query.set("to", state.to); }
  if (state.category) { query.set("category", state.category); }
  if (state.layer && state.page === "services") { query.set("layer", state.layer); }
  if (state.reach && state.page === "services") { query.set("reach", state.reach); }
  if (state.find && state.page === "services") { query.set("find", state.find); }
  if (state.page in SHOWN && mapOf(state) !== SHOWN[state.page][0]) { query.set("show", state.show); }
  if (state.page === "hotspots") { writeHotspots(query, state, mapOf(state)); }
  query.set("lang", state.lang);
  return "/?" + query + hashOf(state);
}

/** The part after the #: view and selected grid. */
export function hashOf(state) {
  const hash = new URLSearchParams();
  if (state.view) { hash.set("v", state.view); }
  if (state.grid) { hash.set("grid", state.grid); }
  const text = hash.toString().replace(/%2F/g, "/");
  return text ? "#" + text : "";
}

/** The boundary set on the screen: the one in the address, else the configured one, else the first. */
export function setOf(state, overview) {
  const named = (name) => name && overview.sets.find((s) => s.name === name);
  return named(state.set) || named(overview.default_set) || overview.sets[0] || null;
}
