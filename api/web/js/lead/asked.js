// What is asked for: the period, what it is compared with, the area; and what can be taken away on paper.
import { el, isoDay, t } from "../texts.js";
import { AGAINST, PERIODS } from "./state.js";

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
    button.setAttribute("aria-pressed", String(key === state.period));
    button.addEventListener("click", () => change(key === "custom"
      ? { period: key, from: isoDay(lead.start), to: lastDay(lead.end) } : { period: key, from: "", to: "" }));
    group.append(button);
  }
  return group;
}

/** The last day of a half-open window. */
const lastDay = (end) => isoDay(new Date(new Date(end).getTime() - 1000).toISOString());

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

/** Draw the controls. */
export function drawAsked(node, lead, state, change) {
  const own = state.period === "custom"
    ? days(state.from, state.to, [t("lead_from"), t("lead_to")], (from, to) => change({ from, to })) : [];
  const print = el("button", "quiet print", t("lead_print"));
  print.type = "button";
  print.addEventListener("click", () => window.print());
  node.replaceChildren(periods(lead, state, change), ...own, ...against(lead, state, change), area(lead, state, change),
    el("span", "away", null, reports(lead, state), print));
}
