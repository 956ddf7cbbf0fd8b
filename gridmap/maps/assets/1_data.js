// The page's data: an inert JSON block, read once. Texts in it are only ever shown with textContent.
(function (gm) {
  "use strict";
  const data = JSON.parse(document.getElementById("gridmap-data").textContent);
  const locale = data.lang === "zh" ? "zh-CN" : "en-GB";
  const numbers = {};

  /** Give the text of a key, with {fields} filled in. */
  gm.text = function (key, fields) {
    const template = data.texts[key];
    if (template === undefined) { return key; }
    return template.replace(/\{(\w+)\}/g, (whole, name) => (fields && name in fields ? String(fields[name]) : whole));
  };

  /** Write a number with thousands separated and at most `digits` decimals. */
  gm.number = function (value, digits = 0) {
    numbers[digits] = numbers[digits] || new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
    return numbers[digits].format(value);
  };

  /** Write an instant (seconds since 1970, UTC) in the district's time zone. */
  gm.time = function (seconds) {
    return new Intl.DateTimeFormat(locale, {
      timeZone: data.timeZone, year: "numeric", month: data.lang === "zh" ? "2-digit" : "short", day: "2-digit", hour: "2-digit", minute: "2-digit",
      hourCycle: "h23",
    }).format(new Date(seconds * 1000));
  };

  /** Make an element: class, text (never HTML) and children. */
  gm.el = function (tag, className, text, children) {
    const node = document.createElement(tag);
    if (className) { node.className = className; }
    if (text !== undefined && text !== null) { node.textContent = text; }
    (children || []).forEach((child) => child && node.appendChild(child));
    return node;
  };

  const unit = 1 / data.scale;
  const [west, south] = data.origin;

  /** Undo geometry.pack: rings of steps to rings of [lat, lon]. */
  gm.unpack = function (shape) {
    return shape.map((rings) => rings.map((steps) => {
      const ring = new Array(steps.length / 2);
      let x = west, y = south;
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i]; y += steps[i + 1];
        ring[i / 2] = [y * unit, x * unit];
      }
      return ring;
    }));
  };

  /** Place of the label of row i of a level. */
  gm.pole = (level, i) => [(south + level.pole[2 * i + 1]) * unit, (west + level.pole[2 * i]) * unit];

  /** Name of row i of a level, or its code where it has none. */
  gm.title = (level, i) => level.name[i] || level.code[i];

  /** Areas above row i of the grids, coarsest first: {code, name}. */
  gm.chain = function (i) {
    return data.levels.map((level) => {
      const up = level.of[i];
      return up < 0 ? null : { code: level.code[up], name: gm.title(level, up) };
    }).filter(Boolean);
  };

  gm.data = data;
})(window.gridmapPage = window.gridmapPage || {});
