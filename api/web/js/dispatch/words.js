// What things are called: categories, units, people, and how long it is until something is up.
import { named, number, t } from "../texts.js";

/** Codes that a page knows in words; others are shown as they are. */
const worded = (kind) => (code) => (code ? named(`page.dispatch_${kind}_${code}`, code) : "");

export const actName = worded("act");
export const statusName = worded("status");
export const channelName = worded("channel");
export const kindName = worded("kind");
export const roleName = worded("role");
export const ruleName = worded("rule");
export const categoryName = (code) => named("category." + code, code);

/** Name a unit that handles cases; `areaName` gives the name of an area by its code, or nothing. */
export function unitName(unit, areaName = () => "") {
  if (!unit) { return t("dispatch_unit_none"); }
  const at = unit.indexOf(":");
  const kind = unit.slice(0, at), code = unit.slice(at + 1);
  if (kind === "grid") { return areaName(code) || t("dispatch_unit_grid", { code }); }
  if (kind === "desk") { return t("dispatch_unit_desk", { name: areaName(code) || code }); }
  return kind === "dept" ? code : unit;
}

/** Say so many seconds in its two largest units, such as "2 h 05 min". */
export function span(seconds) {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60), rest = minutes % 60;
  if (days) { return t("dispatch_span_days", { d: number(days), h: hours }); }
  if (hours) { return t("dispatch_span_hours", { h: hours, m: String(rest).padStart(2, "0") }); }
  return t("dispatch_span_minutes", { m: rest });
}

/** How long ago something was, in seconds by the service's clock; a device whose clock is ahead was here just now. */
export const secondsSince = (iso, now) => Math.max(0, (now - new Date(iso).getTime()) / 1000);

/** Say how long ago somebody was seen. */
export const ageWords = (seconds) => (seconds < 60 ? t("dispatch_age_now") : t("dispatch_age", { m: Math.floor(seconds / 60) }));

/** How much time is left of what is up at `iso`, in seconds, by the service's clock. */
export const left = (iso, now) => (new Date(iso).getTime() - now) / 1000;

/** Say how a clock stands: time left, time over, that it stands still, or that there is none. */
export function clockWords(row, now) {
  if (row.clock === "stopped") { return t("dispatch_clock_stopped"); }
  if (!row.due_at || row.clock === "none") { return ""; }
  const seconds = left(row.due_at, now);
  return seconds < 0 ? t("dispatch_clock_over", { span: span(seconds) }) : t("dispatch_clock_left", { span: span(seconds) });
}

/** The clock of a row as it is now: between two answers of the service, time goes on. */
export function clockNow(row, now) {
  if (!row.due_at || row.clock === "stopped" || row.clock === "none") { return row.clock || "none"; }
  return left(row.due_at, now) < 0 ? "overdue" : row.clock;
}

/** Say a distance in metres or kilometres. */
export const distance = (metres) => (metres < 1000 ? `${number(Math.round(metres))} m` : `${number(Math.round(metres / 100) / 10)} km`);
