// The slider of a map whose window has parts: position 0 is the whole window, then its days or weeks.
(function (gm) {
  "use strict";
  const data = gm.data;
  const el = gm.el;

  /** Count anew; a row that names its look belongs to the whole window or to its parts, others are in the order of looks. */
  function drawLegend(looks, step, whole) {
    const counts = new Array(looks + 1).fill(0);
    data.grids.fill.forEach((fill) => { counts[fill] += 1; });
    const named = data.legend.rows.some((row) => row.when);
    document.querySelectorAll(".gm-legend li").forEach((item, i) => {
      const row = data.legend.rows[i], box = item.querySelector(".gm-legend-count");
      const look = named ? row.style : i;
      if (row.when) { item.hidden = (row.when === "whole") !== whole || (look === looks && !counts[look]); }
      if (box && (row.when || look < looks)) { box.textContent = gm.number(counts[look]); }
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
      grids: Object.fromEntries(columns.map((key) => [key, data.grids[key]])), why: [data.why, data.grids.why], surface: data.surface };
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
      // where a look says it all, one sentence a look does for every part
      if (data.steps.why) { [data.why, data.grids.why] = step === whole ? whole.why : [data.steps.why, step.grids.fill]; }
      gm.shapes.forEach((shape, i) => { if (before[i] !== data.grids.fill[i]) { shape.setStyle(gm.fills[data.grids.fill[i]]); } });
      if (step.surface) { gm.showSurface(step.surface); }
      said.textContent = step.label;
      range.setAttribute("aria-valuetext", step.label);
      drawLegend(data.styles.length - 1, step, step === whole);
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
