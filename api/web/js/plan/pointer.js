// One pointer for all tools: mouse, pen and finger, and a cross that the keyboard moves.
import { t } from "../texts.js";

/** How far a press may wander and still be a click, in pixels. */
const STILL = 5;
const STEP = 12;

/**
 * Listen on the map; `tool()` gives who is told: press (true: it drags itself), drag, drop, click, double, hover, remove, keys.
 *
 * @returns the pointer: where it is, and the cross of the keyboard
 */
export function startPointer(map, tool, say) {
  const node = map.getContainer();
  let down = null, last = null;
  const cross = document.createElement("div");
  cross.className = "cross";
  cross.hidden = true;
  node.append(cross);

  const at = (event) => {
    const box = node.getBoundingClientRect();
    return place(event.clientX - box.left, event.clientY - box.top, event);
  };
  function place(x, y, event) {
    const { lat, lng } = map.containerPointToLatLng([x, y]);
    return {
      x, y, at: [lng, lat], more: event.shiftKey || event.ctrlKey || event.metaKey, alt: event.altKey, free: event.ctrlKey || event.metaKey,
      touch: event.pointerType === "touch",
    };
  }
  const onControl = (event) => event.target.closest && event.target.closest(".leaflet-control, .cross-ignore");

  node.addEventListener("pointerdown", (event) => {
    if (onControl(event) || !event.isPrimary || event.button !== 0) { return; }
    cross.hidden = true;
    const where = at(event);
    down = { ...where, taken: false, moved: false, id: event.pointerId };
    if (where.alt && tool().remove && tool().remove(where)) { down = null; return; }
    if (tool().press && tool().press(where)) {
      down.taken = true;
      // before Leaflet hears of it: the map stays where it is
      map.dragging.disable();
      node.setPointerCapture(event.pointerId);
    }
  }, true);
  node.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) { return; }
    last = at(event);
    if (down && Math.hypot(last.x - down.x, last.y - down.y) > STILL) { down.moved = true; }
    if (down && down.taken) { if (down.moved) { tool().drag(last); } }
    else if (!down && tool().hover) { tool().hover(last); }
  });
  const end = (event, cancelled) => {
    if (!down || event.pointerId !== down.id) { return; }
    const was = down;
    down = null;
    if (was.taken) {
      map.dragging.enable();
      if (cancelled) { tool().cancel(); }
      else { tool().drop(at(event), was.moved); }
    } else if (!was.moved && !cancelled && tool().click) {
      tool().click(at(event));
    }
  };
  node.addEventListener("pointerup", (event) => end(event, false));
  node.addEventListener("pointercancel", (event) => end(event, true));
  node.addEventListener("dblclick", (event) => { if (!onControl(event) && tool().double) { tool().double(at(event)); } });
  node.addEventListener("contextmenu", (event) => {
    if (onControl(event)) { return; }
    event.preventDefault();
    if (tool().remove) { tool().remove(at(event)); }
  });

  // the cross: arrows move it, space presses and lets go
  let held = false;
  function moveCross(x, y, event = {}) {
    const size = map.getSize();
    if (x < 20 || y < 20 || x > size.x - 20 || y > size.y - 20) {
      map.panBy([x < 20 ? -120 : x > size.x - 20 ? 120 : 0, y < 20 ? -120 : y > size.y - 20 ? 120 : 0], { animate: false });
      x += x < 20 ? 120 : x > size.x - 20 ? -120 : 0;
      y += y < 20 ? 120 : y > size.y - 20 ? -120 : 0;
    }
    cross.hidden = false;
    cross.style.left = `${x}px`;
    cross.style.top = `${y}px`;
    cross.dataset.x = String(x);
    cross.dataset.y = String(y);
    last = place(x, y, event);
    if (held) { tool().drag(last); } else if (tool().hover) { tool().hover(last); }
  }
  const crossAt = () => {
    const size = map.getSize();
    return cross.hidden ? [size.x / 2, size.y / 2] : [Number(cross.dataset.x), Number(cross.dataset.y)];
  };
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.addEventListener("keydown", (event) => {
    if (event.target !== node && event.target !== document.body) { return; }
    const arrow = event.altKey || event.metaKey ? null : ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 1 : STEP;
      const [x, y] = crossAt();
      moveCross(x + arrow[0] * step, y + arrow[1] * step, event);
    } else if (event.key === " ") {
      const [x, y] = crossAt();
      const where = place(x, y, event);
      if (cross.hidden) { moveCross(x, y, event); say(t("plan_cross_shown")); }
      else if (held) { held = false; tool().drop(where, true); }
      else if (tool().press && tool().press(where)) { held = true; say(t("plan_cross_held")); }
      else if (tool().click) { tool().click(where); }
    } else if (event.key === "+" || event.key === "=") { map.zoomIn(); }
    else if (event.key === "-") { map.zoomOut(); }
    else { return; }
    event.preventDefault();
  });

  return {
    last: () => last,
    /** Put the cross on a place; a tool that knows its handles leads it from one to the next. */
    goTo(point) {
      const found = map.latLngToContainerPoint([point[1], point[0]]);
      if (!map.getBounds().contains([point[1], point[0]])) { map.panTo([point[1], point[0]], { animate: false }); }
      const { x, y } = map.getBounds().contains([point[1], point[0]]) ? map.latLngToContainerPoint([point[1], point[0]]) : found;
      moveCross(x, y);
    },
    letGo() {
      held = false;
      if (down && down.taken) { map.dragging.enable(); }
      down = null;
    },
    dragging: () => held || Boolean(down && down.taken),
    hideCross() { cross.hidden = true; },
  };
}
