// The signs of the tools: drawn here, 20 by 20, in the colour of the text.
const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  select: "M5 3l10 7-5 1 3 5-2 1-3-5-3 3z",
  move: "M3 15L8 6l4 6 5-8M8 4a2 2 0 100 4 2 2 0 000-4zM12 10a2 2 0 100 4 2 2 0 000-4z",
  split: "M3 4h14v12H3zM11 2L8 18",
  merge: "M3 4h6v12H3zM11 4h6v12h-6zM7 10h6M11 8l2 2-2 2",
  piece: "M3 4h14v12H3zM3 11l5-3 4 3 5-4M12 13h-5m2-2l-2 2 2 2",
  extend: "M3 6h9v11H3zM12 6l4-4m-3 0h3v3M12 6h3v11h-3",
  hole: "M2 3h16v14H2zM7 8h6v4H7zM10 8v4M8 10h4",
  enclave: "M2 3h16v14H2zM10 6l4 3-1 4H7L6 9z",
  attributes: "M4 5h12M4 10h12M4 15h7M15 13l2 2-3 3h-2v-2z",
  comment: "M3 4h14v9H9l-4 4v-4H3zM6 7h8M6 10h5",
  lock: "M5 9h10v8H5zM7 9V6a3 3 0 016 0v3M10 12v2",
  undo: "M7 4L3 8l4 4M3 8h8a5 5 0 010 9H8",
  redo: "M13 4l4 4-4 4M17 8H9a5 5 0 000 9h3",
  keys: "M2 5h16v10H2zM5 8h1m2 0h1m2 0h1m2 0h1M6 12h8",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("width", "20");
  svg.setAttribute("height", "20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
