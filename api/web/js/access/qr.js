// A QR code (ISO/IEC 18004) drawn here, so that the secret in it goes nowhere: byte mode, error correction M, versions 1 to 10.
const SVG = "http://www.w3.org/2000/svg";
// of each version: codewords of correction in a block, and blocks of [count, data codewords]
const BLOCKS = [
  null, [10, [[1, 16]]], [16, [[1, 28]]], [26, [[1, 44]]], [18, [[2, 32]]], [24, [[2, 43]]], [16, [[4, 27]]],
  [18, [[4, 31]]], [22, [[2, 38], [2, 39]]], [22, [[3, 36], [2, 37]]], [26, [[4, 43], [1, 44]]],
];
const ALIGNED = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const MASKS = [
  (r, c) => (r + c) % 2, (r) => r % 2, (r, c) => c % 3, (r, c) => (r + c) % 3,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2, (r, c) => ((r * c) % 2) + ((r * c) % 3),
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
];

// the field of 256 elements over x^8 + x^4 + x^3 + x^2 + 1
const POWER = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  POWER[i] = POWER[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? POWER[LOG[a] + LOG[b]] : 0);

/** Codewords of correction (Reed-Solomon) of a block. */
function correction(data, count) {
  let generator = [1];
  for (let i = 0; i < count; i++) {
    const next = [...generator, 0];
    generator.forEach((g, j) => { next[j + 1] ^= times(g, POWER[i]); });
    generator = next;
  }
  const rest = [...data, ...new Array(count).fill(0)];
  data.forEach((_, i) => {
    const factor = rest[i];
    generator.forEach((g, j) => { rest[i + j] ^= times(g, factor); });
  });
  return rest.slice(data.length);
}

/** All codewords of a text in the order in which they are placed. */
function codewords(bytes, version) {
  const [count, groups] = BLOCKS[version];
  const room = groups.reduce((sum, [n, size]) => sum + n * size, 0);
  const bits = [];
  const put = (value, length) => { for (let i = length - 1; i >= 0; i--) { bits.push((value >> i) & 1); } };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((b) => put(b, 8));
  put(0, Math.min(4, room * 8 - bits.length));
  while (bits.length % 8) { bits.push(0); }
  const data = [];
  for (let i = 0; i < bits.length; i += 8) { data.push(parseInt(bits.slice(i, i + 8).join(""), 2)); }
  for (let pad = 0xec; data.length < room; pad ^= 0xfd) { data.push(pad); }
  const blocks = [];
  let at = 0;
  groups.forEach(([n, size]) => { for (let i = 0; i < n; i++, at += size) { blocks.push(data.slice(at, at + size)); } });
  const corrections = blocks.map((block) => correction(block, count));
  const woven = (lists) => Array.from({ length: Math.max(...lists.map((l) => l.length)) }, (_, i) => lists.flatMap((l) => (i < l.length ? [l[i]] : []))).flat();
  return [...woven(blocks), ...woven(corrections)];
}

/** A value with its check bits (BCH), as format and version are written. */
function checked(value, generator, degree) {
  let rest = value << degree;
  for (let i = 31 - Math.clz32(rest); i >= degree; i = 31 - Math.clz32(rest)) { rest ^= generator << (i - degree); }
  return (value << degree) | rest;
}

function matrix(words, version, mask) {
  const size = 17 + 4 * version;
  const cells = Array.from({ length: size }, () => new Array(size).fill(null));
  const square = (top, left, reach, dark) => {
    for (let r = -reach; r <= reach; r++) {
      for (let c = -reach; c <= reach; c++) {
        if (cells[top + r] && left + c >= 0 && left + c < size) { cells[top + r][left + c] = dark(Math.max(Math.abs(r), Math.abs(c))); }
      }
    }
  };
  [[3, 3], [3, size - 4], [size - 4, 3]].forEach(([r, c]) => square(r, c, 4, (d) => d !== 2 && d !== 4));
  ALIGNED[version].forEach((r) => ALIGNED[version].forEach((c) => { if (cells[r][c] === null) { square(r, c, 2, (d) => d !== 1); } }));
  for (let i = 8; i < size - 8; i++) { cells[6][i] = cells[i][6] = i % 2 === 0; }
  const format = checked(mask, 0x537, 10) ^ 0x5412; // level M is 00
  for (let i = 0; i < 15; i++) {
    const dark = Boolean((format >> i) & 1);
    cells[i < 6 ? i : i < 8 ? i + 1 : size - 15 + i][8] = dark;
    cells[8][i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i] = dark;
  }
  cells[size - 8][8] = true;
  if (version >= 7) {
    const told = checked(version, 0x1f25, 12);
    for (let i = 0; i < 18; i++) {
      cells[Math.floor(i / 3)][size - 11 + (i % 3)] = cells[size - 11 + (i % 3)][Math.floor(i / 3)] = Boolean((told >> i) & 1);
    }
  }
  let at = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) { right = 5; } // the column of the timing pattern
    for (let i = 0; i < size; i++) {
      const r = up ? size - 1 - i : i;
      for (const c of [right, right - 1]) {
        if (cells[r][c] === null) {
          const bit = at < words.length * 8 ? (words[at >> 3] >> (7 - (at & 7))) & 1 : 0;
          cells[r][c] = Boolean(bit) !== (MASKS[mask](r, c) === 0);
          at++;
        }
      }
    }
  }
  return cells;
}

/** How hard a matrix is to read: runs, blocks, patterns that look like corners, too much of one colour. */
function penalty(cells) {
  const size = cells.length;
  let sum = 0;
  let dark = 0;
  const lines = [...cells, ...cells.map((_, c) => cells.map((row) => row[c]))];
  lines.forEach((line) => {
    const text = line.map((d) => (d ? "1" : "0")).join("");
    (text.match(/0{5,}|1{5,}/g) || []).forEach((run) => { sum += run.length - 2; });
    for (let i = 0; i + 11 <= size; i++) {
      if (["10111010000", "00001011101"].includes(text.slice(i, i + 11))) { sum += 40; }
    }
  });
  for (let r = 0; r < size; r++) {
    for (let c = 0; c < size; c++) {
      dark += cells[r][c];
      if (r && c && cells[r][c] === cells[r - 1][c] && cells[r][c] === cells[r][c - 1] && cells[r][c] === cells[r - 1][c - 1]) { sum += 3; }
    }
  }
  return sum + 10 * Math.floor(Math.abs((20 * dark) / (size * size) - 10));
}

/** The dark cells of a text as rows of booleans. */
export function qrCells(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = BLOCKS.findIndex((found, v) => found && found[1].reduce((sum, [n, size]) => sum + n * size, 0) >= bytes.length + (v < 10 ? 2 : 3));
  if (version < 0) { return null; }
  const words = codewords(bytes, version);
  return MASKS.map((_, mask) => matrix(words, version, mask)).reduce((best, cells) => (penalty(cells) < penalty(best) ? cells : best));
}

/** A QR code as a picture with a name; nothing where the text is too long for one. */
export function drawQr(text, name) {
  const cells = qrCells(text);
  if (!cells) { return ""; }
  const picture = document.createElementNS(SVG, "svg");
  const size = cells.length + 8;
  picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
  picture.setAttribute("class", "qr");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", name);
  picture.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", cells.flatMap((row, r) => row.map((dark, c) => (dark ? `M${c + 4} ${r + 4}h1v1h-1z` : ""))).join(""));
  path.setAttribute("fill", "#000");
  picture.append(path);
  return picture;
}
