// Splitting a grid along a drawn line: the larger piece keeps the code.
import { t } from "../../texts.js";
import { areaUnder, splitFault } from "../checks.js";
import { drawingTool, textInput, toolField } from "./drawing.js";

export function splitTool(ctx) {
  const name = textInput("name");
  const tool = drawingTool(ctx, {
    name: "split",
    closed: false,
    hint: () => "plan_hint_split",
    options: () => {
      name.placeholder = t("plan_name_by_rule");
      return [toolField("plan_new_name", name)];
    },
    async done(line) {
      const area = ctx.only() || areaUnder(ctx.model, ctx.level(), line);
      if (!area) { ctx.say(t("plan_split_misses_all"), true); return; }
      const fault = splitFault(area, line);
      if (fault) { ctx.say(t(fault, { name: area.name || area.code }), true); return; }
      const chosen = name.value.trim();
      tool.sketch.clear();
      ctx.say(t("plan_sending"));
      const answer = await ctx.commit({ verb: "split", code: area.code, line, ...(chosen ? { name: chosen } : {}) }, [area]);
      if (!answer) { return; }
      name.value = "";
      ctx.chooseCodes([area.code, ...answer.fresh]);
    },
  });
  return tool;
}
