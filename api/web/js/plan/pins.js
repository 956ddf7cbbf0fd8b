// Locks and comments: read when the service says that one came or went, drawn on the map, and asked for by tools and panel.
import { Problem, get, send } from "../service.js";
import { labelPlace } from "../history/labels.js";
import { el, t } from "../texts.js";
import { icon } from "./icons.js";
import { toLatLngs } from "./map.js";

const BROWN = "#6b3d00";
/** Two vertices that are nearer than this are one, in degrees: see the service. */
const SAME = 1e-9;

const near = (a, b) => Math.abs(a[0] - b[0]) <= SAME && Math.abs(a[1] - b[1]) <= SAME;

/**
 * Make the locks and comments of the draft on the screen.
 *
 * @param {{view: object, model: object, desk: () => object|null, lang: () => string, drawn: () => void, open: (number: number) => void,
 *   news: () => void, fail: (text: string) => void}} with_ `drawn` is told of every change, `open` of a click on a pin, `news` of comments of others
 */
export function makePins({ view, model, desk, lang, drawn, open, news, fail }) {
  const { map, groups, svgs } = view;
  let locks = [], comments = [], known = "", turn = 0;

  /** Do something on the service; what it refuses is said. */
  async function ask(what) {
    const mine = desk();
    try {
      const done = await what(mine);
      if (mine === desk()) { await load(); }
      return done;
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      fail(problem.detail || t("plan_error"));
      return null;
    }
  }

  async function load() {
    const mine = desk(), asked = ++turn;
    if (!mine) { return; }
    const [lockList, commentList] = await Promise.all(["locks", "comments"].map((kind) => get(`${mine.base}/${kind}`, lang())));
    if (mine !== desk() || asked !== turn) { return; }
    const before = new Set(comments.map((one) => one.number));
    const first = !known;
    locks = lockList.marks;
    comments = commentList.marks;
    draw();
    drawn();
    if (!first && comments.some((one) => !one.mine && !before.has(one.number))) { news(); }
  }

  function sign(name, at, className, title) {
    const node = el("span", className, null, icon(name));
    node.title = title;
    L.marker([at[1], at[0]], { pane: "pins", interactive: false, keyboard: false, icon: L.divIcon({ html: node, className: "map-sign", iconSize: [22, 22], iconAnchor: [11, 32] }) }).addTo(groups.pins);
  }

  function draw() {
    groups.locks.clearLayers();
    groups.pins.clearLayers();
    locks.forEach((lock) => {
      const title = t("plan_locked_by", { by: lock.by });
      if (lock.kind === "edge") {
        const line = lock.places.map(([x, y]) => [y, x]);
        const look = { pane: "edges", renderer: svgs.edges, interactive: false, smoothFactor: 0 };
        groups.locks.addLayer(L.polyline(line, { ...look, color: BROWN, weight: 7, className: "locked-edge" }));
        groups.locks.addLayer(L.polyline(line, { ...look, color: "#ffffff", weight: 2.5, dashArray: "2 6" }));
        const [a, b] = lock.places;
        sign("lock", [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], "lock-sign", title);
        return;
      }
      const area = find(lock.code);
      if (!area || !area.parts.length) { return; }
      groups.locks.addLayer(L.polygon(toLatLngs(area.parts), {
        pane: "locks", renderer: svgs.locks, interactive: false, smoothFactor: 0, color: BROWN, weight: 2, dashArray: "1 5",
        fillColor: "url(#plan-locked)", fillOpacity: 1, className: "locked-area",
      }));
      const shape = { type: "MultiPolygon", coordinates: area.parts.map((rings) => rings.map((ring) => [...ring, ring[0]])) };
      const place = labelPlace(shape);
      if (place) { sign("lock", [place[1], place[0]], "lock-sign", title); }
    });
    comments.forEach((one) => {
      const [x, y] = one.places[0];
      const pin = el("button", "pin cross-ignore", String(one.number));
      pin.type = "button";
      pin.dataset.number = String(one.number);
      pin.title = `${one.by}: ${one.text}`;
      pin.setAttribute("aria-label", t("plan_note_n", { n: one.number, by: one.by }));
      pin.addEventListener("click", (event) => { event.stopPropagation(); open(one.number); });
      L.marker([y, x], { pane: "pins", interactive: false, keyboard: false, icon: L.divIcon({ html: pin, className: "map-pin", iconSize: [26, 26], iconAnchor: [13, 30] }) }).addTo(groups.pins);
    });
  }

  const find = (code) => desk().info.levels.map((level) => model.find(level.name, code)).find(Boolean) || null;

  /** Codes of an area and of all above it. */
  function lineOf(area) {
    const codes = [];
    for (let one = area; one && !codes.includes(one.code); one = one.parent ? find(one.parent) : null) { codes.push(one.code); }
    return codes;
  }

  const pins = {
    load,
    locks: () => locks,
    comments: () => comments,
    /** The service says by a text whether one came or went. */
    heard(stamp) {
      if (stamp === undefined || stamp === known) { return; }
      const asked = load();
      known = stamp;
      asked.catch((problem) => { known = ""; if (!(problem instanceof Problem)) { throw problem; } });
    },
    redraw() { if (desk()) { draw(); } },
    /** Locks that hold an area: its own, and those of areas above it. */
    of(area) {
      const codes = lineOf(area);
      return locks.filter((lock) => lock.kind !== "edge" && codes.includes(lock.code));
    },
    /** The lock of a piece of a border, or null. */
    edge: (a, b) => locks.find((lock) => lock.kind === "edge" && ((near(lock.places[0], a) && near(lock.places[1], b)) || (near(lock.places[0], b) && near(lock.places[1], a)))) || null,
    /** The lock that keeps a vertex where it is: of an area that has it, or of a border that ends in it. */
    holding(star) {
      for (const { area, ring, i } of star) {
        const n = ring.length;
        const found = pins.of(area)[0] || pins.edge(ring[(i - 1 + n) % n], ring[i]) || pins.edge(ring[i], ring[(i + 1) % n]);
        if (found) { return found; }
      }
      return null;
    },
    /** The lock that keeps a piece of a border where it is. */
    holdingEdge: (places, a, b) => pins.edge(a, b) || places.map(({ area }) => pins.of(area)[0]).find(Boolean) || null,
    lock: (kind, what) => ask((mine) => send("POST", `${mine.base}/locks`, { kind, ...what }, lang())),
    unlock: (lock) => ask((mine) => send("DELETE", `${mine.base}/locks/${lock.number}`, undefined, lang())),
    comment: (at, text) => ask((mine) => send("POST", `${mine.base}/comments`, { at, text }, lang())),
    remove: (one) => ask((mine) => send("DELETE", `${mine.base}/comments/${one.number}`, undefined, lang())),
    clear() {
      turn += 1;
      locks = [];
      comments = [];
      known = "";
      groups.locks.clearLayers();
      groups.pins.clearLayers();
    },
  };
  return pins;
}
