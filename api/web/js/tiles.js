// Pictures of a map server of the intranet beneath a map of ours, each where its ground is: datum and matrix set are its own.
import { fromGcj, toGcj } from "./datum.js";

const SIDE = 256;
/** After so long a server that did not answer is asked again. */
const AGAIN_MS = 60_000;
const { PI, atan, atanh, floor, sin, sinh } = Math;
const same = (lon, lat) => [lon, lat];

/** Where tiles lie, as shares of the width of the world from its north-west: of degrees, and back. */
const MATRICES = {
  WebMercatorQuad: {
    first: 0,
    down: (lat) => 0.5 - atanh(sin(Math.max(-85.0511287, Math.min(85.0511287, lat)) * PI / 180)) / (2 * PI),
    lat: (y) => atan(sinh((0.5 - y) * 2 * PI)) * 180 / PI,
    rows: (z) => 2 ** z,
  },
  CGCS2000Quad: { first: 1, down: (lat) => (90 - lat) / 360, lat: (y) => 90 - y * 360, rows: (z) => 2 ** (z - 1) },
};

/** Fill a template of addresses; settings.py says which fields there are. */
export const addressOf = (template, rows, { x, y, z }) => template.replace(/\{(-?\w+)(-1)?\}/g, (_, name, less) => ({
  z, TileMatrix: z, x, TileCol: x, y, TileRow: y, "-y": rows - 1 - y }[name] - (less ? 1 : 0)));

/**
 * Make the class of layers, once Leaflet is there.
 *
 * A tile is one picture, and stays one: it is laid between the places that the corners of its ground have on our map,
 * in whole pixels, each edge being that of its neighbour as well. Inside of it GCJ-02 is straight to a pixel.
 */
const layerClass = () => L.TileLayer.extend({
  initialize(template, { datum, matrix, ...options }) {
    L.TileLayer.prototype.initialize.call(this, template, options);
    this._matrix = MATRICES[matrix];
    [this._to, this._from] = datum === "gcj02" ? [toGcj, fromGcj] : [same, same];
  },

  getTileUrl(coords) { return addressOf(this._url, this._matrix.rows(coords.z), coords); },

  /** Where a corner of the matrix lies on our map, in pixels of its zoom. */
  _corner(x, y, z) {
    const share = 2 ** z;
    const [lon, lat] = this._from(x / share * 360 - 180, this._matrix.lat(y / share));
    return this._map.project(L.latLng(lat, lon), z);
  },

  /** The pixels of our map that the picture of a tile covers. */
  _ground({ x, y, z }) {
    const [nw, ne, sw, se] = [[x, y], [x + 1, y], [x, y + 1], [x + 1, y + 1]].map(([i, j]) => this._corner(i, j, z));
    return L.bounds([(nw.x + sw.x) / 2, (nw.y + ne.y) / 2], [(ne.x + se.x) / 2, (sw.y + se.y) / 2]);
  },

  // the rest is what Leaflet asks of a grid of its own

  _pxBoundsToTileRange({ min, max }) {
    const z = this._tileZoom, share = 2 ** z;
    const at = [[min.x, min.y], [max.x, min.y], [min.x, max.y], [max.x, max.y]].map(([x, y]) => {
      const { lat, lng } = this._map.unproject([x, y], z);
      const [lon, down] = this._to(lng, lat);
      return L.point((lon + 180) / 360 * share, this._matrix.down(down) * share);
    });
    const box = L.bounds(at);
    return L.bounds(box.min.floor(), box.max.ceil().subtract([1, 1]));
  },

  _isValidTile({ x, y, z }) { return x >= 0 && y >= 0 && x < 2 ** z && y < this._matrix.rows(z); },

  _getTilePos(coords) { return this._ground(coords).min.round().subtract(this._level.origin); },

  _tileCoordsToNwSe({ x, y, z }) { return [this._map.unproject(this._corner(x, y, z), z), this._map.unproject(this._corner(x + 1, y + 1, z), z)]; },

  _addTile(coords, container) {
    L.TileLayer.prototype._addTile.call(this, coords, container);
    const tile = this._tiles[this._tileCoordsToKey(coords)];
    if (!tile) { return; }
    const ground = this._ground(coords), size = ground.max.round().subtract(ground.min.round());
    tile.el.style.width = `${size.x}px`;
    tile.el.style.height = `${size.y}px`;
    // Leaflet adds up the light of neighbours, which draws white lines where rows overlap by a pixel
    tile.el.style.mixBlendMode = "normal";
  },
});

let made = null;

/** Lines at the foot of a map: whose pictures these are, and that they do not come; text, never code. */
function foot(map, said) {
  const control = L.control({ position: "bottomright" });
  const line = L.DomUtil.create("p", "gm-basemap-line");
  line.textContent = said;
  Object.assign(line.style, {
    margin: "0", padding: "1px 6px", maxWidth: "min(42vw, 420px)", font: "11px/1.5 system-ui, sans-serif", color: "#33414d",
    background: "rgba(255, 255, 255, 0.86)", overflowWrap: "anywhere", pointerEvents: "none",
  });
  control.onAdd = () => line;
  control.addTo(map);
  return line;
}

/**
 * Draw pictures of the intranet under a map: `told` is what the service says of them.
 *
 * Where none of them comes, a line on the map says so, until one does.
 */
export function addTiles(map, told, pane) {
  made = made || layerClass();
  const Layer = made;
  const matrix = MATRICES[told.matrix_set];
  const owner = told.attribution ? foot(map, told.attribution) : null;
  const away = foot(map, "");
  away.setAttribute("role", "status");
  away.hidden = true;
  let failed = 0, came = 0, again = 0;
  const layers = told.urls.map((url) => new Layer(url, {
    datum: told.datum, matrix: told.matrix_set, pane, tileSize: SIDE, noWrap: true, keepBuffer: 1, updateWhenIdle: true,
    minNativeZoom: matrix.first, maxNativeZoom: told.last, minZoom: 0, maxZoom: 30,
  }));
  const judge = () => {
    const gone = failed > 0 && came === 0;
    if (failed + came > 0) {
      // pages learn their language after their map is made
      away.textContent = told.away[document.documentElement.lang === "en" ? "en" : "zh"];
      away.hidden = !gone;
      if (owner) { owner.hidden = gone; }
    }
    if (gone && !again) {
      again = setTimeout(() => { again = 0; layers.forEach((layer) => { if (layer._map) { layer.redraw(); } }); }, AGAIN_MS);
    }
  };
  layers.forEach((layer) => layer
    .on("loading", () => { failed = 0; came = 0; })
    .on("tileload", () => { came += 1; judge(); })
    .on("tileerror", () => { failed += 1; })
    .on("load", judge)
    .addTo(map));
  map.getContainer().dataset.basemap = "tiles";
  return L.layerGroup(layers);
}
