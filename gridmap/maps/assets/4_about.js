// The card of a map: what was counted, how it was judged, what it cannot say. Beneath the map, never over it.
(function (gm) {
  "use strict";
  const el = gm.el;

  /** Put the card under the map, folded to one line at first. */
  gm.about = function (map) {
    const about = gm.data.about;
    if (!about) { return; }
    const box = el("details", "gm-about");
    box.appendChild(el("summary", null, about.title));
    const list = el("dl");
    about.rows.forEach((row) => {
      list.appendChild(el("div", null, null, [el("dt", null, row.head), ...row.said.map((text) => el("dd", null, text))]));
    });
    box.appendChild(list);
    const bar = el("div", "gm-about-bar", null, [box]);
    if (about.save) {
      const link = el("a", "gm-save", about.save_text);
      link.href = about.save;
      link.download = "";
      bar.appendChild(link);
    }
    document.body.appendChild(bar);
    // the map gives it room and keeps its middle
    box.addEventListener("toggle", gm.settle);
    map.invalidateSize({ animate: false });
  };
})(window.gridmapPage);
