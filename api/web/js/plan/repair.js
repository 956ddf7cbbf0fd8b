// A repair of holes and overlaps: told first, with the m2 that each grid gains and loses, then made by a click.
import { Problem, get } from "../service.js";
import { el, number, t } from "../texts.js";
import { partsOf } from "./geometry.js";
import { toLatLngs } from "./map.js";

/** What a repair is for. */
export const REPAIRABLE = ["hole", "overlap", "sliver"];
const LOOK = { color: "#1a7f37", weight: 2.4, dashArray: "8 4", fill: false };
const m2 = (value) => number(Math.round(value * 10) / 10);

/**
 * Make the repair of the draft on the screen.
 *
 * @param {{node: HTMLElement, view: object, desk: () => object|null, lang: () => string, commit: (edit: object) => Promise<object|null>,
 *   pick: (code: string) => void, closed: () => void}} with_ `node` is where it is told, `closed` is done when it is not looked at any more
 */
export function makeRepair({ node, view, desk, lang, commit, pick, closed }) {
  let turn = 0;
  node.hidden = true;

  function close() {
    turn += 1;
    view.groups.proposal.clearLayers();
    node.hidden = true;
    node.replaceChildren();
    closed();
  }

  async function open() {
    const mine = desk(), asked = ++turn;
    node.hidden = false;
    node.replaceChildren(el("p", "none", t("plan_repair_asking")));
    closed();
    try {
      const found = await get(`${mine.base}/repair`, lang());
      if (mine === desk() && asked === turn) { draw(found); }
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (asked === turn) { node.replaceChildren(el("p", "message wrong", problem.detail || t("plan_error")), el("p", "acts", null, button("quiet small", "plan_cancel", close))); }
    }
  }

  function button(className, key, act) {
    const made = el("button", className, t(key));
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function draw(found) {
    view.groups.proposal.clearLayers();
    found.shapes.features.forEach((f) => view.groups.proposal.addLayer(L.polygon(toLatLngs(partsOf(f.geometry)), {
      ...LOOK, pane: "proposal", renderer: view.svgs.proposal, interactive: false, smoothFactor: 0, className: "proposed",
    })));
    const head = el("tr", null, null, ...["plan_repair_grid", "plan_repair_gains", "plan_repair_loses"].map((key) => {
      const cell = el("th", null, t(key));
      cell.scope = "col";
      return cell;
    }));
    const rows = found.rows.map((row) => {
      const go = button("link", "", () => pick(row.code));
      go.textContent = row.name || row.code;
      const name = el("th", null, null, go);
      name.scope = "row";
      const tr = el("tr", null, null, name, el("td", null, row.gained_m2 ? `+${m2(row.gained_m2)}` : ""), el("td", null, row.lost_m2 ? `−${m2(row.lost_m2)}` : ""));
      tr.dataset.code = row.code;
      return tr;
    });
    const doing = button("action small", "plan_repair_do", async () => {
      doing.disabled = true;
      const done = await commit({ verb: "repair", gap_width_m: found.gap_width_m, accept_m2: Math.max(found.largest_m2, found.free_m2) });
      if (done) { close(); } else { doing.disabled = false; }
    });
    doing.id = "repair-do";
    const agree = el("input");
    agree.type = "checkbox";
    agree.id = "repair-agree";
    const asks = found.largest_m2 > found.free_m2;
    doing.disabled = asks;
    agree.addEventListener("change", () => { doing.disabled = !agree.checked; });
    const left = found.left.holes + found.left.overlaps;
    node.replaceChildren(el("h3", null, t("plan_repair_title")),
      ...(found.rows.length ? [
        el("p", "about", t("plan_repair_about", { m: number(found.gap_width_m) })),
        el("table", "before-after", null, el("thead", null, null, head), el("tbody", null, null, ...rows)),
        ...(found.gone.length ? [el("p", "message wrong", t("plan_repair_gone", { codes: found.gone.join(t("plan_and")) }))] : []),
        el("p", left ? "none" : "none good", t(left ? "plan_repair_left" : "plan_repair_clean", { n: number(left) })),
        ...(asks ? [el("label", "agree", null, agree, el("span", null, t("plan_repair_agree", { m2: m2(found.largest_m2), free: m2(found.free_m2) })))] : []),
        el("p", "acts", null, doing, button("quiet small", "plan_cancel", close)),
      ] : [el("p", "none", t("plan_repair_nothing")), el("p", "acts", null, button("quiet small", "plan_close", close))]));
  }

  return { open, close, opened: () => !node.hidden };
}
