// The slider of a map whose window has parts: position 0 is the whole window, then its days or weeks.
(function (gm) {
  "use strict";
  const data = gm.data;
  const el = gm.el;

  function drawLegend(looks, step) {
    const counts = new Array(looks).fill(0);
    data.grids.fill.forEach((fill) => { if (fill < looks) { counts[fill] += 1; } });
    document.querySelectorAll(".gm-legend li .gm-legend-count").forEach((box, i) => {
      if (i < looks) { box.textContent = gm.number(counts[i]); }
    });
    const note = document.querySelector(".gm-legend-note"), foot = document.querySelector(".gm-legend-foot");
    if (note) { note.textContent = step.note; }
    if (foot) { foot.textContent = step.foot; }
  }

  /** Put the slider on the map, where the page has one. */
  gm.slider = function (map) {
    if (!data.steps) { return; }
    const steps = data.steps.steps;
    const columns = Object.keys(steps[0].grids);
    const whole = { label: data.steps.whole, note: data.legend.note, foot: data.legend.foot,
      grids: Object.fromEntries(columns.map((key) => [key, data.grids[key]])) };
    const at = (n) => (n ? steps[n - 1] : whole);
    const range = el("input");
    range.type = "range"; range.min = 0; range.max = steps.length; range.step = 1; range.value = 0;
    range.setAttribute("aria-label", data.steps.label);
    const said = el("output", null, whole.label);
    const move = (by, text, name) => {
      const button = el("button", null, text);
      button.type = "button";
      button.setAttribute("aria-label", gm.text(name));
      button.addEventListener("click", () => {
        range.value = Number(range.value) + by;
        show();
        settle();
      });
      return button;
    };
    function show() {
      const step = at(Number(range.value));
      const before = data.grids.fill;
      Object.assign(data.grids, step.grids);
      gm.shapes.forEach((shape, i) => { if (before[i] !== data.grids.fill[i]) { shape.setStyle(gm.fills[data.grids.fill[i]]); } });
      said.textContent = step.label;
      range.setAttribute("aria-valuetext", step.label);
      drawLegend(data.styles.length - 1, step);
    }
    // an open card tells of the same part
    function settle() { if (gm.selected() !== null) { gm.select(gm.selected()); } }
    range.addEventListener("input", show);
    range.addEventListener("change", settle);
    const box = el("div", "gm-steps", null, [move(-1, "‹", "steps_before"), range, move(1, "›", "steps_after"), said]);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    box.addEventListener("keydown", (event) => event.stopPropagation());
    map.getContainer().appendChild(box);
  };
})(window.gridmapPage);
