// The draft beside another draft or version: a sentence and a row for each area, both borders on the map.
import { Problem, get } from "../service.js";
import { calendarDay, el, number, t } from "../texts.js";
import { levelName } from "./attributes.js";
import { partsOf } from "./geometry.js";
import { toLatLngs } from "./map.js";
import { selectInput } from "./tools/drawing.js";

const PIECE = { color: "#8a3ffc", weight: 0, fillColor: "#8a3ffc", fillOpacity: 0.28 };
const m2 = (value) => (value ? number(value < 100 ? Math.round(value * 10) / 10 : Math.round(value)) : "");

/**
 * Make the comparison of the draft on the screen.
 *
 * @param {{node: HTMLElement, view: object, loader: object, desk: () => object|null, lang: () => string, pick: (code: string) => void,
 *   changed: () => void}} with_ `changed` is told when another thing is compared with, or nothing any more
 */
export function makeCompare({ node, view, loader, desk, lang, pick, changed }) {
  let other = "", turn = 0, editions = null;
  const found = el("div", "compared");
  const chooser = el("div");

  function choices() {
    const { versions, drafts } = editions;
    const name = (v) => [t("version", { n: v.number }), t("history_phase_" + v.phase), v.valid_from > "1900" ? t("plan_since", { date: calendarDay(v.valid_from) }) : ""].filter(Boolean).join(" · ");
    return [["", t("plan_compare_none")],
      ...drafts.filter((d) => d.number !== desk().info.draft).map((d) => [String(d.number), [t("plan_draft_n", { n: d.number }), d.note].filter(Boolean).join(" · ")]),
      ...versions.map((v) => [String(v.number), name(v)])];
  }

  async function start() {
    const mine = desk();
    const history_ = await get(`/api/v1/sets/${encodeURIComponent(mine.info.set)}/history`, lang());
    if (mine !== desk()) { return; }
    editions = history_;
    drawChooser();
  }

  function drawChooser() {
    const select = selectInput("compare", choices(), other);
    select.id = "compare-with";
    select.addEventListener("change", () => { other = select.value; changed(); load(); });
    chooser.replaceChildren(el("label", "compare-field", null, el("span", null, t("plan_compare_with")), select));
  }

  async function load() {
    const mine = desk(), asked = ++turn;
    if (!mine) { return; }
    if (!other) { found.replaceChildren(); view.groups.compared.clearLayers(); return; }
    try {
      const answer = await get(`${mine.base}/compare?with=${other}`, lang());
      const kind = editions.drafts.some((d) => String(d.number) === other) ? "draft" : "version";
      const level = mine.info.level;
      const codes = new Set([...answer.rows.filter((row) => row.level === level).map((row) => row.code),
        ...answer.pieces.features.flatMap((f) => [f.properties.old_code, f.properties.new_code]).filter(Boolean)]);
      const lines = await loader.otherBorders(mine, kind, other, level, codes);
      if (mine !== desk() || asked !== turn) { return; }
      draw(answer, lines);
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (mine === desk() && asked === turn) { found.replaceChildren(el("p", "message wrong", problem.detail || t("plan_error"))); }
    }
  }

  function draw(answer, lines) {
    const { groups, svgs } = view;
    groups.compared.clearLayers();
    const look = { pane: "compared", renderer: svgs.compared, interactive: false, smoothFactor: 0 };
    answer.pieces.features.filter((f) => f.properties.level === desk().info.level).forEach((f) => groups.compared.addLayer(L.polygon(toLatLngs(partsOf(f.geometry)), { ...look, ...PIECE, className: "compared-piece" })));
    if (lines.length) {
      groups.compared.addLayer(L.polyline(lines.map((line) => line.map(([x, y]) => [y, x])), { ...look, color: "#8a3ffc", weight: 2.2, dashArray: "6 5", fill: false, className: "compared-border" }));
    }
    const levels = [...desk().info.levels].sort((a, b) => b.order - a.order);
    const parts = [el("p", answer.rows.length ? "about" : "none good", t(answer.rows.length ? "plan_compare_n" : "plan_compare_same", { n: number(answer.total) }))];
    levels.forEach((level) => {
      const rows = answer.rows.filter((row) => row.level === level.name);
      if (!rows.length) { return; }
      const list = el("ul", "sentences", null, ...rows.map((row) => {
        const go = el("button", "link", row.sentence);
        go.type = "button";
        go.addEventListener("click", () => pick(row.code));
        const item = el("li", null, null, go);
        item.dataset.code = row.code;
        return item;
      }));
      const head = el("tr", null, null, ...["plan_compare_area", "plan_compare_then", "plan_compare_now", "plan_repair_gains", "plan_repair_loses"].map((key) => {
        const cell = el("th", null, t(key));
        cell.scope = "col";
        return cell;
      }));
      const body = el("tbody", null, null, ...rows.map((row) => {
        const name = el("th", null, row.name_after || row.name_before || row.code);
        name.scope = "row";
        const tr = el("tr", null, null, name, ...[m2(row.area_before_m2), m2(row.area_after_m2), row.gained_m2 ? `+${m2(row.gained_m2)}` : "", row.lost_m2 ? `−${m2(row.lost_m2)}` : ""]
          .map((text) => el("td", null, text)));
        tr.dataset.code = row.code;
        return tr;
      }));
      const table = el("div", "wide", null, el("table", "before-after", null, el("thead", null, null, head), body));
      parts.push(el("section", "compared-level", null, el("h3", null, levelName(level.name)), list, table));
    });
    if (answer.truncated) { parts.push(el("p", "none", t("plan_compare_more", { n: number(answer.total - answer.rows.length) }))); }
    found.replaceChildren(...parts);
  }

  node.append(chooser, found);
  return {
    start, load,
    on: () => Boolean(other),
    clear() {
      turn += 1;
      other = "";
      editions = null;
      chooser.replaceChildren();
      found.replaceChildren();
      view.groups.compared.clearLayers();
    },
  };
}
