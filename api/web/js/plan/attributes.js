// The chosen grid: what it is, and a form for its name, households and area.
import { el, named, number, t } from "../texts.js";
import { ringArea } from "./geometry.js";
import { selectInput, textInput } from "./tools/drawing.js";

const areaOf = (area) => area.parts.reduce((sum, [shell, ...holes]) => sum + ringArea(shell) - holes.reduce((all, hole) => all + ringArea(hole), 0), 0);

export const levelName = (level) => named("map.level_" + level, level);

/**
 * Draw the tab of the chosen grids.
 *
 * @param {{chosen: object[], parents: object[], save: (edit: object, area: object) => Promise<object|null>, say: (text: string, wrong?: boolean) => void,
 *   finest: number, lockOf: (area: object) => Node, pick: (code: string) => void, paper: (kind: "sheet"|"plan", code: string) => HTMLElement}} with_
 */
export function drawAttributes(node, { chosen, parents, save, say, finest, lockOf, pick, paper }) {
  if (!chosen.length) { node.replaceChildren(el("p", "none", t("plan_grid_none"))); return; }
  if (chosen.length > 1) {
    const list = el("ul", "chosen-list");
    chosen.forEach((area) => {
      const go = el("button", "link", area.name || area.code);
      go.type = "button";
      go.addEventListener("click", () => pick(area.code));
      list.append(el("li", null, null, go, el("code", null, area.code), el("small", null, `${number(Math.round(areaOf(area)))} m²`)));
    });
    node.replaceChildren(el("h3", null, t("plan_grid_many", { n: chosen.length })), list,
      el("p", "about", t("plan_grid_sum", { m2: number(Math.round(chosen.reduce((sum, area) => sum + areaOf(area), 0))) })));
    return;
  }
  const [area] = chosen;
  const facts = el("dl", "facts");
  const fact = (key, value) => facts.append(el("div", null, null, el("dt", null, t(key)), el("dd", null, value)));
  fact("plan_fact_code", area.code);
  fact("plan_fact_level", levelName(area.level));
  fact("plan_fact_area", `${number(Math.round(areaOf(area)))} m²`);
  fact("plan_fact_corners", number(area.parts.flat(2).length));
  if (area.parts.length > 1) { fact("plan_fact_parts", number(area.parts.length)); }
  const form = el("form", "attributes");
  form.id = "attributes";
  const name = textInput("name", area.name);
  const households = textInput("households", area.households === null ? "" : String(area.households));
  households.inputMode = "numeric";
  const field = (key, control) => el("label", null, null, el("span", null, t(key)), control);
  form.append(field("plan_attr_name", name), field("plan_attr_households", households));
  let parent = null;
  if (area.order === finest && parents.length) {
    parent = selectInput("parent", [...(area.parent ? [] : [["", t("plan_parent_choose")]]), ...parents.map((p) => [p.code, p.name || p.code])], area.parent || "");
    form.append(field("plan_attr_parent", parent));
  }
  const button = el("button", "action", t("plan_save"));
  button.type = "submit";
  form.append(button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const edit = { verb: "attributes", code: area.code };
    const count = households.value.trim().replace(/[,\s]/g, "");
    if (count && !/^\d{1,7}$/.test(count)) { say(t("plan_attr_households_wrong"), true); households.focus(); return; }
    if (!name.value.trim()) { say(t("plan_attr_name_wrong"), true); name.focus(); return; }
    if (name.value.trim() !== area.name) { edit.name = name.value.trim(); }
    if (count && Number(count) !== area.households) { edit.households = Number(count); }
    if (parent && parent.value && parent.value !== area.parent) { edit.parent = parent.value; }
    if (Object.keys(edit).length === 2) { say(t("plan_attr_same")); return; }
    button.disabled = true;
    await save(edit, area);
    button.disabled = false;
  });
  // a grid on a sheet of its own, an area above with all of its grids
  const print = el("p", "acts", null, paper("sheet", area.code), ...(area.order < finest ? [paper("plan", area.code)] : []));
  node.replaceChildren(el("h3", null, area.name || area.code), facts, form, print, lockOf(area));
}
