// The page on which borders are redrawn: it puts draft, map, tools and panel together.
import { Problem, get, send } from "../service.js";
import { loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { loadTexts, number, setZone, t } from "../texts.js";
import { drawAttributes } from "./attributes.js";
import { drawBar, drawDraft, tell } from "./bar.js";
import { makeChoice } from "./choice.js";
import { drawChooser } from "./chooser.js";
import { openDesk } from "./desk.js";
import { makeEdits } from "./edits.js";
import { startKeys } from "./keys.js";
import { makeKin } from "./kin.js";
import { makeLoader } from "./loader.js";
import { startMap } from "./map.js";
import { makeMarks } from "./marks.js";
import { makeModel } from "./model.js";
import { drawOthers } from "./panel.js";
import { paperLink } from "./paper.js";
import { startPointer } from "./pointer.js";
import { makePoll } from "./poll.js";
import { makeProposals } from "./proposals.js";
import { makeSides } from "./sides.js";
import { makeSnap } from "./snap.js";
import { addressOf, readState, readView, viewOf } from "./state.js";
import { makeStrip, makeToolbar } from "./toolbar.js";
import { makeTools } from "./tools/all.js";

const stage = document.getElementById("stage");
const skeleton = document.getElementById("skeleton");
const startBox = document.getElementById("start");
const side = document.getElementById("side");
const handle = document.getElementById("sheet-handle");

let state = readState();
let overview = null;
let textsOf = "";
let desk = null;
let layers = [];
let turn = 0;

const view = startMap(document.getElementById("map"));
const { map } = view;
const model = makeModel((area, gone) => { view.draw(area, gone); namesSoon(); });
const loader = makeLoader({ view, model, lang: () => state.lang });
const snap = makeSnap(map, model, view.snappable);
const marks = makeMarks(view);
const strip = makeStrip();
const choice = makeChoice({
  model, view, strip, levels: () => (desk ? desk.info.levels : []), finest: () => finestLevel(),
  changed(codes) {
    state.chosen = codes;
    history.replaceState(null, "", addressOf(state));
    if (desk) { tool().refresh(); drawGrid(); }
  },
});
const { choose, codes: chooseCodes, see: seeCodes } = choice;
const sides = makeSides({
  view, model, loader, strip, stage, desk: () => desk, lang: () => state.lang, seeCodes, drawGrid, openSheet, finest: () => finestLevel(),
  pick: (name) => pick(name), nameOf: (code) => nameOf(code), commit: (edit) => commit(edit, []), chosen: choice.list,
  moved(to) { desk.info.state = to; drawName(); }, gone: () => leave(), above: () => kin.above(desk.info), quiet: () => poll.quiet(), loud: () => poll.start(),
});
const { panel, way, compare, pins, notes, review } = sides;

const proposals = makeProposals({ view, stage, desk: () => desk, lang: () => state.lang, above: () => kin.above(desk.info), chosen: choice.list,
  layers: () => layers, say: strip.say, done: () => review.soon() });

let namesAsked = 0;
/** Write the names again, once, after all that is happening now. */
const namesSoon = () => { namesAsked ||= requestAnimationFrame(() => { namesAsked = 0; names(); }); };
const names = () => { if (desk && desk.info && !tool().busy?.()) { view.names(model.of(level())); } };

// --- what all tools share

const finestLevel = () => (desk && desk.info ? desk.info.level : "");
const choosing = () => ["select", "attributes"].includes(toolName);
const level = () => (choosing() && state.level && desk.info.levels.some((l) => l.name === state.level) ? state.level : finestLevel());
const kin = makeKin(model);
const parents = () => kin.parents(desk.info);
const nameOf = (code) => kin.nameOf(code, desk.info);

const { commit, settle, undo, redo, hear } = makeEdits({
  model, strip, review, stage, desk: () => desk, tool: () => tool(), finest: () => finestLevel(), drawTools, seeCodes,
  touched(areas) {
    if (pins.locks().length) { pins.redraw(); }
    if (choice.prune()) { return; }
    tool().refresh();
    // not while somebody fills in the form of a grid that stayed
    if (choice.list().some((area) => areas.has(area))) { drawGrid(); }
  },
});
hear.marks = pins.heard;
const poll = makePoll({
  desk: () => desk,
  news(mine) { strip.say(t("plan_others_changed")); stage.dataset.revision = String(mine.revision); review.soon(); },
});

const ctx = {
  model, view, snap, number, pins,
  finest: () => model.orders[finestLevel()] ?? 0,
  level,
  finestName: finestLevel,
  chosen: choice.list,
  only() { const [one, more] = choice.list(); return one && !more && one.level === finestLevel() ? one : null; },
  see: view.fit, comment: notes.about,
  choose, chooseCodes, commit, settle, hint: strip.hint, say: strip.say, options: strip.options,
  mark: marks.mark, tip: marks.tip,
  cursor(name) { map.getContainer().style.cursor = name; }, pointer: () => pointer,
  layers: () => layers,
  units: (layer) => loader.units(layer, state.set),
  parents,
  parentAt: (at) => kin.parentAt(at, desk.info),
};
const toolbar = makeToolbar(document.getElementById("tools"), { pick, undo, redo });
const tools = makeTools(ctx);
let toolName = "select";
const tool = () => tools[toolName].active || tools[toolName];
const pointer = startPointer(map, tool, strip.say);

function pick(name) {
  if (!desk) { return; }
  tool().stop();
  const before = level();
  toolName = name;
  strip.options(null);
  marks.mark(null);
  if (level() !== before) { choose([]); names(); }
  ctx.cursor("");
  tool().start();
  if (name === "attributes") { panel.show("grid"); openSheet(true); }
  drawTools();
}

function drawTools() {
  toolbar.show({ tool: toolName, undo: desk ? desk.undo : null, redo: desk ? desk.redo : null, busy: desk ? desk.stuck : true });
}

// --- panel

function drawGrid() {
  if (!desk || !desk.info) { return; }
  drawAttributes(panel.body("grid"), {
    chosen: choice.list(), parents: parents(), finest: ctx.finest(), say: strip.say, pick: (code) => seeCodes([code]), lockOf: notes.lockOf,
    save: (edit, area) => commit(edit, [area]), paper: (kind, code) => paperLink(desk.base, kind, code, state.lang),
  });
}

function openSheet(open) {
  side.classList.toggle("open", open);
  handle.setAttribute("aria-expanded", String(open));
  handle.textContent = t(open ? "plan_sheet_close" : "plan_sheet_open");
}

// --- start

/** Draw again whatever has words in it. */
function drawAround(set) {
  drawBar({ state, set, choose: (lang) => change({ lang }) });
  map.getContainer().setAttribute("aria-label", t("plan_map"));
  openSheet(side.classList.contains("open"));
  panel.draw();
  strip.redraw();
  view.controls(whole);
}

/** Say which draft this is; looking at another level is choosing, not drawing. */
function drawName() {
  drawDraft(desk && desk.info, state.level || finestLevel(), {
    look(name) {
      state.level = name === finestLevel() ? "" : name;
      if (!choosing()) { pick("select"); }
      choose([]);
      names();
    },
    other: () => change({ draft: null, chosen: [], view: "" }),
    propose: () => proposals.toggle(),
  });
}

const whole = () => { if (desk && desk.info && desk.info.box) { view.fit(desk.info.box); } };

function fail(problem, again) {
  if (!(problem instanceof Problem)) { console.error(problem); }
  // without texts there are only these words, in both languages
  const known = textsOf === state.lang;
  tell(problem.detail || (known ? t("plan_error") : "无法连接服务，请稍后重试。 The service does not answer, try again."),
    known ? t("try_again") : "重试 / Try again", again);
}

function leave() {
  poll.stop();
  if (desk) { tool().stop(); }
  choice.clear();
  model.clear();
  sides.clear();
  strip.far("");
  loader.forget();
  hear.left();
  proposals.left();
  desk = null;
  delete stage.dataset.ready;
  drawName();
  drawOthers(document.getElementById("others"), []);
}

async function begin() {
  const mine = ++turn;
  leave();
  startBox.hidden = true;
  try {
    if (textsOf !== state.lang) { await loadTexts(state.lang, get); textsOf = state.lang; }
    await loadSession(get, state.lang);
    overview = overview || await get("/api/v1/overview", state.lang);
    setZone(overview.time_zone);
    const set = setOf({ set: state.set }, overview);
    toolbar.draw();
    drawAround(set);
    review.clear();
    way.clear();
    document.body.dataset.draft = String(Boolean(state.draft));
    if (!may("drafts.write")) { tell(t("plan_not_allowed"), t("plan_to_maps"), () => location.assign("/?lang=" + state.lang)); return; }
    if (!set) { tell(t("plan_no_set"), t("try_again"), () => { overview = null; begin(); }); return; }
    state.set = state.draft && state.set ? state.set : set.name;
    if (!state.draft) { await showStart(mine); return; }
    await openDraft(mine);
  } catch (problem) {
    if (mine === turn) { fail(problem, begin); }
  }
}

async function showStart(mine) {
  skeleton.hidden = true;
  const history_ = await get(`/api/v1/sets/${encodeURIComponent(state.set)}/history`, state.lang);
  if (mine !== turn) { return; }
  drawChooser(startBox, {
    overview, history: history_, state, change,
    async start(body) {
      try {
        const made = await send("POST", `/api/v1/sets/${encodeURIComponent(history_.set)}/drafts`, body, state.lang);
        change({ set: history_.set, draft: made.draft.number });
      } catch (problem) { fail(problem, begin); }
    },
  });
  startBox.hidden = false;
}

async function openDraft(mine) {
  skeleton.hidden = false;
  document.getElementById("skeleton-say").textContent = t("plan_loading");
  const opened = openDesk({ set: state.set, draft: state.draft, lang: () => state.lang, hear });
  const info = await opened.open();
  if (mine !== turn) { return; }
  desk = opened;
  model.orders = Object.fromEntries(info.levels.map((l) => [l.name, l.order]));
  view.setFinest(model.orders[info.level]);
  map.invalidateSize();
  const asked = readView(state.view);
  if (asked) { map.setView(asked.at, asked.zoom, { animate: false }); } else { whole(); }
  await loader.areas(desk, (n) => { document.getElementById("skeleton-say").textContent = t("plan_loaded", { n: number(n) }); });
  if (mine !== turn) { return; }
  drawName();
  skeleton.hidden = true;
  toolName = "select";
  tool().start();
  chooseCodes(state.chosen);
  hear.others(info.others || []);
  hear.busy(0);
  if (desk.stuck) { hear.offline(desk.jobs); }
  hear.state();
  names();
  stage.dataset.ready = String(mine);
  await Promise.all([review.load(), desk.fullLog().then(() => { if (mine === turn) { hear.state(); } }), loadGround(mine), compare.start()]);
  if (mine === turn) { poll.start(); }
}

async function loadGround(mine) {
  const [features, found] = await Promise.all([loader.context(desk.info.box), loader.layers()]);
  if (mine !== turn) { return; }
  layers = found;
  view.context(features);
  tool().refresh();
}

/** Change what is looked at, and start from there. */
function change(fields) {
  state = { ...state, ...fields };
  history.pushState(null, "", addressOf(state));
  begin();
}

map.on("moveend", () => {
  if (!desk || !stage.dataset.ready) { return; }
  state.view = viewOf(map);
  history.replaceState(null, "", addressOf(state));
  names();
  loader.more(desk, choice.list()).then((read) => { strip.far(read ? "" : t("plan_zoom_nearer")); }, (problem) => strip.say(problem.detail || t("plan_error"), true));
});
startKeys({
  pick, undo, redo, whole,
  key: (event) => Boolean(desk && tool().key && tool().key(event)),
  cancel: () => Boolean(desk && tool().cancel && tool().cancel()),
});
handle.addEventListener("click", () => openSheet(!side.classList.contains("open")));
window.addEventListener("popstate", () => { state = readState(); begin(); });
window.addEventListener("resize", () => map.invalidateSize());
begin();
