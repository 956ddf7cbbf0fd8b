// The base map beneath a map of ours: an archive of the service (PMTiles), drawn quietly, or tiles of a map server of the
// intranet. Without one, nothing happens.
const RENDERER = "/assets/vendor/protomaps-leaflet@5.1.0/dist/protomaps-leaflet.js";
const PANE = "basemap";
/** Greys that leave every colour to what is said above them. */
const LOOK = { water: "#dde4e8", green: "#e6eae2", building: "#e4e1da", road: "#d8d5cd", coast: "#b9c4cb" };
/** Names of the layers of archives that others make, for the same things. */
const LAYERS = { water: "water", landuse: "green", landcover: "green", buildings: "building", building: "building", roads: "road", transportation: "road" };
const LINES = new Set(["road", "coast"]);

let loading = null;

/** Load what draws vector tiles, once; `nonce` is that of a page whose policy asks for one. */
function renderer(nonce) {
  loading = loading || new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = RENDERER;
    if (nonce) { script.nonce = nonce; }
    script.addEventListener("load", () => done(globalThis.protomapsL));
    script.addEventListener("error", failed);
    document.head.append(script);
  });
  return loading;
}

/** Rules for archives of ours, whose features say their kind, and for those of others, whose layers do. */
function rules(draw) {
  const line = (kind) => new draw.LineSymbolizer({
    color: LOOK[kind], width: (zoom) => Math.max(0.6, Math.min(6, (zoom - 10) * 0.55)),
  });
  const fill = (kind) => new draw.PolygonSymbolizer({ fill: LOOK[kind] });
  const own = ["water", "green", "building", "coast", "road"].flatMap((kind) => {
    const is = (_, feature) => feature.props.kind === kind;
    return LINES.has(kind)
      ? [{ dataLayer: "context", symbolizer: line(kind), filter: (z, f) => is(z, f) && f.geomType === 2 }]
      : [{ dataLayer: "context", symbolizer: fill(kind), filter: (z, f) => is(z, f) && f.geomType === 3 }];
  });
  const others = Object.entries(LAYERS).map(([dataLayer, kind]) => ({
    dataLayer, symbolizer: LINES.has(kind) ? line(kind) : fill(kind),
    filter: (_, feature) => feature.geomType === (LINES.has(kind) ? 2 : 3),
  }));
  return [...others, ...own];
}

/** Draw the base map under a Leaflet map, if the service has one; gives its layer, or null. */
export async function addBasemap(map, nonce = "") {
  let found;
  try {
    const answer = await fetch("/api/v1/basemap", { headers: { Accept: "application/json" } });
    found = answer.ok ? await answer.json() : null;
  } catch (away) {
    return null;  // whoever asks next for what matters says why
  }
  if (!found || !(found.url || found.tiles)) { return null; }
  const pane = map.createPane(PANE);
  // beneath every other pane
  pane.style.zIndex = "150";
  pane.style.pointerEvents = "none";
  if (found.tiles) {
    const { addTiles } = await import("./tiles.js");
    return addTiles(map, found.tiles, PANE);
  }
  const draw = await renderer(nonce);
  const [west, south, east, north] = found.bounds;
  const layer = draw.leafletLayer({
    url: location.origin + found.url, paintRules: rules(draw), labelRules: [], maxDataZoom: found.max_zoom, pane: PANE, noWrap: true,
    attribution: "", bounds: [[south, west], [north, east]], minZoom: 8, maxZoom: 22,
  });
  layer.addTo(map);
  map.getContainer().dataset.basemap = "drawn";
  return layer;
}
