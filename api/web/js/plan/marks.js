// Small marks on the map: where the pointer is drawn to, what is wrong, and what lies under it.
import { el, number, t } from "../texts.js";

export function makeMarks(view) {
  const { map, svgs } = view;
  let snapped = null, wrong = null;
  const tip = el("div", "tip-box");
  tip.hidden = true;
  map.getContainer().append(tip);

  function place(old, at, look, className) {
    if (!at) { if (old) { old.remove(); } return null; }
    if (old) { old.setLatLng([at[1], at[0]]); return old; }
    const layer = L.circleMarker([at[1], at[0]], { pane: "sketch", renderer: svgs.sketch, interactive: false, fill: false, ...look });
    layer.addTo(map);
    layer._path.setAttribute("class", className);
    return layer;
  }

  return {
    /** Show where a point is drawn to, and where something is wrong; null takes the mark away. */
    mark(found, wrongAt) {
      snapped = place(snapped, found && found.at, { radius: 8, color: "#c2187a", weight: 2.5 }, "snap-mark");
      if (snapped && found) { snapped._path.dataset.kind = found.kind; }
      wrong = place(wrong, wrongAt, { radius: 9, color: "#c4161c", weight: 3 }, "wrong-mark");
    },
    /** Say what lies under the pointer. */
    tip(area, where) {
      tip.hidden = !area;
      if (!area) { return; }
      const facts = [area.code, area.households === null ? "" : t("plan_households_n", { n: number(area.households) })].filter(Boolean).join(" · ");
      tip.replaceChildren(el("strong", null, area.name || area.code), el("span", null, facts));
      tip.style.left = `${Math.min(where.x + 14, map.getSize().x - 190)}px`;
      tip.style.top = `${where.y + 16}px`;
    },
  };
}
