// The difference as a table: ground that changes hands, or the codes before and after. Sortable; a row is a place.
import { el, number, t } from "../texts.js";
import { groupOf, kindName, levelName } from "./kinds.js";

const FIRST_ROWS = 200;
const whole = (value) => (value === null ? "–" : number(Math.round(value)));
const byText = new Intl.Collator(undefined, { numeric: true });

function codeLines(p) {
  const line = (className, arrow, code, name, nobody) => el("span", className, null,
    el("span", "arrow", arrow || "\u00a0"), code === null ? el("i", null, nobody) : el("code", null, code), code !== null && name && el("small", null, name));
  return [
    line("was", "", p.old_code, p.old_name, t("history_nobody_had")),
    line("now", "→", p.new_code, p.new_name, t("history_nobody_has")),
    // on a phone there is no room for a column of its own
    el("span", "kind-line", null, ...kindCell(p)),
  ];
}

function kindCell(p) {
  const group = groupOf(p.kind);
  const dot = el("span", group.hatched ? "dot hatched" : "dot");
  if (!group.hatched) { dot.style.backgroundColor = group.fill; }
  return [dot, kindName(p.kind)];
}

const pair = (before, after) => [el("span", "before", whole(before)), el("span", "arrow", "→"), el("span", "after", whole(after))];

/** Columns of a view: key, heading, the value to sort by, the cell, its class, and its headings and values in the file. */
export const COLUMNS = {
  pieces: [
    { key: "level", value: (p) => p.levelOrder, cell: (p) => levelName(p.level), csv: { level: (p) => p.level } },
    { key: "codes", value: (p) => `${p.old_code || ""} ${p.new_code || ""}`, cell: codeLines, className: "codes",
      csv: { old_code: (p) => p.old_code, old_name: (p) => p.old_name, new_code: (p) => p.new_code, new_name: (p) => p.new_name } },
    { key: "kind", value: (p) => kindName(p.kind), cell: kindCell, className: "kind", csv: { kind: (p) => kindName(p.kind) } },
    { key: "area", value: (p) => p.area_m2, cell: (p) => whole(p.area_m2), number: true, csv: { area_m2: (p) => p.area_m2 } },
    { key: "households", value: (p) => p.households, cell: (p) => whole(p.households), number: true, csv: { households: (p) => p.households } },
    { key: "incidents", value: (p) => p.incidents, cell: (p) => whole(p.incidents), number: true, csv: { incidents: (p) => p.incidents } },
  ],
  codes: [
    { key: "level", value: (r) => r.levelOrder, cell: (r) => levelName(r.level), csv: { level: (r) => r.level } },
    { key: "code", value: (r) => r.code, className: "codes", csv: { code: (r) => r.code, name: (r) => r.name_after || r.name_before },
      cell: (r) => el("span", "now alone", null, el("code", null, r.code), (r.name_after || r.name_before) && el("small", null, r.name_after || r.name_before)) },
    ...["area", "households", "incidents"].map((key) => {
      const [before, after] = ["before", "after"].map((when) => `${key}_${when}${key === "area" ? "_m2" : ""}`);
      return {
        key, number: true, className: "pair", cell: (r) => pair(r[before], r[after]),
        value: (r) => (r[after] === null && r[before] === null ? null : (r[after] || 0) - (r[before] || 0)),
        csv: { [before]: (r) => r[before], [after]: (r) => r[after] },
      };
    }),
  ],
};

/** Rows in the order of a column; what is not known comes last either way. */
export function sorted(rows, column, down) {
  const sign = down ? -1 : 1;
  const value = new Map(rows.map((row) => [row, column.value(row)]));
  return rows.slice().sort((a, b) => {
    const x = value.get(a), y = value.get(b);
    if (x === null || y === null) { return (x === null) - (y === null); }
    return sign * (typeof x === "string" ? byText.compare(x, y) : x - y);
  });
}

/** Rows of a view as the lines of a file, the headings first. */
export function asLines(view, rows) {
  const fields = COLUMNS[view].flatMap((column) => Object.entries(column.csv));
  return [fields.map(([name]) => name), ...rows.map((row) => fields.map(([, value]) => value(row)))];
}

/** Make a table. `pick` hears the id of a row that was chosen; rows without an id cannot be. */
export function makeTable(view, rows, { pick, sort, onSort }) {
  const table = el("table", "rows " + view);
  const head = el("tr");
  const body = el("tbody");
  const columns = COLUMNS[view];
  let shown = sorted(rows, columns.find((c) => c.key === sort.key) || columns[0], sort.down);
  columns.forEach((column) => {
    const name = t("history_col_" + column.key);
    const button = el("button", null, name, el("span", "turn", sort.key === column.key ? (sort.down ? "▼" : "▲") : ""));
    button.type = "button";
    button.dataset.sort = column.key;
    button.title = t("history_sort", { column: name });
    button.addEventListener("click", () => onSort({ key: column.key, down: sort.key === column.key ? !sort.down : Boolean(column.number) }));
    const cell = el("th", [column.number && "number", "col-" + column.key].filter(Boolean).join(" "), null, button);
    cell.scope = "col";
    cell.setAttribute("aria-sort", sort.key === column.key ? (sort.down ? "descending" : "ascending") : "none");
    head.append(cell);
  });

  const line = (row) => {
    const node = el("tr");
    columns.forEach((column) => {
      const made = column.cell(row);
      const cell = el("td", [column.number && "number", column.className, "col-" + column.key].filter(Boolean).join(" "));
      cell.append(...(Array.isArray(made) ? made : [made]));
      node.append(cell);
    });
    if (row.id) {
      node.dataset.piece = row.id;
      node.tabIndex = 0;
      const chosen = () => pick(row.id);
      node.addEventListener("click", chosen);
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); chosen(); }
      });
    }
    return node;
  };

  body.append(...shown.slice(0, FIRST_ROWS).map(line));
  table.append(el("thead", null, null, head), body);
  const box = el("div", "table-box", null, table);
  const rest = shown.slice(FIRST_ROWS);
  const showRest = () => { body.append(...rest.splice(0).map(line)); more.remove(); };
  const more = el("button", "quiet more", t("history_more", { n: number(rest.length) }));
  more.type = "button";
  more.addEventListener("click", showRest);
  if (rest.length) { box.append(more); }

  return {
    node: box,
    lines: () => asLines(view, shown),
    select(id) {
      if (id && rest.some((row) => row.id === id)) { showRest(); }
      body.querySelectorAll("tr").forEach((row) => {
        const chosen = Boolean(id) && row.dataset.piece === id;
        row.classList.toggle("chosen", chosen);
        if (chosen) { row.setAttribute("aria-current", "true"); row.scrollIntoView({ block: "nearest" }); } else { row.removeAttribute("aria-current"); }
      });
    },
  };
}
