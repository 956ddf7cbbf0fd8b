// New grids: on ground that nobody has, around a click in a hole or within a ring, or cut out of others as an enclave.
import { t } from "../../texts.js";
import { drawingTool, selectInput, textInput, toolField } from "./drawing.js";

/** Fields for what a new grid is called and which area it belongs to. */
function newcomer(ctx) {
  const name = textInput("name");
  let parent = "";
  return {
    fields() {
      name.placeholder = t("plan_new_grid");
      const parents = ctx.parents();
      parent = parents.some((area) => area.code === parent) ? parent : "";
      const select = selectInput("parent", [["", t("plan_parent_choose")], ...parents.map((area) => [area.code, area.name || area.code])], parent);
      select.addEventListener("change", () => { parent = select.value; });
      return [toolField("plan_new_name", name), ...(parents.length ? [toolField("plan_parent", select)] : [])];
    },
    /** What the service is told; where no area was chosen, the one around the place, or that of the nearest grid. */
    read(at) {
      const chosen = parent || ctx.parentAt(at);
      return { name: name.value.trim() || t("plan_new_grid"), ...(chosen ? { parent: chosen } : {}) };
    },
    clear() { name.value = ""; },
  };
}

const HINTS = { fill: "plan_hint_fill", give: "plan_hint_give", drawn: "plan_hint_draw" };

/** A new grid on free ground: a click fills the hole around it, a ring says how far it reaches. */
export function holeTool(ctx) {
  const form = newcomer(ctx);
  let way = "fill";
  const tool = drawingTool(ctx, {
    name: "hole",
    closed: true,
    pastes: () => way === "drawn",
    hint: () => (way === "give" && !ctx.only() ? "plan_hint_target" : HINTS[way]),
    options() {
      const select = selectInput("way", Object.keys(HINTS).map((key) => [key, t("plan_way_" + key)]), way);
      select.addEventListener("change", () => { way = select.value; tool.stop(); tool.start(); });
      return [toolField("plan_way", select), ...(way === "give" ? [] : form.fields())];
    },
    done: (points) => send({ verb: "draw", ring: points, take: false }, points[0]),
  });

  async function send(edit, at) {
    tool.sketch.clear();
    ctx.say(t("plan_sending"));
    const answer = await ctx.commit({ ...edit, ...form.read(at) }, []);
    if (answer) { form.clear(); ctx.chooseCodes(answer.fresh); }
  }

  function give(at, target) {
    ctx.say(t("plan_sending"));
    ctx.commit({ verb: "fill", at, to: target.code }, [target]);
  }

  const { click, hover } = tool;
  tool.click = (where) => {
    if (way === "drawn") { click(where); return; }
    const there = ctx.model.at(where.at, ctx.level());
    const target = ctx.only();
    if (way === "give" && !target) { if (there) { ctx.choose([there]); } return; }
    if (there) { ctx.say(t("plan_fill_taken", { name: there.name || there.code }), true); return; }
    if (way === "give") { give(where.at, target); } else { send({ verb: "fill", at: where.at, to: null }, where.at); }
  };
  tool.hover = (where) => { if (way === "drawn") { hover(where); } };
  return tool;
}

/** An enclave: a ring cut out of whoever has the ground. */
export function enclaveTool(ctx) {
  const form = newcomer(ctx);
  const tool = drawingTool(ctx, {
    name: "enclave",
    closed: true,
    pastes: () => true,
    hint: () => "plan_hint_enclave",
    options: () => form.fields(),
    async done(points) {
      tool.sketch.clear();
      ctx.say(t("plan_sending"));
      const answer = await ctx.commit({ verb: "draw", ring: points, take: true, ...form.read(points[0]) }, []);
      if (answer) { form.clear(); ctx.chooseCodes(answer.fresh); }
    },
  });
  return tool;
}
