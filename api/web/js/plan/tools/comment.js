// Commenting: a click says which place a comment is about.
export function commentTool(ctx) {
  return {
    name: "comment",
    start() { ctx.hint("plan_hint_comment"); ctx.cursor("crosshair"); },
    stop() { ctx.tip(null); ctx.cursor(""); },
    refresh() {},
    click(where) { ctx.comment(where.at); },
    hover(where) { ctx.tip(ctx.model.at(where.at, ctx.finestName()), where); },
    key(event) {
      const where = ctx.pointer().last();
      if (event.key !== "Enter" || !where) { return false; }
      ctx.comment(where.at);
      return true;
    },
    cancel: () => ctx.comment(null),
  };
}
