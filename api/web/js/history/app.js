// The history of a set: time line, two versions chosen, and their difference as a map and a table.
import { Problem, get, send } from "../service.js";
import { drawDistrict, drawLanguages, drawWho, fillTexts, loadSession, mayOpen, workLinks } from "../shell.js";
import { PAGES, setOf } from "../state.js";
import { el, loadTexts, number, setZone, t } from "../texts.js";
import { range } from "../windows.js";
import { download } from "./csv.js";
import { drawCompare, drawSet, drawSummary, levelsOf } from "./controls.js";
import { startMap } from "./map.js";
import { ALL_LEVELS, addressOf, before, comparable, pairOf, readState } from "./state.js";
import { makeTable } from "./table.js";
import { drawTimeline } from "./timeline.js";

const timeline = document.getElementById("timeline");
const compareForm = document.getElementById("compare");
const findings = document.getElementById("findings");
const stage = document.getElementById("stage");
const notice = document.getElementById("notice");
const skeleton = document.getElementById("skeleton");

/** Grids asked for at once, and from how many on only those around the changes are drawn. */
const PAGE = 1000;
const MANY = 3000;
/** Room around the changes in which grids are drawn, as a share of their extent. */
const AROUND = 0.6;

let state = readState();
let overview = null;
let history_ = null;
let textsOf = "";
let shown = null;
let table = null;
let sort = { key: "area", down: true };
let turn = 0;
const kept = new Map();
const map = startMap(document.getElementById("map"), (id) => select(id));

/** Ask once for an address in a language. */
function ask(url) {
  const key = `${state.lang} ${url}`;
  if (!kept.has(key)) {
    const asked = get(url, state.lang);
    kept.set(key, asked);
    asked.catch(() => kept.delete(key));
  }
  return kept.get(key);
}

function drawBar(set) {
  fillTexts();
  document.title = `${t("page_history")} · ${t("product")}`;
  const pages = document.getElementById("pages");
  pages.setAttribute("aria-label", t("pages"));
  pages.replaceChildren(...[...PAGES.filter(mayOpen), "history"].map((page) => {
    const link = el("a", null, t("page_" + page));
    const query = new URLSearchParams();
    if (page !== "grids") { query.set("page", page); }
    if (state.set) { query.set("set", state.set); }
    query.set("lang", state.lang);
    link.href = page === "history" ? addressOf(state) : "/?" + query;
    if (page === "history") { link.setAttribute("aria-current", "page"); }
    return link;
  }), ...workLinks(state));
  drawLanguages(state.lang, (lang) => change({ lang }));
  drawWho(state.lang, send);
  drawDistrict(set);
}

/** Say something in place of the map and empty what it stands for. */
function say({ title, text, command, button, act }) {
  notice.replaceChildren(...[
    title && el("h2", null, title), text && el("p", null, text), command && el("code", null, command),
  ].filter(Boolean));
  if (button) {
    const again = el("button", "action", button);
    again.type = "button";
    again.addEventListener("click", act);
    notice.append(again);
  }
  notice.hidden = false;
  skeleton.hidden = true;
}

function wait() {
  notice.hidden = true;
  skeleton.hidden = false;
  document.getElementById("skeleton-say").textContent = t("history_loading");
}

/** The grids of a level of a version, page by page; in a box where there are many. */
async function gridsOf(number_, level, count, box) {
  const query = new URLSearchParams({ level, limit: PAGE });
  if (count > MANY && box) { query.set("bbox", box.join(",")); }
  let url = `/api/v1/sets/${encodeURIComponent(history_.set)}/versions/${number_}/grids?${query}`;
  const features = [];
  while (url) {
    const body = await ask(url).catch((problem) => {
      // a service may allow smaller pages only
      if (!(problem instanceof Problem) || problem.status !== 422 || !url.includes("limit=")) { throw problem; }
      query.delete("limit");
      return ask(`${url.split("?")[0]}?${query}`);
    });
    features.push(...body.features);
    const next = body.links.find((link) => link.rel === "next");
    url = next ? next.href : "";
  }
  return features;
}

