// Painting: whatever unit of a layer the brush touches goes to the chosen grid.
import { Problem } from "../../service.js";
import { el, t } from "../../texts.js";
import { boxHolds, inParts } from "../geometry.js";
import { toLatLngs } from "../map.js";

const LOOK = { color: "#8b7a55", weight: 0.8, fillColor: "#efe7d2", fillOpacity: 0.35 };
const TAKEN = { color: "#0b6a70", weight: 1.4, fillColor: "#0b6a70", fillOpacity: 0.45 };

export function brushTool(ctx, { layer, more }) {
  const { groups, canvases } = ctx.view;
  let units = [], taken = new Set(), painting = false, asked = 0, loading = false;
  /** Where the brush went before the units were there. */
  let trail = [];

  async function show() {
    const mine = ++asked;
    loading = true;
    let found = [];
    try { found = await ctx.units(layer()); } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (mine === asked) { ctx.say(problem.detail || t("plan_error"), true); }
    }
    // the map was moved on meanwhile, or the brush laid down
    if (mine !== asked) { return; }
    loading = false;
    units = found;
    groups.units.clearLayers();
    units.forEach((unit) => {
      const look = taken.has(unit.code) ? TAKEN : LOOK;
      unit.shape = L.polygon(toLatLngs(unit.parts), { ...look, pane: "units", renderer: canvases.units, interactive: false, smoothFactor: 0 });
      groups.units.addLayer(unit.shape);
    });
    if (!units.length) { ctx.say(t("plan_brush_none"), true); }
    else if (trail.length) { ctx.say(""); }
    trail.splice(0).forEach(touch);
  }

  function touch(where) {
    if (loading) { trail.push(where); ctx.say(t("plan_brush_loading")); return; }
    const unit = units.find((one) => boxHolds(one.box, where.at) && inParts(where.at, one.parts));
    if (!unit || taken.has(unit.code)) { return; }
    taken.add(unit.code);
    unit.shape.setStyle(TAKEN);
    options();
  }

  async function send() {
    const target = ctx.only();
    if (!target || !taken.size) { ctx.say(t(target ? "plan_brush_first" : "plan_hint_target"), true); return; }
    const codes = [...taken];
    clear();
    ctx.say(t("plan_sending"));
    await ctx.commit({ verb: "assign", units: codes, layer: layer(), to: target.code, ground: "taken", multipart: false }, [target]);
  }

  function clear() {
    const had = taken.size > 0 || trail.length > 0;
    units.forEach((unit) => { if (taken.has(unit.code)) { unit.shape.setStyle(LOOK); } });
    taken = new Set();
    trail = [];
    options();
    return had;
  }

  function stop() {
    asked += 1;
    ctx.view.map.off("moveend", show);
    groups.units.clearLayers();
    units = [];
    trail = [];
    taken = new Set();
    ctx.options(null);
    ctx.cursor("");
  }

  function options() {
    const act = (key, fields, does, className) => {
      const node = el("button", className, t(key, fields));
      node.type = "button";
      node.addEventListener("click", does);
      return node;
    };
    ctx.options([more(), ...(taken.size ? [act("plan_brush_do", { n: taken.size }, send, "action small"), act("plan_cancel", null, clear, "quiet small")] : [])]);
  }

  return {
    name: "piece",
    start() { ctx.hint(ctx.only() ? "plan_hint_brush" : "plan_hint_target"); ctx.cursor("crosshair"); options(); show(); ctx.view.map.on("moveend", show); },
    stop,
    refresh() { ctx.hint(ctx.only() ? "plan_hint_brush" : "plan_hint_target"); },
    busy: () => painting,
    press(where) {
      if (!ctx.only()) { return false; }
      painting = true;
      touch(where);
      return true;
    },
    drag: touch,
    drop() { painting = false; ctx.settle(); },
    click(where) {
      const area = ctx.model.at(where.at, ctx.level());
      if (area) { ctx.choose([area]); }
    },
    key(event) {
      if (event.key === "Enter") { send(); return true; }
      return false;
    },
    cancel() { painting = false; return clear(); },
  };
}
