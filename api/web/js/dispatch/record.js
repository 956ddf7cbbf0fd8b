// The record of a case as a time line, and its clock with every stretch that it counted.
import { el, t, time } from "../texts.js";
import { actName, categoryName, clockNow, clockWords, distance, roleName, span, statusName, unitName } from "./words.js";

/** The record, newest first: what, who, when, why. */
export function recordCard(record, areaName) {
  const box = el("section", "part");
  box.append(el("h3", null, t("dispatch_record")));
  const list = el("ol", "timeline");
  [...record].reverse().forEach((entry) => {
    const names = entry.names && (entry.act === "merge" ? entry.names : unitName(entry.names, areaName));
    const item = el("li", entry.act === "note" ? "note" : "", null,
      el("span", "what", null, el("b", null, actName(entry.act)), names ? el("span", null, "→ " + names) : null),
      el("span", "who", [entry.by !== entry.role && entry.by, roleName(entry.role), time(entry.at)].filter(Boolean).join(" · ")),
      entry.reason ? el("q", "why", entry.reason) : null);
    list.append(item);
  });
  box.append(list);
  return box;
}

/** A limit such as "4 working_hour" in words. */
export function limitWords(limit) {
  const [amount, unit] = String(limit).split(" ");
  const short = Number(amount) < 1 && { urgent_hour: "dispatch_limit_minute", working_hour: "dispatch_limit_working_minute" }[unit];
  if (short) { return t(short, { n: Math.round(Number(amount) * 60) }); }
  return unit ? t("dispatch_limit_" + unit, { n: amount }) : String(limit);
}

/** The clock of the present stage; null where none runs. */
export function clockCard(file, now) {
  const { clock } = file;
  const row = file.case;
  if (!clock || !clock.stage) { return null; }
  const box = el("section", "part clock-part");
  box.append(el("h3", null, t("dispatch_clock")));
  const state = clockNow(row, now);
  box.append(el("p", "clock-line", null, el("b", null, t("dispatch_stage_" + clock.stage)),
    clock.limit ? el("span", null, limitWords(clock.limit)) : null,
    el("span", "clock " + state, clock.paused ? t("dispatch_clock_stopped") : clockWords({ ...row, due_at: clock.due_at || row.due_at }, now))));
  if (clock.due_at) { box.append(el("p", "soft", t("dispatch_due_at", { time: time(clock.due_at) }))); }
  if (clock.provisional) { box.append(el("p", "soft", t("dispatch_provisional"))); }
  if (clock.counted && clock.counted.length) {
    const details = el("details", "counted");
    const list = el("ul");
    clock.counted.forEach(([start, end]) => list.append(el("li", null, null,
      el("span", null, `${time(start)} – ${time(end)}`), el("small", null, span((new Date(end) - new Date(start)) / 1000)))));
    details.append(el("summary", null, t("dispatch_counted", { n: clock.counted.length })), list);
    box.append(details);
  }
  return box;
}

/** Cases that may be the same one. `merge` null: nobody here may merge. */
export function similarCard(similar, { title, none = null, open, merge, areaName }) {
  if (!similar.length && none === null) { return null; }
  const box = el("section", "part similar");
  box.append(el("h3", null, title));
  if (!similar.length) { box.append(el("p", "soft", none)); return box; }
  const list = el("ul", "similar-list");
  similar.forEach((row) => {
    const facts = [statusName(row.status), distance(row.distance_m), t("dispatch_apart", { span: span((row.minutes || 0) * 60) }),
      row.same_component && t("dispatch_same_component"), row.unit && unitName(row.unit, areaName)].filter(Boolean).join(" · ");
    const link = el("button", "link", categoryName(row.category));
    link.type = "button";
    link.addEventListener("click", () => open(row.case_id));
    const item = el("li", null, null, el("span", "similar-what", null, link, el("code", null, row.case_id)), el("small", "soft", facts));
    if (merge) {
      const button = el("button", "quiet small", t("dispatch_merge_here"));
      button.type = "button";
      button.setAttribute("aria-label", t("dispatch_merge_named", { id: row.case_id }));
      button.addEventListener("click", () => merge(row.case_id));
      item.append(button);
    }
    list.append(item);
  });
  box.append(list);
  return box;
}