/** The box of some pieces with room around it, as west, south, east, north; null where there are none. */
function boxOf(pieces) {
  if (!pieces.length) { return null; }
  const bounds = L.geoJSON({ type: "FeatureCollection", features: pieces }).getBounds().pad(AROUND);
  const edge = (value, most) => Math.min(Math.max(value, -most), most).toFixed(6);
  return [edge(bounds.getWest(), 180), edge(bounds.getSouth(), 90), edge(bounds.getEast(), 180), edge(bounds.getNorth(), 90)];
}

/** Pieces, codes and borders of the chosen level, as rows that the table takes. */
function chosen(found) {
  const order = Object.fromEntries(history_.levels.map((level) => [level.name, level.order]));
  const here = (level) => state.level === ALL_LEVELS || level === state.level;
  return {
    pieces: found.pieces.features.filter((f) => here(f.properties.level))
      .sort((a, b) => order[a.properties.level] - order[b.properties.level]),
    rows: {
      pieces: found.pieces.features.filter((f) => here(f.properties.level))
        .map((f) => ({ ...f.properties, id: f.id, levelOrder: order[f.properties.level] })),
      codes: found.rows.filter((r) => here(r.level)).map((r) => ({ ...r, levelOrder: order[r.level] })),
    },
    borders: found.borders.features.filter((f) => here(f.properties.level)),
    summary: found.summary.filter((s) => here(s.level)),
  };
}

const isSame = (found) => !found.pieces.features.length && !found.rows.length;

function drawTable(part) {
  const rows = part.rows[state.view];
  const views = el("div", "views");
  views.setAttribute("role", "group");
  views.setAttribute("aria-label", t("history_views"));
  ["pieces", "codes"].forEach((view) => {
    const button = el("button", null, t("history_view_" + view), el("small", null, number(part.rows[view].length)));
    button.type = "button";
    button.dataset.view = view;
    button.setAttribute("aria-pressed", String(view === state.view));
    button.addEventListener("click", () => { change({ view }, { quiet: true }); });
    views.append(button);
  });
  const file = el("button", "quiet", t("history_csv"));
  file.type = "button";
  file.id = "csv";
  file.addEventListener("click", () => download(
    `${t("history_csv_name")}-${history_.set}-${shown.pair[0].number}-${shown.pair[1].number}.csv`, table.lines()));
  table = makeTable(state.view, rows, {
    pick: select, sort, onSort: (next) => { sort = next; drawTable(part); },
  });
  const focused = document.activeElement && document.activeElement.dataset;
  const again = focused && (focused.sort ? `[data-sort="${focused.sort}"]` : focused.view ? `[data-view="${focused.view}"]` : null);
  const box = document.getElementById("table");
  box.replaceChildren(el("div", "table-bar", null, views, file),
    rows.length ? table.node : el("p", "none", t(isSame(shown.found) ? "history_none_title" : "history_none_level")));
  table.select(state.piece);
  if (again && box.querySelector(again)) { box.querySelector(again).focus(); }
}

/** Choose a piece on the map or in the table; choosing it again lets it go. */
function select(id) {
  state.piece = state.piece === id ? "" : id;
  history.replaceState(null, "", addressOf(state));
  map.select(state.piece);
  if (table) { table.select(state.piece); }
}

function drawFindings(found, refit) {
  const part = chosen(found);
  findings.replaceChildren(drawSummary(part.summary, found, overview, state), el("div", null));
  findings.lastElementChild.id = "table";
  drawTable(part);
  map.show({ pieces: part.pieces, borders: part.borders, refit });
  if (isSame(found)) {
    say({ title: t("history_none_title"), text: t("history_none_text", { from: shown.pair[0].number, to: shown.pair[1].number }) });
  }
  return part;
}

/** The level that is drawn beneath: the chosen one, or the finest. */
const groundLevel = () => (state.level === ALL_LEVELS ? history_.levels[history_.levels.length - 1].name : state.level);

async function drawGround(found, mine) {
  const box = boxOf(found.pieces.features);
  const context = await ask("/api/v1/context" + (found.bounds ? `?bbox=${found.bounds.join(",")}` : ""));
  const level = groundLevel();
  const edition = shown.pair[1];
  const grids = await gridsOf(edition.number, level, edition.grids[level] || 0, box);
  if (mine !== turn) { return; }
  map.ground({ context: context.features, grids });
  const changed = new Set(found.rows.filter((r) => r.level === level).map((r) => r.code));
  map.names(grids.filter((f) => changed.has(f.properties.code)));
}

