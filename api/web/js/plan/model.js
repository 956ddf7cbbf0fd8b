// The areas of a draft as the page knows them: what the service last said (truth), and what the reader is doing to them (parts).
import { boxHolds, boxOf, boxesMeet, copyParts, inParts, partsOf, same } from "./geometry.js";

/**
 * @typedef {{code: string, name: string, level: string, order: number, parent: string|null, households: number|null, drawn: boolean,
 *   truth: number[][][][], parts: number[][][][], box: number[], label: number[]|null}} Area
 * @typedef {{area: Area, ring: number[][], i: number}} Place a point of a ring of an area
 */

/** Make an empty model. `hear(area, gone)` is told of every area whose shape is another one. */
export function makeModel(hear) {
  /** @type {Map<string, Area>} */
  const areas = new Map();
  const key = (level, code) => `${level} ${code}`;

  function place(area) {
    area.box = boxOf(area.parts.flatMap((rings) => rings[0] || []));
    area.label = null;
    hear(area, false);
  }

  function* near(box, level) {
    for (const area of areas.values()) {
      if ((!level || area.level === level) && boxesMeet(area.box, box)) { yield area; }
    }
  }

  return {
    areas,
    near,
    /** Order of the levels by name, 0 the coarsest. */
    orders: {},
    find: (level, code) => areas.get(key(level, code)) || null,
    of: (level) => [...areas.values()].filter((area) => area.level === level),

    /** Take an area as the service gives it. */
    put(feature) {
      const p = feature.properties;
      const id = key(p.level, p.code);
      const area = areas.get(id) || { code: p.code, level: p.level, order: this.orders[p.level] ?? 0 };
      area.truth = feature.geometry ? partsOf(feature.geometry) : [];
      Object.assign(area, {
        name: p.name || "", parent: p.parent_code ?? null, households: p.households ?? null,
        drawn: p.drawn === true, parts: copyParts(area.truth),
      });
      areas.set(id, area);
      place(area);
      return area;
    },

    /** Forget the areas of a code; the levels where it stood are asked for one by one. */
    drop(code) {
      for (const [id, area] of areas) {
        if (area.code === code) { areas.delete(id); hear(area, true); }
      }
    },

    /** Forget the areas of a level that lie outside a box, but for some. */
    leave(level, box, but) {
      for (const [id, area] of areas) {
        if (area.level === level && !boxesMeet(area.box, box) && !but.includes(area)) { areas.delete(id); hear(area, true); }
      }
    },

    clear() {
      for (const area of areas.values()) { hear(area, true); }
      areas.clear();
    },

    /** Show an area again as the service last said. */
    restore(area) {
      area.parts = copyParts(area.truth);
      place(area);
    },

    /** Tell that the rings of an area were changed in place. */
    touched: place,

    /** The area of a level that holds a point, or null. */
    at(point, level) {
      for (const area of areas.values()) {
        if (area.level === level && boxHolds(area.box, point) && inParts(point, area.parts)) { return area; }
      }
      return null;
    },

    /** Every place where a vertex stands, on all levels. @returns {Place[]} */
    star(point) {
      const found = [];
      for (const area of areas.values()) {
        if (!boxHolds(area.box, point)) { continue; }
        for (const rings of area.parts) {
          for (const ring of rings) {
            for (let i = 0; i < ring.length; i++) {
              if (same(ring[i], point)) { found.push({ area, ring, i }); }
            }
          }
        }
      }
      return found;
    },

    /** Every ring that has the edge between two vertices; `i` is where it begins. @returns {Place[]} */
    edge(a, b) {
      const found = [];
      for (const { area, ring, i } of this.star(a)) {
        const n = ring.length;
        if (same(ring[(i + 1) % n], b)) { found.push({ area, ring, i }); }
        if (same(ring[(i - 1 + n) % n], b)) { found.push({ area, ring, i: (i - 1 + n) % n }); }
      }
      return found;
    },

    /** Areas of the same level that share an edge with one. */
    neighbours(area) {
      const corners = new Set(area.parts.flat(2).map(String));
      const found = [];
      for (const other of near(area.box, area.level)) {
        if (other === area) { continue; }
        const shares = other.parts.flat().some((ring) => ring.some((p, i) => corners.has(String(p)) && corners.has(String(ring[(i + 1) % ring.length]))));
        if (shares) { found.push(other); }
      }
      return found;
    },
  };
}
