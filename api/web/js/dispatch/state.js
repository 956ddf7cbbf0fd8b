// What is on the screen lives in the address: queue, filters, case or place, set, language; after the #, the map's view.
import { readState as readShell } from "../state.js";

export const QUEUES = ["new", "dispatch", "handling", "verify", "overdue", "risk", "today", "all"];
/** Filters beside the queue; together they are what a saved view keeps. */
export const FILTERS = ["category", "grid", "unit", "channel", "q"];
const PLACE = /^(-?\d{1,3}(?:\.\d+)?),(-?\d{1,2}(?:\.\d+)?)$/;

/** Read "lon,lat" of the address; null when it is none. */
function placeOf(text) {
  const found = PLACE.exec(text || "");
  return found && Math.abs(Number(found[1])) <= 180 && Math.abs(Number(found[2])) <= 90
    ? { lon: Number(found[1]), lat: Number(found[2]) } : null;
}

/** Read the state from an address; anything unknown falls back to its default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  return {
    set: query.get("set") || "",
    // empty: the queue of the reader's seat
    queue: QUEUES.includes(query.get("queue")) ? query.get("queue") : "",
    ...Object.fromEntries(FILTERS.map((name) => [name, (query.get(name) || "").slice(0, 200)])),
    case: (query.get("case") || "").slice(0, 200),
    point: placeOf(query.get("point")),
    lang: readShell().lang,
    view: new URLSearchParams(location.hash.slice(1)).get("v") || "",
  };
}

/** Write a place as the address has it: to a tenth of a metre. */
export const placeText = ({ lon, lat }) => `${Number(lon.toFixed(6))},${Number(lat.toFixed(6))}`;

/** Write a state as an address. */
export function addressOf(state) {
  const query = new URLSearchParams();
  for (const name of ["set", "queue", ...FILTERS, "case"]) { if (state[name]) { query.set(name, state[name]); } }
  if (state.point && !state.case) { query.set("point", placeText(state.point)); }
  query.set("lang", state.lang);
  return "/dispatch?" + query.toString().replace(/%2C/g, ",") + (state.view ? "#v=" + state.view : "");
}

/** The part of a state that a saved view keeps. */
export const viewOf = (state) => Object.fromEntries(["queue", ...FILTERS].map((name) => [name, state[name] || ""]));

/** Tell whether two views are the same. */
export const sameView = (a, b) => ["queue", ...FILTERS].every((name) => (a[name] || "") === (b[name] || ""));
