// What the page asks of the service beside the draft itself: areas by view where there are many, layers, and the version before.
import { get } from "../service.js";
import { boxHolds, boxOf, partsOf } from "./geometry.js";

/** From how many areas on only those in view are read. */
export const MANY = 3000;
/** Room around the view that is read along with it, as a share of it. */
const AROUND = 0.4;

const within = (inner, outer) => boxHolds(outer, [inner[0], inner[1]]) && boxHolds(outer, [inner[2], inner[3]]);

/** The edges of a ring, each with a name that is the same from both sides. */
const edgesOf = (ring) => ring.map((a, i) => {
  const b = ring[(i + 1) % ring.length];
  return [String(a) < String(b) ? `${a} ${b}` : `${b} ${a}`, [a, b]];
});

/** Make the loader of a map and a model. */
export function makeLoader({ view, model, lang }) {
  let loaded = null, reading = null;
  const kept = new Map();
  const ghosts = new Map();
  let ghostBox = null;

  const viewBox = (pad) => {
    const b = view.map.getBounds().pad(pad);
    return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
  };

  /** Which share of the extent of a draft is in view, with what is read around it. */
  function share(info) {
    const [w, so, e, n] = viewBox(AROUND);
    const [x0, y0, x1, y1] = info.box;
    const across = Math.max(0, Math.min(e, x1) - Math.max(w, x0)), up = Math.max(0, Math.min(n, y1) - Math.max(so, y0));
    return (across * up) / ((x1 - x0) * (y1 - y0) || 1);
  }

  /** Come so near that what is in view can be read. */
  function nearer(info) {
    const map = view.map;
    for (let zoom = map.getZoom() + 0.5; share(info) * info.areas > MANY && zoom <= map.getMaxZoom(); zoom += 0.5) {
      map.setZoom(zoom, { animate: false });
    }
  }

  function ask(url) {
    if (!kept.has(url)) {
      const asked = get(url, lang());
      kept.set(url, asked);
      asked.catch(() => kept.delete(url));
    }
    return kept.get(url);
  }

  async function pages(url, most = MANY) {
    const found = [];
    for (let next = url; next && found.length < most;) {
      const body = await ask(next);
      found.push(...body.features);
      const link = (body.links || []).find((one) => one.rel === "next");
      next = link ? link.href : "";
    }
    return found;
  }

  return {
    /** Read the areas of every level: whole, or the finest by what is in view. `told(n)` hears how many there are. */
    async areas(desk, told) {
      const info = desk.info;
      const whole = info.areas <= MANY;
      if (!whole && share(info) * info.areas > MANY) { nearer(info); }
      let n = 0;
      const put = (features) => { features.forEach((f) => model.put(f)); n += features.length; told(n); };
      loaded = whole ? "whole" : viewBox(AROUND);
      await Promise.all(info.levels.map(async (level) => put(await desk.areas(level.name, whole || level.name !== info.level ? null : loaded))));
    },
    /** Read what came into view since, and forget what is far; gives false where too much is in view to be read. */
    async more(desk, chosen) {
      // the map went on while something was read: what is in view by then counts
      while (reading) { await reading.catch(() => {}); }
      if (loaded === "whole" || within(viewBox(0), loaded)) { return true; }
      if (share(desk.info) * desk.info.areas > MANY) { return false; }
      const box = viewBox(AROUND);
      reading = desk.areas(desk.info.level, box);
      try { (await reading).forEach((f) => model.put(f)); loaded = box; } finally { reading = null; }
      if (model.of(desk.info.level).length > 2 * MANY) { model.leave(desk.info.level, box, chosen); }
      return true;
    },
    whole: () => loaded === "whole",
    viewBox,

    /** Everything that is quiet ground: water, green, roads, and the features of layers. */
    async context(box) {
      const near = box.map((x) => x.toFixed(6)).join(",");
      const ground = await ask(`/api/v1/context?bbox=${near}`).then((body) => body.features, () => []);
      return ground;
    },
    async layers() {
      return ask("/api/v1/layers").then((body) => body.layers, () => []);
    },
    /** The units of a layer in view, as {code, parts, box}. */
    async units(layer, set) {
      const box = viewBox(0).map((x) => x.toFixed(6)).join(",");
      const query = new URLSearchParams({ bbox: box, ...(set ? { set } : {}) });
      const features = await pages(`/api/v1/layers/${encodeURIComponent(layer)}/features?${query}`);
      return features.map((f) => ({ code: f.properties.code || f.id, parts: f.geometry ? partsOf(f.geometry) : [] }))
        .filter((unit) => unit.parts.length).map((unit) => ({ ...unit, box: boxOf(unit.parts.flat(2)) }));
    },

    /** Where the borders of the version before ran otherwise than now: lines of two points. */
    async ghosts(set, number_, level) {
      const changed = model.of(level).filter((area) => area.drawn && area.parts.length);
      if (!changed.length || !number_) { return []; }
      const box = boxOf(changed.flatMap((area) => [[area.box[0], area.box[1]], [area.box[2], area.box[3]]]));
      if (!ghostBox || !within(box, ghostBox)) {
        const query = new URLSearchParams({ level, bbox: box.map((x) => x.toFixed(7)).join(",") });
        const features = await pages(`/api/v1/sets/${encodeURIComponent(set)}/versions/${number_}/grids?${query}`);
        features.forEach((f) => { if (f.geometry) { ghosts.set(f.properties.code, partsOf(f.geometry)); } });
        ghostBox = box;
      }
      const now = new Set(changed.flatMap((area) => area.truth.flat()).flatMap(edgesOf).map(([name]) => name));
      const same = new Set(model.of(level).filter((area) => !area.drawn).map((area) => area.code));
      const lines = new Map();
      ghosts.forEach((parts, code) => {
        if (!same.has(code)) { parts.flat().flatMap(edgesOf).forEach(([name, line]) => { if (!now.has(name)) { lines.set(name, line); } }); }
      });
      return [...lines.values()];
    },
    /** The borders of another draft or version that are none now, around some areas: lines of two points. */
    async otherBorders(desk, kind, number_, level, codes) {
      const near = model.of(level).filter((area) => codes.has(area.code) && area.parts.length);
      if (!near.length) { return []; }
      const box = boxOf(near.flatMap((area) => [[area.box[0], area.box[1]], [area.box[2], area.box[3]]])).map((x) => x.toFixed(7)).join(",");
      const query = new URLSearchParams({ level, bbox: box });
      const set = `/api/v1/sets/${encodeURIComponent(desk.info.set)}`;
      const features = kind === "draft" ? (await get(`${set}/drafts/${number_}/redraw/areas?${query}`, lang())).features
        : await pages(`${set}/versions/${number_}/grids?${query}`);
      const now = new Set(model.of(level).flatMap((area) => area.truth.flat()).flatMap(edgesOf).map(([name]) => name));
      const lines = new Map();
      features.filter((f) => f.geometry).forEach((f) => partsOf(f.geometry).flat().flatMap(edgesOf).forEach(([name, line]) => { if (!now.has(name)) { lines.set(name, line); } }));
      return [...lines.values()];
    },
    forget() { loaded = null; ghosts.clear(); ghostBox = null; kept.clear(); },
  };
}
