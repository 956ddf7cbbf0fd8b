// Hover, selection, the conversation with the page around us, and the first view.
(function (gm) {
  "use strict";
  const data = gm.data;
  const { nonce } = document.currentScript;
  let selected = null;
  let hovered = null;
  let pin = null;

  // in a frame the page around us says that access is open
  const open = document.getElementById("open-access");
  if (open && window.parent === window) { open.hidden = false; }

  /** What a tooltip says of a row; `columns` are those of the map that it is shown on. */
  gm.tip = function (i, columns) {
    const box = gm.el("div", "gm-tip", null, [gm.el("strong", null, gm.title(data.grids, i))]);
    data.tips.forEach((tip) => {
      const value = columns[tip.key][i];
      const text = value === null ? tip.none
        : tip.kind === "fixed" ? tip.text
        : tip.kind === "choice" ? tip.texts[value]
        : tip.kind === "plain" ? tip.text.replace("{value}", () => value)
        : tip.text.replace("{value}", tip.kind === "time" ? gm.time(value) : gm.number(value, tip.digits || 0))
                  .replace("{of}", tip.of ? gm.number(columns[tip.of][i]) : "");
      if (text) { box.appendChild(gm.el("span", null, text)); }
    });
    return box;
  };

  function unmark(list) { (list || []).forEach((layer) => layer.remove()); }

  /** Draw the selection around a grid: a light halo under a thick dark line. */
  gm.mark = function (row) {
    unmark(selected && selected.marks);
    const marks = gm.onEach((map, by) => [
      gm.outline(row, { color: "#fff", weight: 9, opacity: 0.95 }, by).addTo(map),
      gm.outline(row, { color: "#111a22", weight: 4 }, by).addTo(map),
    ]);
    selected = { row, marks };
  };

  /** Row of the selected grid, or null. */
  gm.selected = () => (selected ? selected.row : null);

  function tell(message) {
    if (window.parent !== window) { window.parent.postMessage(Object.assign({ from: "gridmap" }, message), location.origin); }
  }

  /** Select a grid (row number), or nothing (null). `at` is the point that was asked for. */
  gm.select = function (row, at) {
    unmark(selected && selected.marks);
    selected = null;
    if (pin) { pin.remove(); pin = null; }
    if (row === null && !at) {
      gm.closeCard();
      tell({ selected: null });
      return;
    }
    const point = at || L.latLng(gm.pole(data.grids, row));
    if (row !== null) { gm.mark(row); }
    gm.openCard(row, point);
    tell({ selected: row === null ? null : data.grids.code[row] });
  };

  /** Which grid is drawn at a point, or null. The service decides; this is for the picture. */
  gm.rowAt = function (at) {
    const point = gm.map.latLngToLayerPoint(at);
    const hit = gm.shapes.find((shape) => shape._map && shape._containsPoint(point));
    return hit ? hit.row : null;
  };

  gm.goTo = function (at) {
    gm.map.setView(at, Math.max(gm.map.getZoom(), 15), { animate: false });
    gm.select(gm.rowAt(at), at);
    pin = L.circleMarker(at, { pane: "gm-mark", radius: 7, color: "#fff", weight: 3, fillColor: "#a3195b", fillOpacity: 1 });
    pin.addTo(gm.map);
  };

  gm.goToCode = function (code) {
    const row = data.grids.code.indexOf(code);
    if (row < 0) { return false; }
    gm.map.fitBounds(gm.shapes[row].getBounds(), { padding: [120, 120], maxZoom: 16.5, animate: false });
    gm.select(row);
    return true;
  };

  function listen() {
    window.addEventListener("message", (event) => {
      if (event.origin !== location.origin || event.source !== window.parent || !event.data) { return; }
      const ask = event.data;
      if (ask.to !== "gridmap") { return; }
      if (typeof ask.code === "string") { tell({ found: gm.goToCode(ask.code), asked: ask.code }); }
      if (typeof ask.lon === "number" && typeof ask.lat === "number") { gm.goTo(L.latLng(ask.lat, ask.lon)); }
      if (ask.clear) { gm.select(null); }
    });
    gm.map.on("moveend", () => {
      const c = gm.map.getCenter();
      tell({ view: [gm.map.getZoom().toFixed(2), c.lat.toFixed(5), c.lng.toFixed(5)].join("/") });
    });
  }

  /** First view: what the address asks for, else everything, beside the legend. */
  function firstView(map, legend) {
    const hash = new URLSearchParams(location.hash.slice(1));
    const [zoom, lat, lon] = (hash.get("v") || "").split("/").map(Number);
    const room = legend.open && map.getSize().x > 900 ? legend.offsetWidth + 16 : 0;
    // the slider stands above the ground, not on it
    const slider = map.getContainer().querySelector(".gm-steps");
    const top = slider ? slider.offsetTop + slider.offsetHeight : 0;
    map.fitBounds(data.bounds, { paddingTopLeft: [room + 8, top + 8], paddingBottomRight: [8, 8], animate: false });
    if ([zoom, lat, lon].every(Number.isFinite) && hash.get("v")) { map.setView([lat, lon], zoom, { animate: false }); }
    return hash.get("grid");
  }

  /** Draw the base map of the service beneath everything; a page of its own has none. */
  async function base(map) {
    if (!data.locate || !location.protocol.startsWith("http")) { return; }
    try {
      const { addBasemap } = await import("/assets/js/basemap.js");
      await addBasemap(map, nonce);
    } catch (missing) { /* the map is whole without it */ }
  }

  /** Everything is on the map: bring it to life. */
  gm.start = function (map) {
    const legend = gm.legend(map);
    gm.slider(map);
    gm.about(map);
    const groups = [gm.grids, ...gm.pane(map)];
    if (data.notice) {
      const said = gm.el("p", "gm-nothing", data.notice);
      said.setAttribute("role", "status");
      map.getContainer().appendChild(said);
    }
    base(map);
    if (gm.second) { base(gm.second); }
    L.control.scale({ position: "bottomright", imperial: false, maxWidth: 140 }).addTo(map);
    const wanted = firstView(map, legend);
    gm.adaptLines();
    map.on("zoomend", gm.adaptLines);
    groups.forEach((group) => {
      group.bindTooltip((layer) => gm.tip(layer.row, Object.assign({}, data.grids, group.columns)),
        { sticky: true, direction: "top", offset: [0, -6], className: "gm-tooltip" });
      group.on("mouseover", (event) => {
        unmark(hovered);
        if (selected && selected.row === event.layer.row) { hovered = null; return; }
        hovered = gm.onEach((on, by) => [gm.outline(event.layer.row, { color: "#111a22", weight: 2.2, opacity: 0.9 }, by).addTo(on)]);
      });
      group.on("mouseout", () => { unmark(hovered); hovered = null; });
      group.on("click", (event) => { unmark(hovered); hovered = null; gm.select(event.layer.row, event.latlng); });
    });
    map.on("click", (event) => { if (data.locate) { gm.select(null, event.latlng); } else { gm.select(null); } });
    // a frame around the map is for those who came by keyboard; Leaflet focuses it on every click
    document.addEventListener("pointerdown", () => { delete document.documentElement.dataset.keys; }, true);
    document.addEventListener("keydown", (event) => {
      document.documentElement.dataset.keys = "true";
      if (event.key === "Escape" && !document.getElementById("gridmap-card").hidden) { gm.select(null); }
      if (event.key === "Enter" && document.activeElement === map.getContainer()) {
        const at = map.getCenter();
        gm.select(gm.rowAt(at), at);
      }
    });
    listen();
    if (wanted) { gm.goToCode(wanted); }
    document.documentElement.dataset.ready = "true";
    tell({ ready: true });
  };
})(window.gridmapPage);
