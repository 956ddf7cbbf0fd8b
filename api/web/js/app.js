// The shell: read the address, ask what there is, draw bar and panel, and put the right map on the stage.
import { get, send } from "./service.js";
import { OF_A_DAY, PAGES, addressOf, defaultWindow, hashOf, mapOf, readState, setOf } from "./state.js";
import { askServices } from "./facilities.js";
import { writeHotspots } from "./hotspots.js";
import { drawPanel } from "./panel.js";
import { startSearch } from "./search.js";
import { showNotice, startStage } from "./stage.js";
import { range } from "./windows.js";
import { drawDistrict, drawLanguages, drawWho, fillTexts, loadSession, mayOpen, showCurrent, workLinks } from "./shell.js";
import { el, loadTexts, setZone, t } from "./texts.js";

const panel = document.getElementById("panel");
const opener = document.getElementById("filters-open");
let state = readState();
let overview = null;
let layers = [];
let book = null;
let textsOf = "";
let search = null;

const stage = startStage((message) => {
  if (message.view !== undefined) { state.view = message.view; }
  if (message.selected !== undefined) { state.grid = message.selected || ""; }
  if (message.found === false && search) { search.say(t("search_no_code")); }
  if (message.view !== undefined || message.selected !== undefined) { history.replaceState(null, "", addressOf(state)); }
});

function openPanel(open) {
  panel.classList.toggle("open", open);
  opener.setAttribute("aria-expanded", String(open));
  opener.textContent = t("filters");
  if (open) { (panel.querySelector("[aria-pressed=true]") || panel.querySelector("button")).focus(); }
}

/** The way to the history of the set on the screen: a page of its own. */
function historyLink() {
  const link = el("a", null, t("page_history"));
  const query = new URLSearchParams();
  if (state.set) { query.set("set", state.set); }
  query.set("lang", state.lang);
  link.href = "/history?" + query;
  return link;
}

function drawBar() {
  fillTexts();
  document.title = `${t("page_" + state.page)} · ${t("product")}`;
  const pages = document.getElementById("pages");
  pages.setAttribute("aria-label", t("pages"));
  pages.replaceChildren(...PAGES.filter(mayOpen).map((page) => {
    const link = el("a", null, t("page_" + page));
    const window = state.window === defaultWindow(state.page) ? defaultWindow(page) : state.window;
    const there = { ...state, page, window };
    link.href = addressOf(there);
    if (page === state.page) { link.setAttribute("aria-current", "page"); }
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) { return; }
      event.preventDefault();
      // view and selection may have moved since the link was drawn
      change({ page, window, view: state.view, grid: state.grid });
    });
    return link;
  }));
  pages.append(historyLink(), ...workLinks(state));
  showCurrent(pages);
  drawLanguages(state.lang, (lang) => change({ lang }));
  drawWho(state.lang, send);
  const box = document.getElementById("search-box");
  box.placeholder = t("search_hint");
  box.title = t("search_help");
  opener.textContent = t("filters");
}

/** The layer of facilities on the screen: the one in the address, else the first. */
const layerOf = () => (layers.find((l) => l.name === state.layer) || layers[0]).name;

/** What the map page that belongs to the state is asked. */
function mapQuery() {
  const query = new URLSearchParams();
  if (mapOf(state) === "public") { // a month as it was released: nothing else can be asked
    writeHotspots(query, state, "public");
    query.set("lang", state.lang);
    return query;
  }
  const set = setOf(state, overview);
  query.set("set", state.set || (set ? set.name : ""));
  if (state.at) { query.set("at", state.at); }
  const { start, end } = range(state, overview);
  if (start) { query.set("start", start); query.set("end", end); }
  if (state.category && state.page !== "grids" && !OF_A_DAY.includes(state.page)) { query.set("category", state.category); }
  if (state.page === "services" && layers.length) { query.set("layer", layerOf()); askServices(query, state); }
  if (state.page === "hotspots") { writeHotspots(query, state, mapOf(state)); }
  query.set("lang", state.lang);
  return query;
}

