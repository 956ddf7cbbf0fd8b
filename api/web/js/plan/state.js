// What is planned lives in the address, so that it can be sent to a colleague: set, draft, level, day; and, after the #, view and selection.
import { readState as readShell } from "../state.js";

const NUMBER = /^[1-9]\d{0,8}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const VIEW = /^(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/;
/** Grids that an address names at most. */
const MOST_CHOSEN = 20;

/** Read the state from the address; anything unknown falls back to its default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const hash = new URLSearchParams(location.hash.slice(1));
  return {
    set: query.get("set") || "",
    draft: NUMBER.test(query.get("draft") || "") ? Number(query.get("draft")) : null,
    level: query.get("level") || "",
    // the day whose version a new draft starts from; empty: today
    at: DAY.test(query.get("at") || "") ? query.get("at") : "",
    lang: readShell().lang,
    view: VIEW.test(hash.get("v") || "") ? hash.get("v") : "",
    chosen: (hash.get("grids") || "").split(",").filter(Boolean).slice(0, MOST_CHOSEN),
  };
}

/** Write a state as an address. */
export function addressOf(state) {
  const query = new URLSearchParams();
  if (state.set) { query.set("set", state.set); }
  if (state.draft) { query.set("draft", state.draft); }
  if (state.level) { query.set("level", state.level); }
  if (state.at) { query.set("at", state.at); }
  query.set("lang", state.lang);
  const hash = new URLSearchParams();
  if (state.view) { hash.set("v", state.view); }
  if (state.chosen.length) { hash.set("grids", state.chosen.slice(0, MOST_CHOSEN).join(",")); }
  const after = hash.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
  return "/plan?" + query + (after ? "#" + after : "");
}

/** A view of the map as text: zoom, latitude, longitude. */
export function viewOf(map) {
  const at = map.getCenter();
  return `${map.getZoom()}/${at.lat.toFixed(6)}/${at.lng.toFixed(6)}`;
}

/** The view that a text names: {zoom, at: [lat, lon]}, or null. */
export function readView(text) {
  const found = VIEW.exec(text);
  return found && { zoom: Number(found[1]), at: [Number(found[2]), Number(found[3])] };
}
