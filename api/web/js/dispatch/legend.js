// What the signs on the map mean, in plain words.
import { el, t } from "../texts.js";

const line = (sign, text) => el("li", null, null, sign, el("span", null, text));

function dot(look) {
  const sign = el("i", "sign dot");
  sign.style.width = sign.style.height = look.radius * 2 + "px";
  sign.style.border = `${look.weight}px solid ${look.color}`;
  sign.style.backgroundColor = look.fillColor;
  return sign;
}

/** Make the legend as a control of the map; `dots` gives how cases are drawn, `units` how those are who are not near. */
export function legendControl(dots, units) {
  const box = el("details", "legend");
  box.open = window.innerWidth > 1400;
  box.append(el("summary", null, t("dispatch_legend")), el("ul", null, null,
    line(el("i", "sign incident-sign"), t("dispatch_legend_incident")),
    line(el("i", "sign owner-sign"), t("dispatch_legend_owner")),
    line(el("i", "sign chain-sign"), t("dispatch_legend_chain")),
    line(el("i", "sign patrol-sign"), t("dispatch_legend_patrol")),
    line(dot(units.fresh), t("dispatch_legend_unit")),
    line(dot(units.old), t("dispatch_legend_unit_old")),
    line(dot(dots.ok), t("dispatch_legend_case")),
    line(dot(dots.risk), t("dispatch_legend_risk")),
    line(dot(dots.overdue), t("dispatch_legend_overdue"))));
  const Legend = L.Control.extend({
    onAdd: () => {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    },
  });
  return new Legend({ position: "bottomleft" });
}
