// Edits on their way: shown before they are stored, put back when refused, and never taken over in the middle of a drag.
import { number, t } from "../texts.js";
import { ask } from "./ask.js";
import { showConflict } from "./conflict.js";
import { drawOthers } from "./panel.js";

/** What is refused only because an area would lie in several parts: that is for the planner to choose. */
const SEVERAL_PARTS = ["redraw_area_would_be_cut", "redraw_piece_is_apart", "redraw_not_neighbours"];

/**
 * Make what stands between tools and desk.
 *
 * @param {{model: object, strip: object, review: object, stage: HTMLElement, desk: () => object|null, tool: () => object, finest: () => string,
 *   drawTools: () => void, seeCodes: (codes: string[]) => void, touched: (areas: Set<object>) => void}} with_
 */
export function makeEdits({ model, strip, review, stage, desk, tool, finest, drawTools, seeCodes, touched }) {
  /** Areas that are shown otherwise than the service knows them. */
  const dirty = new Set();
  let waiting = [];

  function putBack() {
    dirty.forEach((area) => { if (model.find(area.level, area.code) === area) { model.restore(area); } });
    dirty.clear();
    tool().refresh();
  }

  /** Take over shapes from the service, unless something is being dragged: then when it is let go. */
  function takeOver(features, gone) {
    if (tool().busy?.()) { waiting.push([features, gone]); return; }
    gone.forEach((code) => model.drop(code));
    const areas = new Set(features.map((feature) => model.put(feature)));
    areas.forEach((area) => dirty.delete(area));
    touched(areas);
  }

  async function step(way, none) {
    const here = desk();
    if (!here || here.stuck || tool().busy?.()) { return; }
    const found = way === "undoLast" ? here.undo : here.redo;
    if (!(found && found.count) && !here.jobs.length) { strip.say(t(none)); return; }
    const answer = await here[way]();
    if (answer) { strip.say(answer.edit.summary); review.soon(); }
  }

  /** Say how much is not stored yet. */
  function busy(n) {
    const here = desk();
    if (n) { strip.status(t("plan_status_saving", { n: number(n) }), "busy"); }
    else if (!here.stuck) {
      strip.offline(0);
      strip.status(t("plan_status_saved"), "");
      stage.dataset.revision = String(here.revision);
    }
    drawTools();
  }

  async function send(body, mine) { if (await desk().edit(body, mine)) { review.soon(); } }

  const words = (job) => (["undo", "redo"].includes(job.mine) ? t("plan_" + job.mine) : job.mine || "");

  return {
    /** Send an edit whose result is shown already on some areas. Gives the answer with its new codes as `fresh`, or null. */
    async commit(edit, areas) {
      areas.forEach((area) => dirty.add(area));
      strip.say("");
      const known = new Set(model.of(finest()).map((area) => area.code));
      const answer = await desk().edit(edit, t("plan_verb_" + edit.verb));
      if (!answer) { return null; }
      areas.forEach((area) => dirty.delete(area));
      review.soon();
      const fresh = answer.changed.features.filter((f) => f.properties.level === finest() && !known.has(f.id)).map((f) => f.id);
      return { ...answer, fresh };
    },
    /** Take over what came while something was dragged. */
    settle() {
      const news = waiting;
      waiting = [];
      news.forEach(([features, gone]) => takeOver(features, gone));
    },
    undo: () => step("undoLast", "plan_undo_none"),
    redo: () => step("redoLast", "plan_redo_none"),

    /** What the desk tells. */
    hear: {
      changed: takeOver,
      state() { drawTools(); review.logged(); },
      findings: review.found,
      conflict(jobs, problem) {
        putBack();
        // the desk has asked meanwhile what the others did
        const numbers = new Set(problem.body.numbers || []);
        const theirs = desk().log.filter((edit) => numbers.has(edit.number));
        showConflict(theirs, jobs.map(words), problem.detail, {
          look() {
            const codes = theirs.flatMap((edit) => edit.codes);
            if (codes.length) { seeCodes(codes); }
            strip.say(t("plan_conflict_kept"));
          },
          async again() {
            for (const job of jobs) { if (!await desk().again(job)) { return; } }
            review.soon();
          },
          drop() { strip.say(t("plan_conflict_dropped")); },
        });
        drawTools();
      },
      refused(jobs, problem) {
        putBack();
        const [first] = jobs;
        if (SEVERAL_PARTS.includes(problem.code) && first.body && first.body.multipart === false) {
          ask(t("plan_parts_title"), [problem.detail, t("plan_parts_text")], [
            { id: "parts-no", key: "plan_parts_no", className: "action", act: () => true },
            { id: "parts-yes", key: "plan_parts_yes", className: "quiet", act: () => { send({ ...first.body, multipart: true }, first.mine); } },
          ]);
          drawTools();
          return;
        }
        strip.say(t("plan_refused", { why: problem.detail || t("plan_error") }), true);
        drawTools();
      },
      offline(jobs) {
        const here = desk();
        strip.status(t("plan_status_offline"), "wrong");
        strip.offline(jobs.length, {
          again() { strip.offline(0); here.resend(); },
          abandon() { here.abandon(); putBack(); busy(0); },
        });
        drawTools();
      },
      busy,
      others(list) { drawOthers(document.getElementById("others"), list); },
      /** The draft was left. */
      left() { dirty.clear(); waiting = []; strip.offline(0); },
    },
  };
}
