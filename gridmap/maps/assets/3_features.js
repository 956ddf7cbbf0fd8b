// Facilities and thematic zones: hollow and dashed where planned, pale where built, full where open.
(function (gm) {
  "use strict";
  const STATES = ["state_planned", "state_built", "state_open"];
  const POINT = [{ fillOpacity: 0, dashArray: "3 2" }, { fillOpacity: 0.35 }, { fillOpacity: 0.95, color: "#fff", weight: 1.5 }];
  const LINE = [{ weight: 2.5, dashArray: "2 6" }, { weight: 2.5, opacity: 0.75 }, { weight: 4 }];
  const AREA = [{ fillOpacity: 0.06, dashArray: "5 4" }, { fillOpacity: 0.18 }, { fillOpacity: 0.36 }];

  const GAP = { fillOpacity: 0, weight: 1.4, dashArray: "5 4", opacity: 0.9 };

  function shape(layer, i, options) {
    const parts = gm.unpack(layer.geom[i]);
    const kind = layer.kind[i];
    const look = { color: layer.colour, fillColor: layer.colour, weight: 2, opacity: 1 };
    const style = Object.assign({}, options, look, layer.look === "gap" ? GAP : [POINT, LINE, AREA][kind][layer.state[i]]);
    if (layer.look === "number") {
      const at = parts[0][0][0];
      const face = gm.el("span", "gm-number", String(i + 1));
      face.setAttribute("aria-hidden", "true");
      return L.marker(at, { pane: options.pane, keyboard: false, icon: L.divIcon({ html: face, className: "gm-numbered", iconSize: [26, 26] }) });
    }
    if (kind === 0) {
      return L.featureGroup(parts.map((part) => L.circleMarker(part[0][0], Object.assign({ radius: 6 }, style))));
    }
    const make = kind === 1 ? (more) => L.polyline(parts.map((part) => part[0]), more) : (more) => L.polygon(parts, more);
    // the mouse meets a wide unseen line, dashes or not; what lies inside an area stays within reach
    const hit = make(Object.assign({}, options, { opacity: 0, weight: 12, fill: false }));
    return L.featureGroup([make(Object.assign(style, { interactive: false, fill: kind === 2 })), hit]);
  }

  /** Give the group of a layer's features; `options` name the pane and how it is drawn. */
  gm.featureLayer = function (layer, options) {
    const group = L.featureGroup();
    layer.geom.forEach((_, i) => {
      const drawn = shape(layer, i, options);
      drawn.bindTooltip(() => gm.el("div", "gm-tip", null, [
        gm.el("strong", null, layer.name[i]), gm.el("span", null, layer.note ? layer.note[i] : gm.text(STATES[layer.state[i]])),
      ]), { sticky: true, direction: "top", offset: [0, -6], className: "gm-tooltip" });
      group.addLayer(drawn);
    });
    // whoever asks at a facility asks for the grid it stands in
    group.on("click", (event) => gm.select(gm.rowAt(event.latlng), event.latlng));
    return group;
  };
})(window.gridmapPage);
