// A second map beside the first: the same grids in another time; both move, hover and select together.
(function (gm) {
  "use strict";
  const data = gm.data;
  let renderers = null;

  /** Do something on each map; `make` gets the map and what draws on it, and gives layers. */
  gm.onEach = (make) => [...make(gm.map), ...(gm.second ? make(gm.second, renderers) : [])];

  /** The maps have another size: keep their middle. */
  gm.settle = () => gm.onEach((map) => [map.invalidateSize({ animate: false })]);

  function follow(one, other, state) {
    one.on("move", () => {
      if (state.busy) { return; }
      state.busy = true;
      other.setView(one.getCenter(), one.getZoom(), { animate: false });
      state.busy = false;
    });
  }

  /** Open the second map, where the page has one; give its group of grids, or nothing. */
  gm.pane = function (map) {
    if (!data.pane) { return []; }
    const box = gm.el("div", "gm-pane");
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", data.pane.titles[1]);
    map.getContainer().after(box);
    document.body.classList.add("gm-two");
    const options = Object.assign({}, map.options, { zoomControl: false, zoomAnimation: false, layers: [], renderer: undefined });
    const second = gm.second = L.map(box, gm.options(options));
    renderers = gm.panesOf(second);
    gm.contextGroup(renderers).addTo(second);
    const group = gm.gridGroup(data.pane.grids.fill, gm.shapes, renderers).addTo(second);
    group.columns = data.pane.grids;
    data.levels.forEach((_, number) => gm.levelGroup(data.levels.length - 1 - number, renderers).addTo(second));
    gm.labelLayer().addTo(second);
    [map, second].forEach((on, i) => on.getContainer().appendChild(gm.el("p", "gm-pane-title", data.pane.titles[i])));
    second.on("click", (event) => { gm.select(null, data.locate ? event.latlng : undefined); });
    map.invalidateSize({ animate: false });
    const state = { busy: false };
    follow(map, second, state);
    follow(second, map, state);
    return [group];
  };
})(window.gridmapPage);