async function drawDifference(pair, mine, refit) {
  const [from, to] = pair;
  const { start, end } = range({ window: state.window }, overview);
  const query = new URLSearchParams({ from: from.number, to: to.number });
  if (start) { query.set("start", start); query.set("end", end); }
  const url = `/api/v1/sets/${encodeURIComponent(history_.set)}/difference?${query}`;
  const found = await ask(url);
  if (mine !== turn) { return; }
  shown = { pair, found };
  const levels = levelsOf(found, history_);
  if (state.level !== ALL_LEVELS && !levels.some((l) => l.name === state.level)) {
    // the finest level on which something changed
    state.level = (levels.filter((l) => l.count).pop() || levels[levels.length - 1]).name;
  }
  drawCompare(compareForm, { state, history: history_, pair, levels, change });
  notice.hidden = true;
  drawFindings(found, refit);
  await drawGround(found, mine);
  if (mine !== turn) { return; }
  map.select(state.piece);
  skeleton.hidden = true;
  stage.dataset.ready = String(mine);
}

/** Show what a version changed: against the one that it was drawn from. */
function choose(edition) {
  const former = before(history_, edition);
  const next = comparable(history_)[comparable(history_).indexOf(edition) + 1];
  if (former) { change({ from: former.number, to: edition.number, piece: "", level: "" }); }
  else if (next) { change({ from: edition.number, to: next.number, piece: "", level: "" }); }
}

async function draw({ refit = true } = {}) {
  const mine = ++turn;
  delete stage.dataset.ready;
  try {
    if (textsOf !== state.lang) {
      await loadTexts(state.lang, get);
      textsOf = state.lang;
    }
    await loadSession(get, state.lang);
    wait();
    overview = overview || await get("/api/v1/overview", state.lang);
    setZone(overview.time_zone);
    const set = setOf({ set: state.set }, overview);
    drawBar(set);
    drawSet(document.getElementById("set"), overview, set, (name) => change({ set: name, from: null, to: null, level: "", piece: "" }));
    if (!set) { say({ title: t("empty_title"), text: t("empty_text"), command: t("empty_command") }); return; }
    if (state.set && state.set !== set.name) {
      document.body.dataset.empty = "true";
      say({ text: t("history_unknown_set", { set: state.set }), button: set.title || set.name, act: () => change({ set: set.name, from: null, to: null }) });
      return;
    }
    history_ = await ask(`/api/v1/sets/${encodeURIComponent(set.name)}/history`);
    if (mine !== turn) { return; }
    const pair = pairOf(state, history_);
    drawTimeline(timeline, history_, pair, choose);
    document.body.dataset.empty = String(!pair);
    if (!pair) {
      compareForm.replaceChildren();
      findings.replaceChildren();
      map.clear();
      const level = history_.levels[history_.levels.length - 1].name;
      say({ title: t("history_one_title"), text: t("history_one_text"), command: t("history_one_command", { set: set.name, level }) });
      return;
    }
    await drawDifference(pair, mine, refit);
  } catch (problem) {
    if (!(problem instanceof Problem)) { console.error(problem); }
    if (mine !== turn) { return; }
    // without texts there are only these words, in both languages
    const known = textsOf === state.lang;
    say({
      text: problem.detail || (known ? t("history_error") : "无法连接服务，请稍后重试。 The service does not answer, try again."),
      button: known ? t("try_again") : "重试 / Try again", act: () => draw(),
    });
  }
}

/** Change the state, remember the old one, and draw. `quiet`: only the table and the map change. */
function change(fields, { quiet = false } = {}) {
  const refit = ["set", "from", "to", "level"].some((key) => key in fields);
  state = { ...state, ...fields };
  history.pushState(null, "", addressOf(state));
  if (quiet && shown) { drawBar(setOf({ set: state.set }, overview)); drawTable(chosen(shown.found)); return; }
  draw({ refit });
}

window.addEventListener("popstate", () => { state = readState(); draw(); });
window.addEventListener("resize", () => map.resize());
draw();
