// The leader's page: a period, what it is compared with, and an area; numbers, two maps, charts, alerts, borders.
import { get, send } from "../service.js";
import { drawDistrict, drawLanguages, drawPages, drawWho, fillTexts, loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { day, el, isoDay, loadTexts, setZone, t, time } from "../texts.js";
import { drawAlerts } from "./alerts.js";
import { showCases } from "./cases.js";
import { drawCharts } from "./charts.js";
import { drawEffort } from "./effort.js";
import { drawMaps } from "./maps.js";
import { drawAsked } from "./asked.js";
import { drawRedraw } from "./redraw.js";
import { addressOf, nextDay, readState, windowOf } from "./state.js";
import { drawSudden } from "./sudden.js";
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
let underWay = new AbortController();

/** What the service is asked for. */
function query() {
  const found = new URLSearchParams();
  if (state.period === "custom") {
    found.set("start", state.from);
    found.set("end", nextDay(state.to));
  } else if (newest) {
    const [start, end] = windowOf(state.period, state.back, newest);
    found.set("start", start);
    found.set("end", end);
  }
  if (state.against === "year") { found.set("against", "year"); }
  if (state.against === "custom") {
    found.set("compare_start", state.vsFrom);
    found.set("compare_end", nextDay(state.vsTo));
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

function about(lead) {
  const last = (iso) => day(new Date(new Date(iso).getTime() - 1000).toISOString());
  const key = state.against === "before" ? "lead_window" : "lead_window_other";
  const span = t(key, { from: day(lead.start), to: last(lead.end), before: day(lead.before), until: last(lead.until) });
  document.getElementById("about").replaceChildren(
    el("b", null, lead.area ? lead.area.title : t("lead_area_all")), ` · ${span} · `, el("span", "as-of", t("lead_as_of", { time: time(lead.at) })));
}

/** So often the numbers are asked for again where too much is under way at once, and after so long. */
const PATIENCE = 5;
const PAUSE_MS = 2000;

async function numbers(ask) {
  for (let tries = 1; ; tries += 1) {
    try {
      let lead = await ask("/api/v1/lead?" + query());
      if (!newest) {
        // the end of the data: all periods that are counted back end there
        newest = lead.last;
        if (state.period !== "custom" && (state.period !== "30d" || state.back)) { lead = await ask("/api/v1/lead?" + query()); }
      }
      return lead;
    } catch (problem) {
      if (problem.status !== 429 || tries === PATIENCE) { throw problem; }
      await new Promise((done) => { setTimeout(done, PAUSE_MS); });
    }
  }
}

async function prepare(ask) {
  const { lang } = state;
  const texts = textsOf === lang ? null : loadTexts(lang, ask);
  [overview] = await Promise.all([overview || ask("/api/v1/overview"), texts]);
  textsOf = lang;
  setZone(overview.time_zone);
}

function drawShell() {
  fillTexts();
  document.title = `${t("page_lead")} · ${t("product")}`;
  const set = setOf(state, overview);
  drawPages(document.getElementById("pages"), { set: set ? set.name : "", lang: state.lang });
  drawLanguages(state.lang, (lang) => change({ lang }));
  drawWho(state.lang, send);
  drawDistrict(set);
}

/** Ask one after the other: what the cards beneath the maps need takes longer, and who goes on leaves one question behind. */
function inTurn(ask) {
  let last = Promise.resolve();
  return (url) => {
    const asked = last.then(() => ask(url));
    last = asked.catch(() => {});
    return asked;
  };
}

async function draw() {
  const mine = ++turn;
  const here = () => mine === turn;
  underWay.abort();
  underWay = new AbortController();
  const { signal } = underWay;
  const { lang } = state;
  const ask = (url) => get(url, lang, signal);
  board.setAttribute("aria-busy", "true");
  try {
    const prepared = prepare(ask);
    prepared.catch(() => {});
    await loadSession(get, lang);
    const asking = may("cases.read") ? numbers(ask) : null;
    asking?.catch(() => {}); // told below, unless the texts fail first
    await prepared;
    if (!here()) { return; }
    drawShell();
    if (!asking) { say({ text: t("lead_closed") }); return; }
    if (!tiles.children.length) { document.getElementById("about").textContent = t("lead_loading"); }
    const lead = await asking;
    if (!here()) { return; }
    notice.hidden = true;
    parts.forEach((node) => { node.hidden = false; });
    drawAsked(asked, lead, { state, newest, change });
    about(lead);
    const empty = !lead.numbers[0].value && !lead.open;
    if (empty) {
      say({ title: t("lead_empty_title"), text: t("lead_empty_text"), command: t("lead_empty_command") });
      return;
    }
    drawTiles(tiles, lead, { queue: "/dispatch?" + new URLSearchParams({ queue: "overdue", lang }), open: (one) => showCases(one, lang) });
    drawMaps(maps, { set: lead.set, start: lead.start, end: lead.end, lang, from: isoDay(lead.start),
      to: isoDay(new Date(new Date(lead.end).getTime() - 1000).toISOString()) });
    const means = { ask: inTurn(ask), here, lang, versions: [state.old, state.new], change, goTo: (code) => change({ area: code }) };
    drawCharts(charts, lead, means);
    board.setAttribute("aria-busy", "false");
    await Promise.all([drawAlerts, drawEffort, drawRedraw, drawSudden].map((drawCard) => drawCard(charts, lead, means)));
  } catch (problem) {
    if (!here()) { return; }
    const known = textsOf === lang;
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
