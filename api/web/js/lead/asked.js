// What is asked for: the period, what it is compared with, the area; and what can be taken away on paper.
import { day, el, isoDay, t } from "../texts.js";
import { AGAINST, PERIODS, windowOf } from "./state.js";

/** So long after the last move the numbers of a period are asked for. */
const SETTLED_MS = 250;

function field(label, control) {
  return el("label", null, null, el("span", null, label), control);
}

/** Two fields of days; `set` hears of them when they are a span. */
function days(from, to, labels, set) {
  const inputs = [from, to].map((value) => {
    const input = el("input");
    input.type = "date";
    input.required = true;
    input.value = value;
    return input;
  });
  inputs.forEach((input) => input.addEventListener("change", () => {
    const [first, last] = inputs.map((one) => one.value);
    if (first && last && first <= last) { set(first, last); }
  }));
  return inputs.map((input, k) => field(labels[k], input));
}

function periods(lead, state, change) {
  const group = el("div", "periods");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", t("lead_period"));
  for (const [key, length] of [...Object.entries(PERIODS), ["custom", 0]]) {
    const button = el("button", null, length ? t("lead_days", { n: length }) : t("lead_custom"));
    button.type = "button";
    button.name = "period-" + key;
    button.setAttribute("aria-pressed", String(key === state.period));
    button.addEventListener("click", () => change(key === "custom"
      ? { period: key, back: 0, from: isoDay(lead.start), to: lastDay(lead.end) } : { period: key, back: 0, from: "", to: "" }));
    group.append(button);
  }
  return group;
}

/** The last day of a half-open window: as in an address, and as it is said. */
const lastMoment = (end) => new Date(new Date(end).getTime() - 1000).toISOString();
const lastDay = (end) => isoDay(lastMoment(end));
const lastDayOf = (end) => day(lastMoment(end));

/** The slider of time: the period goes back by its own length, as far as there are cases. */
function slider(lead, state, newest, change) {
  if (state.period === "custom" || !lead.first) { return null; }
  const most = Math.max(state.back, Math.ceil((new Date(newest) - new Date(lead.first)) / (PERIODS[state.period] * 86400000)) - 1);
  if (most < 1) { return null; }
  const range = el("input");
  range.type = "range";
  range.name = "back";
  range.min = String(-most);
  range.max = "0";
  range.step = "1";
  range.value = String(-state.back);
  range.setAttribute("aria-label", t("lead_slider"));
  const said = el("output");
  let settling = 0;
  const tell = () => {
    const [from, end] = windowOf(state.period, -Number(range.value), newest);
    said.textContent = t("lead_slider_at", { from: day(from), to: lastDayOf(end) });
    range.setAttribute("aria-valuetext", said.textContent);
  };
  const moved = () => {
    tell();
    clearTimeout(settling);
    settling = setTimeout(() => { if (-Number(range.value) !== state.back) { change({ back: -Number(range.value) }); } }, SETTLED_MS);
  };
  const step = (by, name, text) => {
    const button = el("button", null, text);
    button.type = "button";
    button.name = name;
    button.setAttribute("aria-label", t("lead_slider_" + name));
    button.addEventListener("click", () => {
      range.value = String(Number(range.value) + by);
      moved();
    });
    return button;
  };
  range.addEventListener("input", moved);
  tell();
  return el("div", "slider", null, step(-1, "earlier", "‹"), range, step(1, "later", "›"), said);
}

function against(lead, state, change) {
  const select = el("select");
  select.name = "against";
  select.append(...AGAINST.map((key) => new Option(t("lead_against_" + key), key)));
  select.value = state.against;
  select.addEventListener("change", () => change(select.value === "custom"
    ? { against: "custom", vsFrom: isoDay(lead.before), vsTo: lastDay(lead.until) } : { against: select.value, vsFrom: "", vsTo: "" }));
  const own = state.against === "custom"
    ? days(state.vsFrom, state.vsTo, [t("lead_vs_from"), t("lead_to")], (vsFrom, vsTo) => change({ vsFrom, vsTo })) : [];
  return [field(t("lead_against"), select), ...own];
}

function area(lead, state, change) {
  const select = el("select");
  select.name = "area";
  select.append(new Option(t("lead_area_all"), ""), ...lead.areas.map((one) => new Option(one.title, one.code)));
  if (state.area && !lead.areas.some((one) => one.code === state.area)) { select.append(new Option(lead.area ? lead.area.title : state.area, state.area)); }
  select.value = state.area;
  select.addEventListener("change", () => change({ area: select.value }));
  return field(t("lead_area"), select);
}

/** The report of what is shown, and that of its last day: as PDF and as a page. */
function reports(lead, state) {
  const [first, last] = [isoDay(lead.start), lastDay(lead.end)];
  const links = [["lead_report_period", `${first}..${last}`], ["lead_report_day", last]].flatMap(([key, period]) =>
    ["pdf", "html"].map((kind) => {
      const link = el("a", null, t(key, { kind: kind.toUpperCase() }));
      link.href = `/api/v1/reports/briefing.${kind}?` + new URLSearchParams({ period, lang: state.lang, ...(state.area ? { area: state.area } : {}) });
      if (kind === "html") { link.target = "_blank"; link.rel = "noopener"; }
      return link;
    }));
  return el("details", "reports", null, el("summary", "quiet", t("lead_report")), el("div", null, null, ...links));
}

/** Draw the controls; the one that was used keeps the focus. */
export function drawAsked(node, lead, { state, newest, change }) {
  const used = node.contains(document.activeElement) ? document.activeElement.name : "";
  const own = state.period === "custom"
    ? days(state.from, state.to, [t("lead_from"), t("lead_to")], (from, to) => change({ from, to })) : [];
  const print = el("button", "quiet print", t("lead_print"));
  print.type = "button";
  print.addEventListener("click", () => window.print());
  const time = slider(lead, state, newest, change);
  node.replaceChildren(periods(lead, state, change), ...(time ? [time] : []), ...own, ...against(lead, state, change), area(lead, state, change),
    el("span", "away", null, reports(lead, state), print));
  if (used) { [...node.elements].find((one) => one.name === used)?.focus(); }
}
