// Degrees of GCJ-02, in which public maps of China are drawn, and those of WGS 84, in which we keep everything.
// The formula of gridmap/crs.py, for pictures alone: what is stored and answered is never shifted here.
const A = 6378245.0;
const EE = 0.00669342162296594323;
const CHINA = [72.004, 0.8293, 137.8347, 55.8271];
const { PI, abs, cos, sin, sqrt } = Math;

const inChina = (lon, lat) => lon >= CHINA[0] && lon <= CHINA[2] && lat >= CHINA[1] && lat <= CHINA[3];

/** Degrees that GCJ-02 adds to a place. */
function offset(lon, lat) {
  const x = lon - 105, y = lat - 35;
  const wave = (20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2 / 3;
  const root = sqrt(abs(x));
  let dLat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave;
  dLat += (20 * sin(y * PI) + 40 * sin(y / 3 * PI)) * 2 / 3;
  dLat += (160 * sin(y / 12 * PI) + 320 * sin(y * PI / 30)) * 2 / 3;
  let dLon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave;
  dLon += (20 * sin(x * PI) + 40 * sin(x / 3 * PI)) * 2 / 3;
  dLon += (150 * sin(x / 12 * PI) + 300 * sin(x / 30 * PI)) * 2 / 3;
  const phi = lat * PI / 180;
  const magic = 1 - EE * sin(phi) ** 2;
  dLat = dLat / ((A * (1 - EE)) / (magic * sqrt(magic))) * 180 / PI;
  dLon = dLon / (A / sqrt(magic) * cos(phi)) * 180 / PI;
  return [dLon, dLat];
}

/** Shift WGS 84 to GCJ-02; what lies outside China stays. */
export function toGcj(lon, lat) {
  if (!inChina(lon, lat)) { return [lon, lat]; }
  const [x, y] = offset(lon, lat);
  return [lon + x, lat + y];
}

/** Shift GCJ-02 back to WGS 84, by six rounds towards the fixed point. */
export function fromGcj(lon, lat) {
  const near = lon > CHINA[0] - 0.1 && lon < CHINA[2] + 0.1 && lat > CHINA[1] - 0.1 && lat < CHINA[3] + 0.1;
  if (!near) { return [lon, lat]; }
  let x = lon, y = lat;
  for (let round = 0; round < 6; round += 1) {
    const [dx, dy] = offset(x, y);
    x = lon - dx;
    y = lat - dy;
  }
  return inChina(x, y) ? [x, y] : [lon, lat];
}
