// Who is near the open case or place: the service says who and why one before the next, and the map names them.
import { Problem, get } from "../service.js";
import { may } from "../shell.js";
import { el } from "../texts.js";
import { patrolCard } from "./owner.js";

/** Who is near is asked again at most so often while units move, in milliseconds. */
const AGAIN = 3000;
/** Half a side of the box in which somebody is near, in degrees of latitude. */
const NEAR = 0.018;

/** Make the card, whose `node` stands in whichever panel is open. */
export function makeNear({ lang, now, map }) {
  const node = el("div", "near");
  let at = null, units = null, timer = 0;

  function draw() { node.replaceChildren(...(at && may("patrols.live") ? [patrolCard(units, now())] : [])); }

  async function read() {
    if (!at || !may("patrols.live")) { return; }
    const asked = at;
    let found = units || [];
    try { found = (await get(`/api/v1/patrols/near?lon=${at.lon}&lat=${at.lat}`, lang())).units; } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
    }
    if (asked !== at) { return; }
    units = found;
    draw();
    map.near(units);
  }

  /** Tell whether a unit is, or was, near. */
  const concerns = (unit) => Boolean(at) && ((units || []).some((one) => one.unit_id === unit.unit_id)
    || (Math.abs(unit.lat - at.lat) < NEAR && Math.abs(unit.lon - at.lon) * Math.cos(at.lat * Math.PI / 180) < NEAR));

  return {
    node,
    open(place) { at = place; units = null; map.near([]); draw(); read(); },
    forget() { at = null; units = null; map.near([]); draw(); },
    /** Units moved: their marks follow at once, and who is near is asked again, soon. */
    moved(told) {
      map.units(told);
      if (!timer && told.units.some(concerns)) { timer = setTimeout(() => { timer = 0; if (!document.hidden) { read(); } }, AGAIN); }
    },
    again: read,
    /** Time went on, or the language is another one. */
    tick() { if (units) { draw(); } },
  };
}
