// A table as CSV that a spreadsheet opens and never runs: the same guard as the files that gridmap writes.
const RISKY = /^'*[=+\-@\t\r\n＝＋－＠]/;
const PLAIN_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;

/** Write one cell: texts that a spreadsheet would run get an apostrophe before them. */
export function cell(value) {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = RISKY.test(text) && !PLAIN_NUMBER.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const toCsv = (rows) => rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** Hand the reader a file. The mark at the start tells Excel that it is UTF-8. */
export function download(name, rows) {
  const url = URL.createObjectURL(new Blob(["\ufeff", toCsv(rows)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
