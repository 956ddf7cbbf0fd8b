// The ground of the map: water, green, roads, and the borders of every level, and the shape of one area by its code.
import { get } from "../service.js";

/** Grids asked for at once, and from how many on only those in view are drawn. */
const PAGE = 1000;
const MANY = 3000;
/** Half the side of the box in which one grid is looked for, in degrees. */
const NEAR = 0.01;

/** Read the areas of a level, page by page; in a box [west, south, east, north] if one is given. */
async function areas(set, level, box) {
  const query = new URLSearchParams({ level, limit: PAGE });
  if (box) { query.set("bbox", box.map((edge) => edge.toFixed(6)).join(",")); }
  const found = [];
  let url = `/api/v1/sets/${encodeURIComponent(set)}/versions/current/grids?${query}`;
  while (url) {
    const body = await get(url);
    found.push(...body.features);
    const next = body.links.find((link) => link.rel === "next");
    url = next ? next.href : "";
  }
  return found;
}

/** Read the ground of a set. `draw` hears {context, levels: [{order, features}]} as it comes. */
export function startGround(set, draw) {
  const known = new Map();
  const levels = [...set.levels].sort((a, b) => a.order - b.order);
  const finest = levels[levels.length - 1];
  const many = set.grids > MANY;
  let asked = "";
  const keep = (features) => { features.forEach((feature) => known.set(feature.properties.code, feature)); return features; };

  return {
    areaName: (code) => { const found = known.get(code); return found ? found.properties.name || code : ""; },
    async load() {
      const context = await get("/api/v1/context" + (set.bounds ? `?bbox=${set.bounds.join(",")}` : ""));
      draw({ context: context.features });
      for (const level of levels) {
        if (level === finest && many) { continue; }
        draw({ level: level.order, finest: level === finest, features: keep(await areas(set.name, level.name)) });
      }
    },
    /** Draw the grids in view of a set that has too many to draw them all. */
    async look(box, zoom) {
      if (!many || zoom < 14) { return; }
      const key = box.map((edge) => edge.toFixed(3)).join();
      if (key === asked) { return; }
      asked = key;
      const features = keep(await areas(set.name, finest.name, box));
      if (key === asked) { draw({ level: finest.order, finest: true, features }); }
    },
    /** The shape of an area, by its code and a place in or near it. */
    async shape(code, place) {
      if (!known.has(code)) {
        keep(await areas(set.name, finest.name, [place.lon - NEAR, place.lat - NEAR, place.lon + NEAR, place.lat + NEAR]));
      }
      return known.get(code) || null;
    },
  };
}
