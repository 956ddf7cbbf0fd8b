// What the draft does and what is wrong with it: asked after every edit, shown in the panel and on the map.
import { Problem } from "../service.js";
import { el, t } from "../texts.js";
import { drawCases, drawEffects } from "./effects.js";
import { drawFindings } from "./findings.js";
import { drawLog } from "./panel.js";

/** After an edit the effects are asked for this much later, so that quick edits ask once, in milliseconds. */
const SOON = 200;

/**
 * Make the review of the draft on the screen.
 *
 * @param {{view: object, places: {effects: HTMLElement, findings: HTMLElement}, panel: object, loader: object, desk: () => object|null, stage: HTMLElement, seeCodes: (codes: string[]) => void,
 *   fill: () => void, nameOf: (code: string) => string, also: () => void}} with_ `fill` takes the tool that fills holes, `repair` proposes one, `comparing` says whether another plan than the base is looked at, `nameOf` gives the name of an area,
 *   `also` is done after each look
 */
export function makeReview({ view, places, panel, loader, desk, stage, seeCodes, fill, repair, comparing, nameOf, also }) {
  let findings = [], effects = null, timer = 0;
  const see = (box) => view.fit(box, 19);
  const pick = (code) => seeCodes([code]);

  function showFindings() {
    const wrong = drawFindings(places.findings, view, findings, { see, pick, fill: (box) => { see(box); fill(); }, repair, ask: { base: () => desk().base, again: load } });
    panel.count("findings", findings.length, wrong > 0);
    stage.dataset.findings = String(findings.length);
  }

  function showEffects() {
    drawEffects(places.effects, effects, { pick, see: (lon, lat) => see([lon, lat, lon, lat]), nameOf });
    drawCases(view, effects);
    panel.count("effects", effects ? effects.areas.length : 0);
  }

  async function load() {
    const mine = desk();
    if (!mine) { return; }
    const asked = mine.revision;
    /** Ask for one thing; what cannot be told is said in its own place. */
    const part = async (answer, show, name) => {
      try {
        const found = await answer;
        if (mine === desk()) { show(found); }
      } catch (problem) {
        if (!(problem instanceof Problem)) { throw problem; }
        if (mine === desk()) { places[name].replaceChildren(el("p", "none", t("plan_effects_failed"))); }
      }
    };
    await Promise.all([
      part(mine.findings(), (found) => { findings = found.findings; showFindings(); }, "findings"),
      part(mine.effects(), (found) => { effects = found; showEffects(); stage.dataset.effects = String(asked); }, "effects"),
    ]);
    if (mine === desk()) { also(); }
  }

  return {
    load,
    /** Ask again in a moment. */
    soon() { clearTimeout(timer); timer = setTimeout(load, SOON); },
    /** Take over the findings of some areas, as an edit answers them; all of them follow with the effects. */
    found(list, codes) {
      findings = [...findings.filter((f) => !f.codes.some((code) => codes.has(code))), ...list];
      showFindings();
    },
    /** Draw again what depends on the log: its list, and the borders as they were. */
    async logged() {
      const mine = desk();
      drawLog(panel.body("log"), mine.log, seeCodes);
      panel.count("log", mine.log.length);
      try {
        const lines = await loader.ghosts(mine.info.set, mine.info.based_on, mine.info.level);
        if (mine === desk()) { view.ghost(comparing() ? [] : lines); }
      } catch (problem) { if (!(problem instanceof Problem)) { throw problem; } }
    },
    clear() {
      clearTimeout(timer);
      findings = [];
      effects = null;
      showFindings();
      showEffects();
      view.ghost([]);
    },
  };
}
