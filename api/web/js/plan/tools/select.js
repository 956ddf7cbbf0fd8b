// Choosing grids: a click takes one, with Shift or Ctrl more; a click beside all lets them go.
import { t } from "../../texts.js";

/** Choose what lies at a place. */
export function chooseAt(ctx, where) {
  const area = ctx.model.at(where.at, ctx.level());
  if (!area) { if (!where.more) { ctx.choose([]); } return null; }
  const chosen = ctx.chosen();
  if (where.more) { ctx.choose(chosen.includes(area) ? chosen.filter((one) => one !== area) : [...chosen, area]); }
  else { ctx.choose([area]); }
  return area;
}

export function selectTool(ctx) {
  return {
    name: "select",
    start() { ctx.hint("plan_hint_select"); },
    stop() { ctx.tip(null); },
    refresh() {},
    click(where) { chooseAt(ctx, where); },
    hover(where) { ctx.tip(ctx.model.at(where.at, ctx.level()), where); },
    key(event) {
      if (event.key !== "Enter") { return false; }
      const where = ctx.pointer().last();
      if (where) { chooseAt(ctx, where); }
      return Boolean(where);
    },
    cancel() {
      if (!ctx.chosen().length) { return false; }
      ctx.choose([]);
      ctx.say(t("plan_let_go"));
      return true;
    },
  };
}
