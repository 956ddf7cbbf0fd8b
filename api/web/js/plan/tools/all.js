// Every tool by its name.
import { t } from "../../texts.js";
import { commentTool } from "./comment.js";
import { enclaveTool, holeTool } from "./hole.js";
import { mergeTool } from "./merge.js";
import { moveTool } from "./move.js";
import { extendTool, pieceTool } from "./piece.js";
import { selectTool } from "./select.js";
import { splitTool } from "./split.js";

export function makeTools(ctx) {
  const attributes = { ...selectTool(ctx), name: "attributes", start() { ctx.hint("plan_hint_attributes"); ctx.say(ctx.chosen().length ? "" : t("plan_hint_attributes")); } };
  const all = [selectTool(ctx), moveTool(ctx), splitTool(ctx), mergeTool(ctx), pieceTool(ctx), extendTool(ctx), holeTool(ctx), enclaveTool(ctx), attributes, commentTool(ctx)];
  return Object.fromEntries(all.map((tool) => [tool.name, tool]));
}