/** Address of the map page that belongs to the state. */
function mapAddress() {
  return `/maps/${mapOf(state)}?${mapQuery()}`;
}

/** The set on the screen with the version of the day that is shown: today's is in the overview. */
async function shownSet() {
  const set = setOf(state, overview);
  if (!set || !state.at) { return set; }
  try {
    const { versions } = await get(`/api/v1/sets/${encodeURIComponent(set.name)}/versions`, state.lang);
    const then = versions.find((v) => v.state === "published" && v.valid_from <= state.at
      && (!v.valid_to || state.at < v.valid_to));
    return then ? { ...set, version: then.number, valid_from: then.valid_from } : { ...set, version: null };
  } catch (problem) {
    return { ...set, version: null }; // the map itself says what is wrong
  }
}

function emptyNotice() {
  if (!mayOpen(state.page)) { return { title: t("page_closed_title"), text: t("page_closed_text") }; }
  if (!overview.sets.some((s) => s.grids)) {
    return { title: t("empty_title"), text: t("empty_text"), command: t("empty_command") };
  }
  if (state.page === "hotspots" && !overview.incidents.count) {
    return { title: t("no_incidents_title"), text: t("no_incidents_text"), command: t("no_incidents_command") };
  }
  if (state.page === "services" && !layers.length) {
    return { title: t("no_layers_title"), text: t("no_layers_text"), command: t("no_layers_command") };
  }
  return null;
}

async function draw() {
  try {
    if (textsOf !== state.lang) {
      await loadTexts(state.lang, get);
      textsOf = state.lang;
    }
    await loadSession(get, state.lang);
    drawBar();
    if (!overview) {
      overview = await get("/api/v1/overview", state.lang);
      setZone(overview.time_zone);
    }
    if (state.page === "services" && mayOpen(state.page)) {
      const day = state.at ? "?at=" + state.at : "";
      const [held, services] = await Promise.all([get("/api/v1/layers" + day, state.lang), get("/api/v1/services" + day, state.lang)]);
      book = services;
      // what people shall have near by comes first, in the order of the book
      const named = book.services.flatMap((s) => s.layers);
      const place = (l) => (named.includes(l.name) ? named.indexOf(l.name) : named.length);
      layers = held.layers.filter((l) => l.planned + l.built + l.open && !book.ways.includes(l.name))
        .sort((a, b) => place(a) - place(b));
    }
  } catch (problem) {
    // without texts there are only these words, in both languages
    const known = textsOf === state.lang;
    showNotice({
      text: problem.detail || (known ? t("error_overview") : "无法连接服务，请稍后重试。 The service does not answer, try again."),
      button: known ? t("try_again") : "重试 / Try again", act: draw,
    });
    return;
  }
  drawDistrict(await shownSet());
  const facilities = state.page === "services" && layers.length ? { layers, book, layer: layerOf() } : null;
  drawPanel(panel, state, overview, facilities, mapQuery(), change, () => { openPanel(false); opener.focus(); }, (place) => {
    if (matchMedia("(max-width: 820px)").matches) { openPanel(false); }
    stage.tell(place);
  });
  search = search || startSearch({
    grids: () => stage.grids(),
    point: (lon, lat) => stage.tell({ lon, lat }),
    code: (code) => stage.tell({ code }),
  });
  const empty = emptyNotice();
  if (empty) {
    stage.forget();
    showNotice(empty);
    return;
  }
  stage.show(mapAddress(), hashOf(state));
}

/** Change the state, remember the old one in the history, and draw. */
function change(fields) {
  state = { ...state, ...fields };
  history.pushState(null, "", addressOf(state));
  if (matchMedia("(max-width: 820px)").matches) { openPanel(false); }
  draw();
}

opener.addEventListener("click", () => openPanel(!panel.classList.contains("open")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.classList.contains("open")) { openPanel(false); opener.focus(); }
});
window.addEventListener("popstate", () => { state = readState(); draw(); });
draw();
