// What the tools that draw have in common: a sketch, its buttons, and Esc.
import { el, t } from "../../texts.js";
import { askForRing } from "../paste.js";
import { makeSketch } from "../sketch.js";

/** Make a tool that draws; `how` adds done(points), hint, closed, options() for its row of settings, and pastes(): whether a ring can be pasted now. */
export function drawingTool(ctx, how) {
  const buttons = el("span", "drawing-buttons");
  const sketch = makeSketch(ctx, { closed: how.closed, done: how.done, changed: drawButtons });

  function button(key, act, className) {
    const node = el("button", className, t(key));
    node.type = "button";
    node.addEventListener("click", act);
    return node;
  }

  function drawButtons() {
    const n = sketch.points().length;
    if (!n && how.closed && how.pastes()) { buttons.replaceChildren(button("plan_paste", () => askForRing(sketch.paste), "quiet small")); return; }
    buttons.replaceChildren(...(n ? [
      button("plan_finish", sketch.finish, "action small"), button("plan_back", sketch.back, "quiet small"),
      button("plan_cancel", () => tool.cancel(), "quiet small"),
    ] : []));
  }

  const tool = {
    name: how.name,
    sketch,
    start() { drawButtons(); ctx.hint(how.hint()); ctx.cursor("crosshair"); ctx.options(how.options ? how.options() : null, buttons); },
    stop() { sketch.clear(); ctx.options(null); ctx.cursor(""); },
    refresh() {
      if (!sketch.points().length) { drawButtons(); ctx.hint(how.hint()); ctx.options(how.options ? how.options() : null, buttons); }
    },
    click: sketch.click,
    hover: sketch.hover,
    double: sketch.double,
    remove() { if (sketch.points().length) { sketch.back(); } return true; },
    key: sketch.key,
    cancel() {
      if (!sketch.clear()) { return false; }
      ctx.say(t("plan_cancelled"));
      return true;
    },
  };
  return tool;
}

/** A labelled field for the row of a tool. */
export function toolField(key, control) {
  const label = el("label", "tool-field", null, el("span", null, t(key)), control);
  return label;
}

export function textInput(name, value = "", size = 14) {
  const input = el("input");
  input.type = "text";
  input.name = name;
  input.value = value;
  input.size = size;
  input.maxLength = 100;
  input.autocomplete = "off";
  return input;
}

export function selectInput(name, pairs, value) {
  const input = el("select");
  input.name = name;
  pairs.forEach(([key, text]) => {
    const option = el("option", null, text);
    option.value = key;
    option.selected = key === value;
    input.append(option);
  });
  return input;
}
