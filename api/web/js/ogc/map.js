// The map of an OGC page: draws the features that an address of ours answers.
import { addBasemap } from "../basemap.js";

const node = document.getElementById("map");

if (node) { draw(node).catch(() => node.classList.add("empty")); }

async function draw(place) {
  const answer = await fetch(place.dataset.from, { headers: { Accept: "application/geo+json" } });
  if (!answer.ok) { throw new Error(String(answer.status)); }
  const data = await answer.json();
  const features = (data.features || [data]).filter((feature) => feature.geometry);
  if (!features.length) { place.classList.add("empty"); return; }
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue("--accent").trim();
  const map = L.map(place, { attributionControl: false, preferCanvas: true, maxZoom: 20 });
  const drawn = L.geoJSON(features, {
    style: { color: ink, weight: 1.5, fillColor: ink, fillOpacity: 0.12 },
    pointToLayer: (_, at) => L.circleMarker(at, { radius: 5, color: ink, weight: 1.5, fillColor: ink, fillOpacity: 0.5 }),
    onEachFeature: (feature, layer) => {
      const said = document.createElement("span");
      said.textContent = String((feature.properties && (feature.properties.name || feature.properties.category)) || feature.id);
      layer.bindTooltip(said, { sticky: true });
    },
  }).addTo(map);
  map.fitBounds(drawn.getBounds(), { padding: [16, 16], maxZoom: 17, animate: false });
  addBasemap(map);
  place.dataset.drawn = String(features.length);
}
