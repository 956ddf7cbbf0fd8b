// The panel beside the map, put together: effects with the comparison, findings with the repair, the grid, comments and locks, log, approval.
import { el, t } from "../texts.js";
import { makeCompare } from "./compare.js";
import { makeNotes } from "./notes.js";
import { makePanel } from "./panel.js";
import { makePins } from "./pins.js";
import { makeRepair } from "./repair.js";
import { makeReview } from "./review.js";
import { makeWay } from "./way.js";

/**
 * Make everything that is told beside the map.
 *
 * @param {{view: object, model: object, loader: object, strip: object, stage: HTMLElement, desk: () => object|null, lang: () => string,
 *   seeCodes: (codes: string[]) => void, drawGrid: () => void, openSheet: (open: boolean) => void, finest: () => string,
 *   pick: (tool: string) => void, nameOf: (code: string) => string, commit: (edit: object) => Promise<object|null>, chosen: () => object[],
 *   quiet: () => Promise<void>, loud: () => void, moved: (state: string) => void, gone: () => void,
 *   above: () => {code: string, name: string}[]}} with_
 */
export function makeSides({ view, model, loader, strip, stage, desk, lang, seeCodes, drawGrid, openSheet, finest, pick, nameOf, commit, chosen, quiet, loud, moved, gone, above }) {
  const panel = makePanel(document.getElementById("panel"), (name) => {
    if (name === "grid") { drawGrid(); }
    if (name === "way") { way.load(); }
    if (name === "notes") { notes.draw(); }
  });
  const places = { effects: el("div"), findings: el("div"), compare: el("div"), repair: el("div", "repair") };
  panel.body("effects").replaceChildren(places.compare, places.effects);
  panel.body("findings").replaceChildren(places.repair, places.findings);
  const pickCode = (code) => seeCodes([code]);

  const way = makeWay({ node: panel.body("way"), desk, lang, quiet, loud, moved, gone, above });
  const compare = makeCompare({
    node: places.compare, view, loader, desk, lang, pick: pickCode,
    changed() { places.effects.hidden = compare.on(); review.logged(); },
  });
  const repair = makeRepair({
    node: places.repair, view, desk, lang, commit, pick: pickCode,
    closed() { places.findings.hidden = repair.opened(); },
  });
  const pins = makePins({
    view, model, desk, lang, open: (number) => notes.open(number),
    drawn() {
      const n = pins.comments().length + pins.locks().length;
      panel.count("notes", n);
      stage.dataset.marks = String(n);
      notes.draw();
      // the form of the grid beside it may be half filled in
      const box = panel.body("grid").querySelector(".lock-box");
      if (box && chosen().length === 1) { box.replaceWith(notes.lockOf(chosen()[0])); }
    },
    news() { strip.say(t("plan_notes_new")); },
    fail: (text) => strip.say(text, true),
  });
  const notes = makeNotes({
    node: panel.body("notes"), pins, finest, nameOf, pick: pickCode, take: () => pick("comment"), told: view.place,
    see: (lon, lat) => view.fit([lon, lat, lon, lat], Math.max(view.map.getZoom(), 17)),
    show() { panel.show("notes"); openSheet(true); },
  });
  const review = makeReview({
    view, places, panel, loader, desk, stage, seeCodes, fill: () => pick("hole"), nameOf, repair: repair.open, comparing: compare.on,
    also() {
      compare.load();
      if (panel.current() === "way" || desk().info.state !== "open") { way.load(); }
    },
  });

  return {
    panel, way, compare, repair, pins, notes, review,
    /** Forget the draft that was told of. */
    clear() {
      pins.clear();
      notes.clear();
      compare.clear();
      repair.close();
      places.effects.hidden = false;
    },
  };
}
