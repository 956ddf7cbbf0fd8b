// The page on which borders are redrawn: it puts draft, map, tools and panel together.
import { Problem, get, send } from "../service.js";
import { loadSession, may } from "../shell.js";
import { setOf } from "../state.js";
import { loadTexts, number, setZone, t } from "../texts.js";
import { drawAttributes } from "./attributes.js";
import { drawBar, drawDraft, tell } from "./bar.js";
import { drawChooser } from "./chooser.js";
import { openDesk } from "./desk.js";
import { makeEdits } from "./edits.js";
import { boxOf } from "./geometry.js";
import { startKeys } from "./keys.js";
import { makeKin } from "./kin.js";
import { makeLoader } from "./loader.js";
import { startMap } from "./map.js";
import { makeMarks } from "./marks.js";
import { makeModel } from "./model.js";
import { drawOthers, makePanel } from "./panel.js";
import { startPointer } from "./pointer.js";
import { makeReview } from "./review.js";
import { makeSnap } from "./snap.js";
import { addressOf, readState, readView, viewOf } from "./state.js";
import { makeStrip, makeToolbar } from "./toolbar.js";
import { makeTools } from "./tools/all.js";
import { paperLink } from "./paper.js";
import { makeWay } from "./way.js";

const stage = document.getElementById("stage");
const skeleton = document.getElementById("skeleton");
const startBox = document.getElementById("start");
const side = document.getElementById("side");
const handle = document.getElementById("sheet-handle");

/** How often is asked what others did, in milliseconds: looked at, and in the background. */
const POLL = 2000;
const POLL_HIDDEN = 15_000;

let state = readState();
let overview = null;
let textsOf = "";
let desk = null;
let layers = [];
let turn = 0;
let polling = 0;

const view = startMap(document.getElementById("map"));
const { map } = view;
const model = makeModel((area, gone) => { view.draw(area, gone); later(names); });
const loader = makeLoader({ view, model, lang: () => state.lang });
const snap = makeSnap(map, model, view.snappable);
const marks = makeMarks(view);
const strip = makeStrip();
const panel = makePanel(document.getElementById("panel"), (name) => { if (name === "grid") { drawGrid(); } if (name === "way") { way.load(); } });
const way = makeWay({ node: panel.body("way"), desk: () => desk, lang: () => state.lang, moved: (to) => { desk.info.state = to; drawName(); }, gone: () => leave(),
  above: () => kin.above(desk.info) });
const review = makeReview({ view, panel, loader, desk: () => desk, stage, seeCodes, fill: () => pick("hole"), nameOf: (code) => nameOf(code),
  also: () => { if (panel.current() === "way" || desk.info.state !== "open") { way.load(); } } });

let namesAsked = 0;
/** Do a thing once, after all that is happening now. */
function later(what) {
  if (!namesAsked) { namesAsked = requestAnimationFrame(() => { namesAsked = 0; what(); }); }
}
const names = () => { if (desk && desk.info && !tool().busy?.()) { view.names(model.of(level())); } };

// --- what all tools share

const finestLevel = () => (desk && desk.info ? desk.info.level : "");
const choosing = () => ["select", "attributes"].includes(toolName);
const level = () => (choosing() && state.level && desk.info.levels.some((l) => l.name === state.level) ? state.level : finestLevel());
let chosen = [];
const kin = makeKin(model);
const parents = () => kin.parents(desk.info);
const nameOf = (code) => kin.nameOf(code, desk.info);

const { commit, settle, undo, redo, hear } = makeEdits({
  model, strip, review, stage, desk: () => desk, tool: () => tool(), finest: () => finestLevel(), drawTools, seeCodes,
  touched(areas) {
    const alive = chosen.filter((area) => model.find(area.level, area.code) === area);
    if (alive.length < chosen.length) { choose(alive); return; }
    tool().refresh();
    // not while somebody fills in the form of a grid that stayed
    if (chosen.some((area) => areas.has(area))) { drawGrid(); }
  },
});

const ctx = {
  model, view, snap, number,
  finest: () => model.orders[finestLevel()] ?? 0,
  level,
  chosen: () => chosen,
  only: () => (chosen.length === 1 && chosen[0].level === finestLevel() ? chosen[0] : null),
  choose, chooseCodes, commit, settle,
  hint: strip.hint, say: strip.say, options: strip.options,
  mark: marks.mark, tip: marks.tip,
  cursor(name) { map.getContainer().style.cursor = name; },
  pointer: () => pointer,
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

function choose(areas) {
  chosen = areas.filter((area) => area.parts.length);
  state.chosen = chosen.map((area) => area.code);
  history.replaceState(null, "", addressOf(state));
  view.choose(chosen);
  tool().refresh();
  drawGrid();
}

function chooseCodes(codes) {
  choose(codes.map((code) => model.find(finestLevel(), code) || desk.info.levels.map((l) => model.find(l.name, code)).find(Boolean)).filter(Boolean)
    .filter((area) => area.level === finestLevel() || codes.length === 1));
}

/** Bring areas into view and choose them. */
function seeCodes(codes) {
  const found = codes.flatMap((code) => desk.info.levels.map((l) => model.find(l.name, code))).filter(Boolean);
  const fine = found.filter((area) => area.level === finestLevel());
  const areas = fine.length ? fine : found;
  if (!areas.length) { strip.say(t("plan_gone_code", { code: codes[0] }), true); return; }
  view.fit(boxOf(areas.flatMap((area) => [[area.box[0], area.box[1]], [area.box[2], area.box[3]]])));
  choose(areas);
}

// --- panel

function drawGrid() {
  if (!desk || !desk.info) { return; }
  drawAttributes(panel.body("grid"), {
    chosen, parents: parents(), finest: ctx.finest(), say: strip.say, pick: (code) => seeCodes([code]),
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
  clearTimeout(polling);
  if (desk) { tool().stop(); }
  chosen = [];
  view.choose([]);
  model.clear();
  loader.forget();
  hear.left();
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
  chosen = [];
  tool().start();
  chooseCodes(state.chosen);
  hear.others(info.others || []);
  hear.busy(0);
  if (desk.stuck) { hear.offline(desk.jobs); }
  hear.state();
  names();
  stage.dataset.ready = String(mine);
  await Promise.all([review.load(), desk.fullLog().then(() => { if (mine === turn) { hear.state(); } }), loadGround(mine)]);
  if (mine === turn) { poll(); }
}

async function loadGround(mine) {
  const [features, found] = await Promise.all([loader.context(desk.info.box), loader.layers()]);
  if (mine !== turn) { return; }
  layers = found;
  view.context(features);
  tool().refresh();
}

function poll() {
  clearTimeout(polling);
  const mine = desk;
  polling = setTimeout(async () => {
    if (mine !== desk) { return; }
    const seen = desk.revision;
    try {
      if (!desk.jobs.length) { await desk.poll(); }
      if (mine === desk && desk.revision !== seen) { strip.say(t("plan_others_changed")); stage.dataset.revision = String(desk.revision); review.soon(); }
    } catch (problem) { if (!(problem instanceof Problem)) { throw problem; } }
    if (mine === desk) { poll(); }
  }, document.hidden ? POLL_HIDDEN : POLL);
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
  loader.more(desk, chosen).then((read) => { if (!read) { strip.say(t("plan_zoom_nearer")); } }, (problem) => strip.say(problem.detail || t("plan_error"), true));
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
