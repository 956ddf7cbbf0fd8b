// The legend: what each colour and pattern means, in plain words with units.
(function (gm) {
  "use strict";

  function swatch(look) {
    const box = gm.el("span", "gm-swatch");
    box.setAttribute("aria-hidden", "true");
    if (look.line) {
      box.classList.add("gm-swatch-line");
      box.style.borderTop = `${look.width}px ${look.dash || "solid"} ${look.line}`;
      return box;
    }
    if (look.number) {
      box.classList.add("gm-swatch-number");
      box.textContent = "1";
      return box;
    }
    if (look.dot) {
      box.classList.add("gm-swatch-dot");
      box.style.borderColor = look.dot;
      box.style.borderStyle = look.state === 0 ? "dashed" : "solid";
      // the colour with its share of light: hollow, pale, full
      box.style.backgroundColor = look.dot + ["00", "59", "f2", "00"][look.state];
      return box;
    }
    box.style.backgroundColor = look.fill;
    if (look.pattern === "up" || look.pattern === "down") {
      const face = gm.el("canvas");
      face.width = 22; face.height = 13;
      const pen = face.getContext("2d");
      pen.fillStyle = pen.createPattern(gm.tile(look), "repeat");
      // one triangle in the middle, whole, and a half on either side
      pen.translate(4.5, 0); pen.fillRect(-5, 0, 22, 13);
      box.appendChild(face);
    } else if (look.pattern === "dots") {
      box.style.backgroundImage = `radial-gradient(${look.ink} 1.2px, transparent 1.5px)`;
      box.style.backgroundSize = "6px 6px";
    } else if (look.pattern) {
      const ink = look.pattern === "thin" ? 1 : 2.4;
      box.style.backgroundImage =
        `repeating-linear-gradient(135deg, ${look.ink} 0 ${ink}px, transparent ${ink}px 5.7px)`;
    }
    return box;
  }

  /** Make the legend control; closed at first on a small screen, and in a frame that it would cover. */
  gm.legend = function (map) {
    const legend = gm.data.legend;
    const box = gm.el("details", "gm-legend");
    box.open = window.innerWidth > 640 && window.innerHeight > 480 && !gm.data.pane;
    box.appendChild(gm.el("summary", null, legend.title));
    if (legend.note) { box.appendChild(gm.el("p", "gm-legend-note", legend.note)); }
    const list = gm.el("ul");
    legend.rows.forEach((row) => {
      const item = gm.el("li", null, null, [
        swatch(row.look), gm.el("span", "gm-legend-text", row.text),
        row.count === undefined ? null : gm.el("span", "gm-legend-count", row.count),
      ]);
      item.hidden = row.when === "step";
      list.appendChild(item);
    });
    box.appendChild(list);
    if (legend.foot) { box.appendChild(gm.el("p", "gm-legend-foot", legend.foot)); }
    if (gm.data.remark) { box.appendChild(gm.el("p", "gm-legend-foot gm-legend-remark", gm.data.remark)); }
    const Legend = L.Control.extend({
      onAdd: function () {
        L.DomEvent.disableClickPropagation(box);
        L.DomEvent.disableScrollPropagation(box);
        return box;
      },
    });
    new Legend({ position: "bottomleft" }).addTo(map);
    return box;
  };
})(window.gridmapPage);
