// Course, types, hours and ranking.
import { el, number, t } from "../texts.js";
import { card, folded, roundTop, shape, tableOf } from "./drawing.js";

const share = (n, of) => (of ? (100 * n) / of : null);
const percent = (value) => (value === null ? "–" : `${number(Math.round(value * 10) / 10)}%`);
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

const WIDE = 640;
const LEFT = 40;

/** An axis line with its number. */
function rule(y, text) {
  return [shape("line", { x1: LEFT, x2: WIDE, y1: y, y2: y, class: "rule" }), shape("text", { x: LEFT - 6, y: y + 4, class: "axis end" }, text)];
}

/** Labels beneath: as many as there is room for. */
function labelsBelow(labels, y, place) {
  const every = Math.max(1, Math.ceil(labels.length / 8));
  return labels.map((text, k) => (k % every ? null
    : shape("text", { x: place(k), y, class: "axis middle" }, text.replace(/^\d{4}-/, ""))));
}

function course(lead) {
  const { labels, reported, on_time: onTime, due, period } = lead.course;
  const step = (WIDE - LEFT) / labels.length;
  const middle = (k) => LEFT + step * (k + 0.5);
  const top = roundTop(Math.max(...reported, 1));
  const bars = shape("svg", { viewBox: `0 0 ${WIDE} 150`, role: "img", "aria-label": t("lead_course_reported", { period: t("lead_period_" + period) }) },
    ...[0, 0.5, 1].flatMap((part) => rule(120 - 108 * part, top * part === Math.floor(top * part) ? number(top * part) : "")),
    ...reported.map((n, k) => {
      const high = (108 * n) / top;
      return shape("rect", { x: LEFT + step * k + step * 0.12, width: step * 0.76, y: 120 - high, height: high, class: "amount" },
        shape("title", {}, `${labels[k]}: ${number(n)}`));
    }),
    ...labelsBelow(labels, 140, middle));
  const values = labels.map((_, k) => share(onTime[k], due[k]));
  const y = (value) => 120 - 1.08 * value;
  const runs = [];
  values.forEach((value, k) => {
    if (value === null) { runs.push([]); return; }
    if (!runs.length) { runs.push([]); }
    runs[runs.length - 1].push([middle(k), y(value)]);
  });
  const line = shape("svg", { viewBox: `0 0 ${WIDE} 150`, role: "img", "aria-label": t("lead_course_on_time") },
    ...[0, 50, 100].flatMap((value) => rule(y(value), value)),
    ...runs.filter((run) => run.length).map((run) => shape("polyline", { points: run.map((p) => p.join(",")).join(" "), class: "line" })),
    ...values.map((value, k) => (value === null ? null : shape("circle", { cx: middle(k), cy: y(value), r: 3, class: "dot" },
      shape("title", {}, `${labels[k]}: ${percent(value)} (${number(onTime[k])}/${number(due[k])})`)))),
    ...labelsBelow(labels, 140, middle));
  const table = tableOf([t("lead_col_label"), t("lead_col_reported"), t("lead_col_on_time")],
    labels.map((label, k) => [label, number(reported[k]), `${percent(values[k])} (${number(onTime[k])}/${number(due[k])})`]));
  const body = el("div", "pair", null,
    el("figure", null, null, el("figcaption", null, t("lead_course_reported", { period: t("lead_period_" + period) })), bars),
    el("figure", null, null, el("figcaption", null, t("lead_course_on_time")), line));
  return card("course", t("lead_course_title"), null, body, table);
}

function types(lead) {
  const top = Math.max(1, ...lead.types.map((one) => Math.max(one.reported, one.before)));
  const list = el("ol", "types-list", null, ...lead.types.map((one) => {
    const bar = shape("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      shape("rect", { x: 0, y: 1, width: (100 * one.reported) / top, height: 8, class: "amount" }),
      shape("line", { x1: (100 * one.before) / top, x2: (100 * one.before) / top, y1: 0, y2: 10, class: "mark" }));
    return el("li", null, null, el("span", "name", one.title), bar, el("span", "figure", number(one.reported)));
  }));
  const table = tableOf([t("lead_col_type"), t("lead_col_reported"), t("lead_col_before"), t("lead_col_on_time")],
    lead.types.map((one) => [one.title, number(one.reported), number(one.before),
      `${percent(share(one.on_time, one.due))} (${number(one.on_time)}/${number(one.due)})`]));
  return card("types", t("lead_types_title"), t("lead_types_note"), list, table);
}

/** The level of a cell: 0 none, then five by share of the largest. */
const levelOf = (n, most) => (n ? Math.min(5, Math.ceil((5 * n) / most)) : 0);

function hours(lead) {
  const most = Math.max(1, ...lead.hours.flat());
  const [wide, high, left] = [22, 18, 44];
  const cells = lead.hours.flatMap((row, d) => [
    shape("text", { x: left - 6, y: 14 + d * high, class: "axis end" }, t("lead_" + WEEKDAYS[d])),
    ...row.map((n, h) => shape("rect", { x: left + h * wide, y: d * high, width: wide - 1, height: high - 1, class: "cell level-" + levelOf(n, most) },
      shape("title", {}, t("lead_hours_cell", { day: t("lead_" + WEEKDAYS[d]), hour: h, n: number(n) }))))]);
  const under = [0, 3, 6, 9, 12, 15, 18, 21].map((h) => shape("text", { x: left + h * wide, y: 7 * high + 14, class: "axis" }, h));
  const chart = shape("svg", { viewBox: `0 0 ${left + 24 * wide} ${7 * high + 18}`, role: "img", "aria-label": t("lead_hours_title") }, ...cells, ...under);
  const table = tableOf(["", ...lead.hours[0].map((_, h) => String(h))],
    lead.hours.map((row, d) => [t("lead_" + WEEKDAYS[d]), ...row.map((n) => number(n))]));
  return card("hours", t("lead_hours_title"), t("lead_hours_note"), chart, table);
}

const FEW = 10;

function places(lead, goTo) {
  const rowOf = (one) => {
    let name = one.title;
    if (one.code && one.code !== (lead.area && lead.area.code) && lead.areas.some((area) => area.code === one.code)) {
      name = el("button", "link", one.title);
      name.type = "button";
      name.addEventListener("click", () => goTo(one.code));
    }
    const value = share(one.on_time, one.due);
    return [one.rank === null ? "–" : String(one.rank), el("span", "place", null, name), number(one.reported),
      el("span", "figure of", null, el("b", null, percent(value)), el("small", null, `${number(one.on_time)}/${number(one.due)}`)),
      one.hours === null ? "–" : number(Math.round(one.hours * 10) / 10), `${number(one.reworks)}/${number(one.handled)}`];
  };
  const heads = ["rank", "place", "reported", "on_time", "hours", "reworks"].map((key) => t("lead_col_" + key));
  const table = folded(lead.places.length, FEW, (count) => tableOf(heads, lead.places.slice(0, count).map(rowOf), "ranking"));
  return card("places", t("lead_places_title"), t("lead_places_note"), table, null);
}

/** Draw all charts; `goTo` shows the numbers of a place. */
export function drawCharts(node, lead, { goTo }) {
  node.replaceChildren(course(lead), types(lead), places(lead, goTo), hours(lead));
}
