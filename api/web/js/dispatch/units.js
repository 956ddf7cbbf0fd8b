// Where units are as they move: those near the open case with name and age, the others as quiet dots.
import { el } from "../texts.js";
import { ageWords, secondsSince } from "./words.js";

/** What was seen longer ago than this is grey; than that, it is not shown: whoever was there is elsewhere by now. */
const OLD = 600;
const GONE = 1800;
/** How long a mark takes to where it was seen next, in milliseconds. */
const GLIDE = 900;
/** Not told apart by colour alone: what is old is smaller; hollow ones are cases. */
export const UNIT_DOTS = {
  fresh: { radius: 5, color: "#ffffff", weight: 1.5, fillColor: "#1f4fa3", fillOpacity: 1 },
  old: { radius: 3.5, color: "#ffffff", weight: 1.5, fillColor: "#66717c", fillOpacity: 1 },
};

/**
 * Make the layer of units; `icon` makes a mark with a node, `groups.units` holds dots, `groups.patrols` those with a name;
 * `taken` gives the boxes on the screen that names leave free.
 */
export function startUnits(map, { taken, groups, renderer, icon, now, still }) {
  const marks = new Map();
  let near = new Map(), frame = 0;
  const age = (unit) => secondsSince(unit.fixed_at, now());

  function look(mark) {
    const seconds = age(mark.unit), old = seconds > OLD;
    if (mark.near) {
      const node = mark.layer.getElement()?.querySelector(".patrol");
      if (!node) { return; }
      node.classList.toggle("old", old);
      const words = ageWords(seconds);
      if (node.lastChild.textContent !== words) { node.lastChild.textContent = words; }
    } else if (mark.old !== old) { mark.layer.setStyle(UNIT_DOTS[old ? "old" : "fresh"]).setRadius(UNIT_DOTS[old ? "old" : "fresh"].radius); }
    mark.old = old;
  }

  function make(unit, at) {
    const mark = { unit, near: near.has(unit.unit_id), layer: null, old: null, from: null, to: null, began: 0 };
    if (mark.near) {
      mark.layer = L.marker(at, { pane: "patrols", interactive: false, keyboard: false,
        icon: icon("patrol", null, el("b", null, unit.unit_id), el("small")) }).addTo(groups.patrols);
    } else {
      mark.layer = L.circleMarker(at, { pane: "units", renderer, className: "unit-dot", ...UNIT_DOTS.fresh }).addTo(groups.units);
      mark.layer.bindTooltip(() => el("div", null, null, el("strong", null, mark.unit.unit_id), el("span", null, ageWords(age(mark.unit)))),
        { className: "case-tip", direction: "top", offset: [0, -6] });
    }
    marks.set(unit.unit_id, mark);
    look(mark);
    return mark;
  }

  function drop(id) {
    const mark = marks.get(id);
    if (mark) { mark.layer.remove(); marks.delete(id); }
  }

  /** Move what is on its way by as much as the time that went by. */
  function glide(at) {
    frame = 0;
    let left = false;
    marks.forEach((mark) => {
      if (!mark.to) { return; }
      const k = Math.min(1, Math.max(0, (at - mark.began) / GLIDE));
      mark.layer.setLatLng([mark.from.lat + (mark.to[0] - mark.from.lat) * k, mark.from.lng + (mark.to[1] - mark.from.lng) * k]);
      if (k < 1) { left = true; } else { mark.to = null; }
    });
    if (left) { frame = requestAnimationFrame(glide); } else { arrange(); }
  }

  /** Let names that would lie on each other be dots, the best placed first. */
  function arrange() {
    const boxes = taken();
    [...near.keys()].map((id) => marks.get(id)).filter((mark) => mark?.near).forEach((mark) => {
      const node = mark.layer.getElement()?.querySelector(".patrol");
      if (!node) { return; }
      node.classList.remove("crowded");
      const at = map.latLngToContainerPoint(mark.to || mark.layer.getLatLng()), w = node.offsetWidth / 2 + 2, h = node.offsetHeight / 2 + 2;
      const box = [at.x - w, at.y - h, at.x + w, at.y + h];
      const crowded = boxes.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]);
      node.classList.toggle("crowded", crowded);
      if (!crowded) { boxes.push(box); }
    });
  }
  map.on("zoomend resize", arrange);

  function put(unit) {
    if (age(unit) > GONE) { return; }
    const mark = marks.get(unit.unit_id), to = [unit.lat, unit.lon];
    if (!mark) { make(unit, to); return; }
    // what comes late, or twice, changes nothing
    if (new Date(unit.fixed_at) <= new Date(mark.unit.fixed_at)) { return; }
    mark.unit = unit;
    look(mark);
    if (still || document.hidden) { mark.to = null; mark.layer.setLatLng(to); return; }
    mark.from = mark.layer.getLatLng();
    mark.to = to;
    mark.began = performance.now();
    if (!frame) { frame = requestAnimationFrame(glide); }
  }

  return {
    /** Take what the service tells: all units, or those that moved. */
    take({ whole, units }) {
      if (whole) {
        const told = new Set(units.map((unit) => unit.unit_id));
        [...marks.keys()].forEach((id) => { if (!told.has(id)) { drop(id); } });
      }
      units.forEach(put);
      if (!frame) { arrange(); }
    },
    /** Name those near the open case. */
    near(units) {
      near = new Map(units.map((unit) => [unit.unit_id, unit]));
      [...marks.values()].forEach((mark) => {
        if (mark.near === near.has(mark.unit.unit_id)) { return; }
        const at = mark.to || mark.layer.getLatLng();
        drop(mark.unit.unit_id);
        make(mark.unit, at);
      });
      units.forEach(put);
      arrange();
    },
    /** Time went on. */
    tick() { [...marks.values()].forEach((mark) => { if (age(mark.unit) > GONE) { drop(mark.unit.unit_id); } else { look(mark); } }); },
  };
}
