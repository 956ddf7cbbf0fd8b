// How areas of a draft belong together: which ones lie above the redrawn level, and to which of them a place belongs.
import { apart, squeezeAt } from "./geometry.js";

/** Make the look-up over a model; `info` is what the service said of the draft. */
export function makeKin(model) {
  const kin = {
    /** The areas of the level above the one that is redrawn, by code. */
    parents(info) {
      const order = model.orders[info.level] - 1;
      const above = info.levels.find((l) => l.order === order);
      return above ? model.of(above.name).sort((a, b) => (a.code < b.code ? -1 : 1)) : [];
    },
    /** All areas above the level that is redrawn, the coarsest first, by code. */
    above(info) {
      const order = model.orders[info.level];
      return [...model.areas.values()].filter((a) => a.order < order).sort((a, b) => a.order - b.order || (a.code < b.code ? -1 : 1));
    },
    /** The area that a new grid at a place belongs to: the one around it, else that of the nearest grid; null without any. */
    parentAt(at, info) {
      const above = kin.parents(info);
      const around = above.length ? model.at(at, above[0].level) : null;
      if (around || !above.length) { return around && around.code; }
      const squeeze = squeezeAt(at[1]);
      let best = null, least = Infinity;
      for (const area of model.of(info.level)) {
        for (const p of area.parts.flat(2)) {
          const distance = apart(p, at, squeeze);
          if (distance < least) { least = distance; best = area.parent; }
        }
      }
      return best;
    },
    /** The name of an area of any level, or its code. */
    nameOf(code, info) {
      const found = info.levels.map((l) => model.find(l.name, code)).find(Boolean);
      return (found && found.name) || code;
    },
  };
  return kin;
}
