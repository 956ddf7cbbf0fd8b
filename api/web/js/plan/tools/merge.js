// Merging neighbours: choose them, then say which one goes on.
import { el, t } from "../../texts.js";
import { chooseAt } from "./select.js";
import { selectInput, toolField } from "./drawing.js";

export function mergeTool(ctx) {
  let into = "";

  /** Why the chosen grids cannot become one, or "". */
  function fault(areas) {
    if (areas.length < 2) { return "plan_merge_two"; }
    const reached = new Set([areas[0]]);
    for (const area of reached) {
      ctx.model.neighbours(area).filter((other) => areas.includes(other)).forEach((other) => reached.add(other));
    }
    return reached.size < areas.length ? "plan_merge_apart" : "";
  }

  async function merge() {
    const areas = ctx.chosen();
    const why = fault(areas);
    if (why) { ctx.say(t(why), true); return; }
    const target = areas.find((area) => area.code === into) || areas[0];
    const answer = await ctx.commit({ verb: "merge", codes: areas.map((area) => area.code), into: target.code, multipart: false }, areas);
    if (answer) { ctx.chooseCodes([target.code]); }
  }

  function options() {
    const areas = ctx.chosen();
    if (!areas.some((area) => area.code === into)) { into = areas.length ? areas[0].code : ""; }
    if (areas.length < 2) { return null; }
    const select = selectInput("into", areas.map((area) => [area.code, area.name || area.code]), into);
    select.addEventListener("change", () => { into = select.value; });
    const button = el("button", "action small", t("plan_merge_do", { n: areas.length }));
    button.type = "button";
    button.id = "merge-do";
    button.addEventListener("click", merge);
    return [toolField("plan_merge_into", select), button];
  }

  const tool = {
    name: "merge",
    start() { ctx.hint("plan_hint_merge"); ctx.options(options()); },
    stop() { ctx.options(null); },
    refresh() { ctx.options(options()); },
    click(where) { chooseAt(ctx, { ...where, more: true }); },
    key(event) {
      if (event.key === "Enter") { merge(); return true; }
      return false;
    },
    cancel() {
      if (!ctx.chosen().length) { return false; }
      ctx.choose([]);
      return true;
    },
  };
  return tool;
}
