// Charts as SVG, made of elements: text stays text. Behind each stands a table.
import { el, number, t } from "../texts.js";

const SVG = "http://www.w3.org/2000/svg";

/** Make an SVG element. */
export function shape(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) { node.setAttribute(name, value); }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A number above `most` that an axis can end with: 1, 2 or 5 times a power of ten. */
export function roundTop(most) {
  if (most <= 0) { return 1; }
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((k) => k * power).find((top) => top >= most);
}

/** A table with heads; numbers to the right. */
export function tableOf(heads, rows, className) {
  const head = el("tr", null, null, ...heads.map((text) => {
    const cell = el("th", null, text);
    cell.scope = "col";
    return cell;
  }));
  return el("table", className, null, el("thead", null, null, head), el("tbody", null, null,
    ...rows.map((row) => el("tr", null, null, ...row.map((value, k) => el("td", k && typeof value !== "object" ? "figure" : null,
      typeof value === "object" ? null : value, typeof value === "object" ? value : null))))));
}

/** A table of the first few rows, with a button for all of them; `show` makes the table of so many, `links` stand beside the button. */
export function folded(count, few, show, ...links) {
  const box = el("div", "scroll", null, show(Math.min(few, count)));
  const more = el("p", "more", null, ...links);
  if (count > few) {
    const all = el("button", "quiet", t("lead_all_places", { n: number(count) }));
    all.type = "button";
    all.addEventListener("click", () => {
      box.replaceChildren(show(count));
      all.remove();
    });
    more.prepend(all);
  }
  return el("div", null, null, box, more);
}

/** A chart with its heading, and its table behind a fold. */
export function card(name, title, note, body, table) {
  const heading = el("h2", null, title);
  heading.id = "lead-" + name;
  const found = el("section", "card of-" + name, null, heading, note ? el("p", "note", note) : null, body);
  if (table) { found.append(el("details", "behind", null, el("summary", null, t("lead_as_table")), el("div", "scroll", null, table))); }
  found.setAttribute("aria-labelledby", heading.id);
  return found;
}
