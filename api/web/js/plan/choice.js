// Which areas are chosen, and how they come into view.
import { t } from "../texts.js";
import { boxOf } from "./geometry.js";

/**
 * Make the choice of areas.
 *
 * @param {{model: object, view: object, strip: object, levels: () => object[], finest: () => string, changed: (codes: string[]) => void}} with_
 *   `changed` hears the chosen codes
 */
export function makeChoice({ model, view, strip, levels, finest, changed }) {
  let chosen = [];
  const anywhere = (code) => levels().map((level) => model.find(level.name, code)).filter(Boolean);

  const choice = {
    list: () => chosen,
    choose(areas) {
      chosen = areas.filter((area) => area.parts.length);
      view.choose(chosen);
      changed(chosen.map((area) => area.code));
    },
    /** Choose areas by their codes: those of the redrawn level, or a single one of any. */
    codes(codes) {
      choice.choose(codes.map((code) => model.find(finest(), code) || anywhere(code)[0]).filter(Boolean)
        .filter((area) => area.level === finest() || codes.length === 1));
    },
    /** Bring areas into view and choose them. */
    see(codes) {
      const found = codes.flatMap(anywhere);
      const fine = found.filter((area) => area.level === finest());
      const areas = fine.length ? fine : found;
      if (!areas.length) { strip.say(t("plan_gone_code", { code: codes[0] }), true); return; }
      view.fit(boxOf(areas.flatMap((area) => [[area.box[0], area.box[1]], [area.box[2], area.box[3]]])));
      choice.choose(areas);
    },
    /** Let go of areas that are none any more; gives whether there were such. */
    prune() {
      const alive = chosen.filter((area) => model.find(area.level, area.code) === area);
      if (alive.length === chosen.length) { return false; }
      choice.choose(alive);
      return true;
    },
    clear() { chosen = []; view.choose([]); },
  };
  return choice;
}
