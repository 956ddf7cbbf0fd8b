// Ground that goes to another grid: taken from neighbours, or free ground outside and in holes.
import { t } from "../../texts.js";
import { drawingTool, selectInput, toolField } from "./drawing.js";
import { brushTool } from "./brush.js";

/** Taking a piece from neighbours: around it with a ring, or by painting units of a layer. */
export function pieceTool(ctx) {
  const ways = () => [["ring", t("plan_way_ring")], ...ctx.layers().map((layer) => [layer.name, t("plan_way_layer", { layer: layer.title || layer.name })])];
  let way = "ring";
  const chooser = () => {
    const select = selectInput("way", ways(), way);
    select.addEventListener("change", () => {
      active.stop();
      way = select.value;
      active = way === "ring" ? ring : brush;
      active.start();
    });
    return toolField("plan_way", select);
  };
  const ring = assignTool(ctx, { name: "piece", ground: "taken", hint: "plan_hint_piece", more: chooser });
  const brush = brushTool(ctx, { layer: () => way, more: chooser });
  let active = ring;
  // whichever is chosen answers
  return { name: "piece", get active() { return active; } };
}

/** Growing onto ground that nobody has. */
export const extendTool = (ctx) => assignTool(ctx, { name: "extend", ground: "free", hint: "plan_hint_extend" });

function assignTool(ctx, { name, ground, hint, more }) {
  const tool = drawingTool(ctx, {
    name,
    closed: true,
    pastes: () => Boolean(ctx.only()),
    hint: () => (ctx.only() ? hint : "plan_hint_target"),
    options: () => (more ? [more()] : []),
    async done(points) {
      const target = ctx.only();
      if (!target) { ctx.say(t("plan_hint_target"), true); return; }
      tool.sketch.clear();
      ctx.say(t("plan_sending"));
      await ctx.commit({ verb: "assign", ring: points, to: target.code, ground, multipart: false }, [target]);
    },
  });
  // without a target the first click chooses it
  const { click } = tool;
  tool.click = (where) => {
    if (ctx.only()) { click(where); return; }
    const area = ctx.model.at(where.at, ctx.level());
    if (area) { ctx.choose([area]); }
  };
  return tool;
}
