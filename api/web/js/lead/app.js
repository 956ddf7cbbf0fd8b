// The leader's page: a period, what it is compared with, and an area; numbers, two maps, charts, alerts, borders.
import { get, send } from "../service.js";
import { drawDistrict, drawLanguages, drawPages, drawWho, fillTexts, loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { day, el, isoDay, loadTexts, setZone, t, time } from "../texts.js";
import { awaitAlerts, drawAlerts } from "./alerts.js";
import { showCases } from "./cases.js";
import { drawCharts } from "./charts.js";
import { drawEffort } from "./effort.js";
import { drawMaps } from "./maps.js";
import { drawAsked } from "./asked.js";
import { drawRedraw } from "./redraw.js";
import { PERIODS, addressOf, nextDay, readState } from "./state.js";
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
    drawAsked(asked, lead, state, change);
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
    // each by itself: the alerts do not wait for the tracks of a month
    await Promise.all([
      get("/api/v1/cases/alerts", state.lang).then(({ alerts }) => { if (mine === turn) { drawAlerts(charts, alerts, lead.set, state.lang); } }),
      drawSudden(charts, lead, { lang: state.lang, here: () => mine === turn }),
      drawEffort(charts, lead, { lang: state.lang, goTo: (code) => change({ area: code }), here: () => mine === turn }),
      drawRedraw(charts, lead, { state, change, here: () => mine === turn }),
    ]);
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
