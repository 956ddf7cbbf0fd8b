// What is compared lives in the address, so that it can be sent to a colleague.
import { WINDOWS, readState as readShell } from "../state.js";

const NUMBER = /^[1-9]\d{0,8}$/;
export const VIEWS = ["pieces", "codes"];
export const DEFAULT_WINDOW = "30d";
export const ALL_LEVELS = "*";

/** Read the state from the address; anything unknown falls back to its default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const number = (name) => (NUMBER.test(query.get(name) || "") ? Number(query.get(name)) : null);
  return {
    set: query.get("set") || "",
    from: number("from"),
    to: number("to"),
    level: query.get("level") || "",
    window: query.get("window") in WINDOWS ? query.get("window") : DEFAULT_WINDOW,
    view: VIEWS.includes(query.get("view")) ? query.get("view") : VIEWS[0],
    lang: readShell().lang,
    piece: new URLSearchParams(location.hash.slice(1)).get("piece") || "",
  };
}

/** Write a state as an address. */
export function addressOf(state) {
  const query = new URLSearchParams();
  if (state.set) { query.set("set", state.set); }
  if (state.from && state.to) { query.set("from", state.from); query.set("to", state.to); }
  if (state.level) { query.set("level", state.level); }
  if (state.window !== DEFAULT_WINDOW) { query.set("window", state.window); }
  if (state.view !== VIEWS[0]) { query.set("view", state.view); }
  query.set("lang", state.lang);
  return "/history?" + query + (state.piece ? "#piece=" + encodeURIComponent(state.piece) : "");
}

/** Every version and draft that can be compared: those in time, then the drafts. */
export const comparable = (history) => [...history.versions, ...history.drafts];

/** The version that one was drawn from, or that it follows in time. */
export function before(history, edition) {
  const all = comparable(history);
  if (edition.phase === "draft") {
    return all.find((e) => e.number === edition.based_on)
      || history.versions.filter((v) => v.valid_from <= edition.valid_from).pop() || history.versions[0] || null;
  }
  return history.versions[history.versions.indexOf(edition) - 1] || null;
}

/** Which two versions are compared: those of the address, else what the version in force changed, else the nearest. */
export function pairOf(state, history) {
  const all = comparable(history);
  const asked = [state.from, state.to].map((n) => all.find((e) => e.number === n));
  if (asked[0] && asked[1]) { return asked; }
  const current = history.versions.findIndex((v) => v.phase === "current");
  const order = [current, current + 1, history.versions.length - 1].map((i) => history.versions[i]);
  for (const edition of [...order, ...history.drafts]) {
    const former = edition && before(history, edition);
    if (former && former !== edition) { return [former, edition]; }
  }
  return null;
}
