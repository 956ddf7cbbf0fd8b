// Painting: whatever unit of a layer the brush touches goes to the chosen grid.
import { el, t } from "../../texts.js";
import { boxHolds, inParts } from "../geometry.js";
import { toLatLngs } from "../map.js";

const LOOK = { color: "#8b7a55", weight: 0.8, fillColor: "#efe7d2", fillOpacity: 0.35 };
const TAKEN = { color: "#0b6a70", weight: 1.4, fillColor: "#0b6a70", fillOpacity: 0.45 };

export function brushTool(ctx, { layer, more }) {
  const { groups, canvases } = ctx.view;
  let units = [], taken = new Map(), painting = false;

  async function show() {
    groups.units.clearLayers();
    units = await ctx.units(layer());
    units.forEach((unit) => {
      unit.shape = L.polygon(toLatLngs(unit.parts), { ...LOOK, pane: "units", renderer: canvases.units, interactive: false, smoothFactor: 0 });
      unit.shape.setStyle(taken.has(unit.code) ? TAKEN : LOOK);
      groups.units.addLayer(unit.shape);
    });
    if (!units.length) { ctx.say(t("plan_brush_none"), true); }
  }

  function touch(where) {
    const unit = units.find((one) => boxHolds(one.box, where.at) && inParts(where.at, one.parts));
    if (!unit || taken.has(unit.code)) { return; }
    taken.set(unit.code, unit);
    unit.shape.setStyle(TAKEN);
    options();
  }

  async function send() {
    const target = ctx.only();
    if (!target || !taken.size) { ctx.say(t(target ? "plan_brush_first" : "plan_hint_target"), true); return; }
    const codes = [...taken.keys()];
    clear();
    ctx.say(t("plan_sending"));
    await ctx.commit({ verb: "assign", units: codes, layer: layer(), to: target.code, ground: "taken", multipart: false }, [target]);
  }

  function clear() {
    const had = taken.size > 0;
    taken.forEach((unit) => unit.shape.setStyle(LOOK));
    taken = new Map();
    options();
    return had;
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
    stop() { ctx.view.map.off("moveend", show); groups.units.clearLayers(); taken = new Map(); ctx.options(null); ctx.cursor(""); },
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
