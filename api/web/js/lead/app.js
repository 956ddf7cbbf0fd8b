// The leader's page: a period and an area; key numbers, two maps, course, types, ranking, hours, alerts.
import { get, send } from "../service.js";
import { drawDistrict, drawLanguages, drawPages, drawWho, fillTexts, loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { day, el, isoDay, loadTexts, setZone, t, time } from "../texts.js";
import { awaitAlerts, drawAlerts } from "./alerts.js";
import { showCases } from "./cases.js";
import { drawCharts } from "./charts.js";
import { drawMaps } from "./maps.js";
import { PERIODS, addressOf, nextDay, readState } from "./state.js";
import { drawTiles } from "./tiles.js";

const board = document.getElementById("board");
const asked = document.getElementById("asked");
const notice = document.getElementById("notice");
const parts = ["tiles", "maps", "charts"].map((id) => document.getElementById(id));
const [tiles, maps, charts] = parts;

let state = readState();
let overview = null;
let newest = null;
let textsOf = "";
let turn = 0;

/** What the service is asked for. */
function query() {
  const found = new URLSearchParams();
  if (state.period === "custom") {
    found.set("start", state.from);
    found.set("end", nextDay(state.to));
  } else if (newest) {
    found.set("end", newest);
    found.set("start", new Date(new Date(newest).getTime() - PERIODS[state.period] * 86400000).toISOString());
  }
  if (state.area) { found.set("area", state.area); }
  return found;
}

function say(fields) {
  const { title, text, command, act } = fields;
  notice.replaceChildren(...[title && el("h2", null, title), text && el("p", null, text), command && el("code", null, command)].filter(Boolean));
  if (act) {
    const again = el("button", "action", t("try_again"));
    again.type = "button";
    again.addEventListener("click", act);
    notice.append(again);
  }
  notice.hidden = false;
  parts.forEach((node) => { node.hidden = true; });
  board.setAttribute("aria-busy", "false");
}

function field(label, control) {
  return el("label", null, null, el("span", null, label), control);
}

/** The choice of the period and the area. */
function drawAsked(lead) {
  const periods = el("div", "periods");
  periods.setAttribute("role", "group");
  periods.setAttribute("aria-label", t("lead_period"));
  for (const [key, days] of [...Object.entries(PERIODS), ["custom", 0]]) {
    const button = el("button", null, days ? t("lead_days", { n: days }) : t("lead_custom"));
    button.type = "button";
    button.setAttribute("aria-pressed", String(key === state.period));
    button.addEventListener("click", () => change(key === "custom"
      ? { period: key, from: isoDay(lead.start), to: isoDay(lead.end) } : { period: key, from: "", to: "" }));
    periods.append(button);
  }
  const dates = ["from", "to"].map((name) => {
    const input = el("input");
    input.type = "date";
    input.required = true;
    input.value = state[name];
    input.addEventListener("change", () => {
      const there = { ...state, [name]: input.value };
      if (input.value && there.from <= there.to) { change({ [name]: input.value }); }
    });
    return field(t("lead_" + name), input);
  });
  const area = el("select");
  area.append(new Option(t("lead_area_all"), ""), ...lead.areas.map((one) => new Option(one.title, one.code)));
  if (state.area && !lead.areas.some((one) => one.code === state.area)) { area.append(new Option(lead.area ? lead.area.title : state.area, state.area)); }
  area.value = state.area;
  area.addEventListener("change", () => change({ area: area.value }));
  const print = el("button", "quiet print", t("lead_print"));
  print.type = "button";
  print.addEventListener("click", () => window.print());
  asked.replaceChildren(periods, ...(state.period === "custom" ? dates : []), field(t("lead_area"), area), print);
}

function about(lead) {
  const last = (iso) => day(new Date(new Date(iso).getTime() - 1000).toISOString());
  const span = t("lead_window", { from: day(lead.start), to: last(lead.end), before: day(lead.before), until: last(lead.start) });
  document.getElementById("about").replaceChildren(
    el("b", null, lead.area ? lead.area.title : t("lead_area_all")), ` · ${span} · `, el("span", "as-of", t("lead_as_of", { time: time(lead.at) })));
}

async function numbers() {
  let lead = await get("/api/v1/lead?" + query(), state.lang);
  if (!newest) {
    // the end of the data: all periods that are counted back end there
    newest = lead.end;
    if (state.period !== "30d" && state.period !== "custom") { lead = await get("/api/v1/lead?" + query(), state.lang); }
  }
  return lead;
}

async function draw() {
  const mine = ++turn;
  board.setAttribute("aria-busy", "true");
  try {
    if (textsOf !== state.lang) {
      await loadTexts(state.lang, get);
      textsOf = state.lang;
    }
    await loadSession(get, state.lang);
    overview = overview || await get("/api/v1/overview", state.lang);
    setZone(overview.time_zone);
    fillTexts();
    document.title = `${t("page_lead")} · ${t("product")}`;
    const set = setOf(state, overview);
    drawPages(document.getElementById("pages"), { set: set ? set.name : "", lang: state.lang });
    drawLanguages(state.lang, (lang) => change({ lang }));
    drawWho(state.lang, send);
    drawDistrict(set);
    if (!may("cases.read")) { say({ text: t("lead_closed") }); return; }
    if (!tiles.children.length) { document.getElementById("about").textContent = t("lead_loading"); }
    const lead = await numbers();
    if (mine !== turn) { return; }
    notice.hidden = true;
    parts.forEach((node) => { node.hidden = false; });
    drawAsked(lead);
    about(lead);
    const empty = !lead.numbers[0].value && !lead.open;
    if (empty) {
      say({ title: t("lead_empty_title"), text: t("lead_empty_text"), command: t("lead_empty_command") });
      return;
    }
    drawTiles(tiles, lead, { queue: "/dispatch?" + new URLSearchParams({ queue: "overdue", lang: state.lang }), open: (one) => showCases(one, state.lang) });
    drawMaps(maps, { set: lead.set, start: lead.start, end: lead.end, lang: state.lang, from: isoDay(lead.start),
      to: isoDay(new Date(new Date(lead.end).getTime() - 1000).toISOString()) });
    drawCharts(charts, lead, { goTo: (code) => change({ area: code }) });
    awaitAlerts(charts);
    board.setAttribute("aria-busy", "false");
    const { alerts } = await get("/api/v1/cases/alerts", state.lang);
    if (mine === turn) { drawAlerts(charts, alerts, lead.set, state.lang); }
  } catch (problem) {
    if (mine !== turn) { return; }
    const known = textsOf === state.lang;
    if (known) { say({ text: problem.detail || t("lead_failed"), act: draw }); } else { notice.hidden = false; notice.textContent = "无法连接服务，请稍后重试。 The service does not answer, try again."; }
  }
}

/** Change the state, remember the old one in the history, and draw. */
function change(fields) {
  state = { ...state, ...fields };
  history.pushState(null, "", addressOf(state));
  draw();
}

asked.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("popstate", () => { state = readState(); draw(); });
draw();
