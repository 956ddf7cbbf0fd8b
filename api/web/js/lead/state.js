// What is on the screen lives in the address: period and how far back, what it is compared with, area, versions, language.
import { readState as readShell } from "../state.js";

/** Periods that end with the newest report, or so many of them earlier, in days. */
export const PERIODS = { "7d": 7, "30d": 30, "90d": 90, "365d": 365 };
/** What the period is compared with. */
export const AGAINST = ["before", "year", "custom"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Read the state from an address; anything unknown falls back to its default. */
export function readState() {
  const query = new URLSearchParams(location.search);
  const [from, to] = [query.get("from") || "", query.get("to") || ""];
  const custom = query.get("period") === "custom" && DAY.test(from) && DAY.test(to) && from <= to;
  const [first, last] = [query.get("vs_from") || "", query.get("vs_to") || ""];
  const own = query.get("vs") === "custom" && DAY.test(first) && DAY.test(last) && first <= last;
  const versions = [query.get("old") || "", query.get("new") || ""].map((n) => (/^\d{1,6}$/.test(n) ? n : ""));
  return {
    against: own ? "custom" : query.get("vs") === "year" ? "year" : "before",
    vsFrom: own ? first : "",
    vsTo: own ? last : "",
    old: versions[1] ? versions[0] : "",
    new: versions[0] ? versions[1] : "",
    period: custom ? "custom" : query.get("period") in PERIODS ? query.get("period") : "30d",
    back: custom || !/^\d{1,3}$/.test(query.get("back") || "") ? 0 : Number(query.get("back")),
    from: custom ? from : "",
    to: custom ? to : "",
    area: (query.get("area") || "").slice(0, 200),
    lang: readShell().lang,
  };
}

/** Write a state as an address. */
export function addressOf(state) {
  const query = new URLSearchParams({ period: state.period });
  if (state.period === "custom") { query.set("from", state.from); query.set("to", state.to); }
  if (state.back) { query.set("back", String(state.back)); }
  if (state.against !== "before") { query.set("vs", state.against); }
  if (state.against === "custom") { query.set("vs_from", state.vsFrom); query.set("vs_to", state.vsTo); }
  if (state.old) { query.set("old", state.old); query.set("new", state.new); }
  if (state.area) { query.set("area", state.area); }
  query.set("lang", state.lang);
  return "/lead?" + query;
}

/** The period that ends so many of its lengths before the newest report, as two moments. */
export function windowOf(period, back, newest) {
  const long = PERIODS[period] * 86400000;
  const end = new Date(newest).getTime() - back * long;
  return [new Date(end - long).toISOString(), new Date(end).toISOString()];
}

/** The day after a day, both YYYY-MM-DD. */
export function nextDay(day) {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}
