// Labels at the poles of inaccessibility: streets from afar, then areas, then grids; none over another.
(function (gm) {
  "use strict";
  const data = gm.data;
  const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei", system-ui, sans-serif';
  const KIND = [
    { className: "gm-label gm-label-0", font: `600 14px ${FONT}`, height: 18, reach: 3, from: 12 },
    { className: "gm-label gm-label-1", font: `500 13px ${FONT}`, height: 16, reach: 1.7, from: 27 },
    { className: "gm-label gm-label-2", font: `400 12px ${FONT}`, height: 15, reach: 1.5, from: 19 },
  ];
  const pen = document.createElement("canvas").getContext("2d");

  const middle = (values) => values.slice().sort((a, b) => a - b)[values.length >> 1];

  function candidates() {
    const all = [];
    const add = (level, kind) => {
      const median = middle(level.r);
      pen.font = KIND[kind].font;
      const widths = level.code.map((_, i) => pen.measureText(gm.title(level, i)).width + 4);
      const usual = middle(widths);
      const order = level.code.map((_, i) => i).sort((a, b) => level.r[b] - level.r[a]);
      order.forEach((i) => {
        // a 15-digit code ends in the grid's own three digits: they stand in while names do not fit
        const short = kind === 2 && /^\d{15}$/.test(level.code[i]) ? level.code[i].slice(-3) : null;
        all.push({
          kind, median, usual, at: L.latLng(gm.pole(level, i)), radius: level.r[i], width: widths[i],
          text: gm.title(level, i), short: short && { text: short, width: pen.measureText(short).width + 4 },
        });
      });
    };
    data.levels.forEach((level, number) => add(level, Math.min(number, 1)));
    if (!data.unnamed) { add(data.grids, 2); }
    return all;
  }

  const LabelLayer = L.Layer.extend({
    onAdd: function (map) {
      this.box = gm.el("div", "gm-labels leaflet-zoom-hide");
      this.box.setAttribute("aria-hidden", "true");
      map.getPane("gm-labels").appendChild(this.box);
      this.all = this.all || candidates();
      map.on("moveend zoomend resize", this.place, this);
      if (map._loaded) { this.place(); }
    },
    onRemove: function (map) {
      map.off("moveend zoomend resize", this.place, this);
      this.box.remove();
    },
    place: function () {
      const map = this._map;
      const scale = gm.pixelsPerMetre();
      const size = map.getSize();
      const taken = new Map();  // buckets of 64 px, so that a box meets only its neighbours
      const free = (x0, y0, x1, y1) => {
        for (let i = x0 >> 6; i <= x1 >> 6; i++) {
          for (let j = y0 >> 6; j <= y1 >> 6; j++) {
            for (const b of taken.get(i * 4096 + j) || []) {
              if (x0 < b[2] && x1 > b[0] && y0 < b[3] && y1 > b[1]) { return false; }
            }
          }
        }
        return true;
      };
      const take = (x0, y0, x1, y1) => {
        for (let i = x0 >> 6; i <= x1 >> 6; i++) {
          for (let j = y0 >> 6; j <= y1 >> 6; j++) {
            const key = i * 4096 + j;
            if (!taken.has(key)) { taken.set(key, []); }
            taken.get(key).push([x0, y0, x1, y1]);
          }
        }
      };
      const shown = document.createDocumentFragment();
      for (const label of this.all) {
        const style = KIND[label.kind];
        const room = label.radius * scale;
        // a level speaks when most of it can, not where a few of it happen to be large
        if (label.median * scale < style.from || room < 9) { continue; }
        const p = map.latLngToContainerPoint(label.at);
        if (p.x < -80 || p.y < -20 || p.x > size.x + 80 || p.y > size.y + 20) { continue; }
        // all grids change from number to name at the same zoom, so that a view reads evenly
        const named = !label.short || label.usual / 2 <= label.median * scale;
        const { text, width } = named ? label : label.short;
        if (width / 2 <= room * style.reach) {
          const x0 = Math.round(p.x - width / 2) - 3, x1 = x0 + Math.ceil(width) + 6;
          const y0 = Math.round(p.y - style.height / 2) - 2, y1 = y0 + style.height + 4;
          if (!free(x0, y0, x1, y1)) { continue; }
          take(x0, y0, x1, y1);
          const node = gm.el("span", style.className, text);
          const at = map.latLngToLayerPoint(label.at);
          node.style.left = at.x + "px";
          node.style.top = at.y + "px";
          shown.appendChild(node);
        }
      }
      this.box.replaceChildren(shown);
    },
  });

  gm.labelLayer = () => new LabelLayer();
})(window.gridmapPage);
