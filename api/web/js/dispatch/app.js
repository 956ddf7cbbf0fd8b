// The page of the dispatcher: queue, map and case side by side, the state in the address, and what happens as it happens.
import { Problem, get, send } from "../service.js";
import { drawDistrict, drawLanguages, drawPages, drawWho, fillTexts, loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { el, loadTexts, setZone, t } from "../texts.js";
import { makeArrivals } from "./arrivals.js";
import { makeCase } from "./case.js";
import { startGround } from "./ground.js";
import { makeIntake } from "./intake.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMap } from "./map.js";
import { makeNear } from "./near.js";
import { drawTabs, makeQueue } from "./queue.js";
import { makeReader } from "./reader.js";
import { startSearch } from "./search.js";
import { makeSeat } from "./seat.js";
import { drawSieve } from "./sieve.js";
import { FILTERS, addressOf, placeText, readState } from "./state.js";
import { drawLine, nothingOpen, say, tell } from "./screen.js";

const byId = (id) => document.getElementById(id);
const panel = byId("case"), notice = byId("notice"), skeleton = byId("skeleton");
/** Clocks and ages are written again so often. */
const TICK = 15_000;

let state = readState();
let set = null, ground = null, seat = null, textsOf = "", counts = null, keyShown = "";
/** By how much the service's clock is ahead of this machine's, in milliseconds. */
let ahead = 0;
let keys = 0, shownOwner = null;
const now = () => Date.now() + ahead;
const areaName = (code) => (ground ? ground.areaName(code) : "");

/** Write the state into the address; `push`: the way back leads to what was there before. */
function note(push) {
  history[push ? "pushState" : "replaceState"](null, "", addressOf(state));
}

const map = startMap(byId("map"), {
  now,
  ask: (place) => openPlace(place),
  pick: (id) => openCase(id),
  moved: ({ view, zoom, box }) => {
    if (!set) { return; }
    state.view = view;
    note(false);
    ground.look(box, zoom).catch(quietly);
  },
});

function quietly(problem) { if (!(problem instanceof Problem)) { throw problem; } }

const near = makeNear({ lang: () => state.lang, now, map });
const common = { lang: () => state.lang, areaName, say, go: (id) => openCase(id), close: closePanel, near: near.node };

/** Show on the map who answers for a place: the grid filled, the areas above it around it. */
async function showOwner(place, owner, look) {
  shownOwner = [place, owner, look];
  map.place(place, look);
  const own = owner.grid ? await ground.shape(owner.grid.code, place).catch(() => null) : null;
  const above = await Promise.all(owner.chain.filter((area) => !owner.grid || area.code !== owner.grid.code)
    .map((area) => (areaName(area.code) ? ground.shape(area.code, place) : null)));
  map.owner(own, above.filter(Boolean), place);
  map.bring(place, own);
}

const file = makeCase(panel, {
  ...common,
  seat: () => seat.role(),
  now,
  opened(found, fresh) {
    const { case: row, owner } = found;
    if (!fresh) { return; }
    near.open(row);
    showOwner(row, owner || { grid: null, chain: [] }, { emergency: row.emergency, accuracy: row.accuracy_m || 0 }).catch(quietly);
  },
  acted() { reader.read(); },
});

const intake = makeIntake(panel, {
  ...common,
  mayWrite: () => may("cases.write"),
  located(place, answer, accuracy) { showOwner(place, answer.owner, { accuracy }).catch(quietly); },
  opened(id) { reader.read(); openCase(id); },
});

const queue = makeQueue({
  list: byId("rows"), end: byId("rows-end"), now, areaName, pick: (id) => openCase(id), more: () => reader.more(),
});

const reader = makeReader({
  state: () => ({ ...state, queue: shownQueue() }),
  shown({ rows, counts: found, next, at, key }) {
    counts = found;
    ahead = new Date(at).getTime() - Date.now();
    queue.clearBones();
    queue.show(rows, { next, lang: state.lang, queue: shownQueue(), filtered: FILTERS.some((name) => state[name]), same: key === keyShown });
    keyShown = key;
    tabs();
    drawFilters();
    map.cases(rows, file.id());
    queue.open(state.case);
    notice.hidden = true;
    byId("queue").dataset.ready = "true";
  },
  failed(problem) {
    quietly(problem);
    if (problem.status === 0 && keyShown) { return; } // the mark of the line says it, and what was read stays
    queue.clearBones();
    const again = el("button", "action", t("try_again"));
    again.type = "button";
    again.addEventListener("click", () => reader.read());
    byId("rows-end").replaceChildren(el("div", "empty", null, el("p", null, problem.detail || t("dispatch_error")), again));
  },
});

const shownQueue = () => state.queue || seat.queue();
const tabs = () => drawTabs(byId("tabs"), { queue: shownQueue(), counts, choose: (name) => change({ queue: name }) });

let filtersShown = "";
/** Draw the filters again only when they would look different: what somebody types in stays. */
function drawFilters() {
  const units = [...new Set(queue.rows().map((row) => row.unit).filter(Boolean))];
  const key = JSON.stringify([state.lang, FILTERS.map((name) => state[name]), units, units.map((unit) => areaName(unit.slice(unit.indexOf(":") + 1)))]);
  if (key === filtersShown) { return; }
  filtersShown = key;
  drawSieve(byId("sieve"), { state, rows: queue.rows(), areaName, change });
}

/** Change queue or filters. */
function change(fields, { keep = false } = {}) {
  state = { ...state, ...fields };
  note(!keep);
  tabs();
  if (!keep) { queue.wait(); }
  reader.read();
}

/** Open a case; `focus`: the panel takes the keyboard. */
function openCase(id, push = true) {
  if (!id) { return; }
  if (!may("cases.file")) { say(t("dispatch_file_closed")); return; }
  intake.forget();
  if (state.case !== id || state.point) {
    state = { ...state, case: id, point: null };
    note(push);
    near.forget();
  }
  document.body.dataset.panel = "case";
  panel.hidden = false;
  file.open(id);
  queue.open(id, true);
  map.cases(queue.rows(), id);
}

function openPlace(place, called = "", push = true) {
  file.forget();
  state = { ...state, case: "", point: place };
  note(push);
  document.body.dataset.panel = "place";
  near.forget();
  map.owner(null, []);
  map.place(place);
  map.cases(queue.rows(), "");
  queue.open("");
  intake.open(place, called);
  near.open(place);
  intake.focus();
}

/** Close the panel and give the keyboard back to the queue. */
function closePanel() {
  file.forget();
  intake.forget();
  state = { ...state, case: "", point: null };
  note(true);
  emptyPanel();
  const row = byId("rows").querySelector(".cursor button") || byId("rows").querySelector("button");
  (row || byId("rows")).focus({ preventScroll: true });
}

function emptyPanel() {
  document.body.dataset.panel = "";
  map.place(null);
  map.owner(null, []);
  near.forget();
  map.cases(queue.rows(), "");
  queue.open("");
  panel.removeAttribute("aria-busy");
  panel.setAttribute("aria-label", t("dispatch_panel"));
  panel.replaceChildren(nothingOpen());
}

function drawBar() {
  fillTexts();
  document.title = `${t("page_dispatch")} · ${t("product")}`;
  drawPages(byId("pages"), state);
  drawLanguages(state.lang, (lang) => { state = { ...state, lang }; note(true); start(); });
  drawWho(state.lang, send);
  const box = byId("search-box");
  box.placeholder = t("dispatch_search_hint");
  box.title = t("dispatch_search_help");
  byId("queue").setAttribute("aria-label", t("dispatch_queue"));
  byId("rows").setAttribute("aria-label", t("dispatch_queue"));
}

/** Show what the address says: case, place, queue. */
function follow() {
  if (state.case) { openCase(state.case, false); } else if (state.point) { openPlace(state.point, "", false); } else { file.forget(); intake.forget(); emptyPanel(); }
}

/** Draw everything in the language of the state; the first time, begin. */
async function start() {
  try {
    if (textsOf !== state.lang) { await loadTexts(state.lang, get); textsOf = state.lang; }
    const session = await loadSession(get, state.lang);
    drawBar();
    delete document.body.dataset.closed;
    if (!may("cases.read")) { tell({ title: t("page_closed_title"), text: t("dispatch_closed_text") }); return; }
    if (!set) {
      byId("skeleton-say").textContent = t("dispatch_loading");
      const overview = await get("/api/v1/overview", state.lang);
      setZone(overview.time_zone);
      set = setOf(state, overview);
      if (!set || !set.grids) { set = null; tell({ title: t("empty_title"), text: t("empty_text"), command: t("empty_command") }); return; }
      ground = startGround({ ...set, bounds: overview.bounds }, (part) => map.ground(part));
      seat = makeSeat(session);
      if (!map.view(state.view) && overview.bounds) { map.fit(overview.bounds); }
      begin();
    } else { file.redraw(); intake.redraw(); near.tick(); map.again(); }
  } catch (problem) {
    quietly(problem);
    tell({ text: problem.detail || (textsOf ? t("dispatch_error") : "无法连接服务，请稍后重试。 The service does not answer, try again."), act: start, button: textsOf ? t("try_again") : "重试 / Try again" });
    return;
  }
  drawDistrict(set);
  drawLine();
  map.controls();
  seat.draw(byId("seat"), () => { file.redraw(); if (!state.queue) { change({}); } });
  filtersShown = "";
  tabs();
  if (!keyShown) { queue.wait(); }
  reader.read();
  if (!state.case && !state.point) { emptyPanel(); }
}

/** What is done once: the line, the keys, the ground. */
function begin() {
  follow();
  ground.load().then(() => { skeleton.hidden = true; byId("stage").dataset.ready = "true"; queue.tick(); drawFilters(); file.redraw(); if (shownOwner && (state.case || state.point)) { showOwner(...shownOwner).catch(quietly); } }).catch((problem) => {
    quietly(problem);
    skeleton.hidden = true; // the queue works without a map
    say(problem.detail || t("error_map"));
  });
  startLive({
    happened: makeArrivals({ rows: () => queue.rows(), read: () => reader.read(), open: () => state.case, changed: () => file.refresh(), areaName, say }),
    moved: may("patrols.live") ? near.moved : undefined,
    again() { reader.read(); file.refresh(); near.again(); },
    state: drawLine,
  });
  const search = startSearch({ lang: () => state.lang, rows: () => queue.rows(), point: openPlace, open: (id) => openCase(id) });
  startKeys({
    say,
    step(by) {
      const id = queue.step(by);
      if (id && state.case && document.body.dataset.panel === "case") { openCase(id, false); }
    },
    open: () => openCase(queue.cursor()),
    queue: (name) => change({ queue: name }),
    search: () => search.focus(),
    async act(letter) {
      if (!state.case && queue.cursor()) { openCase(queue.cursor()); }
      if (!state.case) { return; }
      // a key that comes before the act of the one before it was answered waits for that answer
      const mine = ++keys;
      const fine = await file.ready();
      if (fine && mine === keys) { file.key(letter); }
    },
    escape() { if (!file.cancel() && (state.case || state.point)) { closePanel(); } },
  });
  setInterval(() => { queue.tick(); file.tick(); near.tick(); map.again(); }, TICK);
}

window.addEventListener("popstate", () => {
  const before = state;
  state = readState();
  if (before.lang !== state.lang) { start(); }
  if (!set) { return; }
  if (addressOf({ ...before, case: "", point: null, view: "" }) !== addressOf({ ...state, case: "", point: null, view: "" })) { change({}, { keep: true }); }
  if (before.case !== state.case || (before.point && placeText(before.point)) !== (state.point && placeText(state.point))) { follow(); }
});
window.addEventListener("resize", () => map.resize());
start();
