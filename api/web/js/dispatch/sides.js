// The place nearest to where a report says it was that lies in a given area.
const RINGS = 24;
const ANGLES = 48;
const METRES_PER_DEGREE = 111_320;

/** Tell whether a place lies in a ring, by the even-odd rule. */
function inRing([x, y], ring) {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = ring[i - 1], [bx, by] = ring[i];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) { inside = !inside; }
  }
  return inside;
}

/** Tell whether a place lies in a GeoJSON area. */
function inArea(point, geometry) {
  const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return parts.some((rings) => rings.filter((ring) => inRing(point, ring)).length % 2 === 1);
}

/** Look outwards from a place, up to so many metres, for one in an area; null when there is none. */
export function nearestInside(feature, { lon, lat }, metres) {
  if (!feature || !(metres > 0)) { return null; }
  const east = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  for (let i = 0; i <= RINGS; i++) {
    const far = (metres * i) / RINGS;
    for (let j = 0; j < ANGLES; j++) {
      const angle = (2 * Math.PI * j) / ANGLES;
      const point = [lon + (far * Math.cos(angle)) / east, lat + (far * Math.sin(angle)) / METRES_PER_DEGREE];
      if (inArea(point, feature.geometry)) { return { lon: point[0], lat: point[1] }; }
    }
  }
  return null;
}
