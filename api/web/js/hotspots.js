// The part of the panel that is about hotspots: what is counted against what, the next weeks with their scores, and released months.
import { get } from "./service.js";
import { el, number, t } from "./texts.js";

const BASES = ["count", "households", "street_km", "patrol_hours"];
const WEEKS = ["1", "2", "4"];
const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
/** Maps that count against a base. */
const BY = ["hotspots", "significant"];

/** What the address says: the base, the weeks that are foreseen, the released month. */
export const readHotspots = (query) => ({
  by: BASES.includes(query.get("by")) && query.get("by") !== BASES[0] ? query.get("by") : "",
  weeks: WEEKS.includes(query.get("weeks")) && query.get("weeks") !== WEEKS[0] ? query.get("weeks") : "",
  month: MONTH.test(query.get("month") || "") ? query.get("month") : "",
});

/** Write into an address what the map on the screen takes. */
export function writeHotspots(query, state, map) {
  if (state.by && BY.includes(map)) { query.set("by", state.by); }
  if (state.weeks && map === "forecast") { query.set("weeks", state.weeks); }
  if (state.month && map === "public") { query.set("month", state.month); }
}

function select(id, label, options, value, act) {
  const name = el("label", "label", label);
  const box = el("select");
  box.id = name.htmlFor = id;
  options.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    box.append(option);
  });
  box.value = value;
  box.addEventListener("change", () => act(box.value));
  return el("fieldset", null, null, name, box);
}

const tenth = (value) => number(Math.round(10 * value) / 10);

function scores(body) {
  const box = el("div");
  if (body.chosen) {
    const table = el("table", "scores");
    const head = el("tr", null, null, ...["score_method", "score_pai", "score_best", "score_pei"].map((key) => {
      const cell = el("th", null, t(key));
      cell.scope = "col";
      return cell;
    }));
    const rows = body.scores.map((one) => {
      const name = el("th", null, one.title);
      name.scope = "row";
      const row = el("tr", one.method === body.chosen ? "chosen" : null, null, name, el("td", null, tenth(one.pai)),
        el("td", null, tenth(one.best_pai)), el("td", null, number(Math.round(100 * one.pei)) + " %"));
      if (one.method === body.chosen) { name.append(el("small", null, t("score_chosen"))); }
      return row;
    });
    table.append(el("caption", "hint", t("score_note", { tests: number(body.tests), share: number(Math.round(100 * body.area_share)) })),
      el("thead", null, null, head), el("tbody", null, null, ...rows));
    box.append(table);
  }
  body.said.forEach((text) => box.append(el("p", "hint", text)));
  return box;
}

function forecastField(state, query, change) {
  const box = select("weeks", t("weeks"), WEEKS.map((n) => [n, t("weeks_" + n)]), state.weeks || WEEKS[0],
    (weeks) => change({ weeks: weeks === WEEKS[0] ? "" : weeks }));
  const answer = el("div", "answer", null, el("p", "hint", t("score_wait")));
  answer.setAttribute("role", "status");
  const asked = new URLSearchParams(query);
  asked.delete("start");
  get("/api/v1/hotspots/forecast?" + asked, state.lang).then(
    (body) => answer.replaceChildren(scores(body)),
    (problem) => answer.replaceChildren(el("p", "wrong", problem.detail || t("error_map"))),
  );
  box.append(answer);
  return box;
}

function publicField(state, change) {
  const box = el("div", null, null, el("p", "hint", t("score_wait")));
  get("/api/v1/public-heat?lang=" + state.lang + (state.month ? "&month=" + state.month : ""), state.lang).then((body) => {
    const field = select("month", t("public_month"), body.months.slice().reverse().map((m) => [m, m]), body.month, (month) => change({ month }));
    const kinds = el("dl", "holdings");
    kinds.setAttribute("aria-label", t("public_kinds"));
    body.kinds.filter((one) => one.incidents !== null).sort((a, b) => b.incidents - a.incidents).forEach((one) => kinds.append(
      el("div", null, null, el("dt", null, one.title), el("dd", null, number(one.incidents)))));
    box.replaceChildren(field, ...body.said.map((text) => el("p", "hint", text)), el("p", "label", t("public_kinds")), kinds);
  }, (problem) => box.replaceChildren(el("p", "wrong", problem.detail || t("error_map"))));
  return box;
}

/** The fields of the map of hotspots on the screen; `query`: what it is asked. */
export function hotspotFields(state, map, query, change) {
  if (BY.includes(map)) {
    return [select("by", t("by"), BASES.map((base) => [base, t("by_" + base)]), state.by || BASES[0],
      (by) => change({ by: by === BASES[0] ? "" : by }))];
  }
  if (map === "forecast") { return [forecastField(state, query, change)]; }
  return map === "public" ? [publicField(state, change)] : [];
}
