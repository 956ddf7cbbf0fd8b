// Time windows are counted back from the newest data, never from today: data may end weeks ago.
import { WINDOWS } from "./state.js";

/** The newest instant of the data that a page is about, or null. */
export function newest(overview, page) {
  const own = page === "coverage" ? [overview.fixes.last, overview.incidents.last]
    : [overview.incidents.last, overview.fixes.last];
  return own.find(Boolean) || null;
}

/** The day after a day, both YYYY-MM-DD. */
function nextDay(day) {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/** Start and end (half-open) to ask the service for; empty where there are no data to count back from. */
export function range(state, overview) {
  if (state.window === "custom") { return { start: state.from, end: nextDay(state.to) }; }
  const last = newest(overview, state.page);
  if (!last) { return {}; }
  const end = new Date(Math.floor(new Date(last).getTime() / 1000) * 1000 + 1000);
  const start = new Date(end.getTime() - WINDOWS[state.window] * 86400000);
  return { start: start.toISOString(), end: end.toISOString() };
}
