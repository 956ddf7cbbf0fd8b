// Moving a border: a corner is dragged, and every grid that has it follows.
import { el, t } from "../../texts.js";
import { moveFault } from "../checks.js";
import { same } from "../geometry.js";
import { makeHandles } from "../handles.js";
import { chooseAt } from "./select.js";

/** @param ctx what all tools share, see app.js */
export function moveTool(ctx) {
  const { model, view } = ctx;
  const handles = makeHandles(view);
  let held = null, frame = 0, current = null, locking = false;

  const chosenAreas = () => ctx.chosen().filter((area) => area.order === ctx.finest());
  const nameOf = (areas) => areas.map((area) => area.name || area.code).join(t("plan_and"));

  function refresh() {
    if (held) { return; }
    const areas = chosenAreas();
    if (handles.show(areas)) { ctx.hint(!areas.length ? "plan_hint_move_choose" : locking ? "plan_hint_lock_edge" : "plan_hint_move"); }
    else { ctx.hint("plan_hint_move_near"); }
  }

  /** The button that turns clicks on the middle of a border into locks of it. */
  function options() {
    const button = el("button", "quiet small", t("plan_lock_edge"));
    button.type = "button";
    button.id = "lock-edge";
    button.setAttribute("aria-pressed", String(locking));
    button.addEventListener("click", () => { locking = !locking; options(); refresh(); });
    ctx.options([button]);
  }

  function lockAt(where) {
    const handle = handles.hit(where, ["middle"]);
    if (!handle) {
      if (!chooseAt(ctx, where)) { ctx.say(t("plan_lock_edge_which"), true); }
      return;
    }
    const [a, b] = handle.between;
    const lock = ctx.pins.edge(a, b);
    if (lock) { ctx.pins.unlock(lock); } else { ctx.pins.lock("edge", { edge: [a, b] }); }
  }

  /** Put the held vertex on a place in every ring that has it. */
  function put(to) {
    held.star.forEach(({ ring, i }) => { ring[i] = to; });
    const ends = held.star.flatMap(({ ring, i }) => [ring[(i - 1 + ring.length) % ring.length], ring[(i + 1) % ring.length]]);
    // two frames may fall into one drawing: what the first one left is wiped out with the second
    view.spot([...ends, ...held.trail, to]);
    held.trail = [held.to, to];
    held.to = to;
    new Set(held.star.map((place) => place.area)).forEach((area) => model.touched(area));
  }

  /** Set a vertex in the middle of an edge in every ring that has it; gives its star. */
  function insert(between, at) {
    model.edge(...between).forEach(({ area, ring, i }) => {
      ring.splice(i + 1, 0, at);
      model.touched(area);
    });
    return model.star(at);
  }

  function move(where) {
    frame = 0;
    if (!held) { return; }
    const own = new Set(held.star.map((place) => place.area));
    const snapped = where.free ? null : ctx.snap(where.at, { level: ctx.level(), leave: (area) => own.has(area) });
    const to = snapped ? snapped.at : where.at;
    held.star.forEach(({ ring, i }) => { ring[i] = to; });
    const wrong = moveFault(model, held.star, held.from, to);
    put(to);
    held.wrong = wrong;
    handles.drag(held.handle, to, Boolean(wrong));
    view.wrong(Boolean(wrong));
    ctx.mark(snapped, wrong && wrong.at);
    ctx.say(wrong ? t("plan_wrong_" + wrong.kind, { name: wrong.name }) : held.words, Boolean(wrong));
  }

  function end() {
    cancelAnimationFrame(frame);
    frame = 0;
    held = null;
    ctx.mark(null);
    view.wrong(false);
    ctx.settle();
    refresh();
  }

  const tool = {
    name: "move",
    start() { view.map.on("moveend", refresh); refresh(); options(); },
    stop() { view.map.off("moveend", refresh); locking = false; ctx.options(null); tool.cancel(); handles.clear(); },
    refresh,
    busy: () => Boolean(held),

    press(where) {
      const handle = handles.hit(where);
      if (!handle || locking) { return false; }
      const lock = handle.kind === "corner" ? ctx.pins.holding(model.star(handle.at)) : ctx.pins.holdingEdge(model.edge(...handle.between), ...handle.between);
      // taken all the same, so that the map is not dragged instead
      if (lock) { ctx.say(t("plan_locked_here", { by: lock.by || t("plan_somebody") }), true); return true; }
      const star = handle.kind === "corner" ? model.star(handle.at) : insert(handle.between, handle.at);
      if (!star.length) { return false; }
      held = { handle, star, from: handle.at, to: handle.at, between: handle.between, wrong: null, trail: [handle.at] };
      const names = [...new Set(star.map((place) => place.area))].filter((area) => area.order === ctx.finest());
      held.words = t("plan_held", { n: names.length, names: nameOf(names) });
      ctx.say(held.words);
      return true;
    },
    drag(where) {
      if (!held) { return; }
      held.where = where;
      if (!frame) { frame = requestAnimationFrame(() => move(held ? held.where : where)); }
    },
    async drop(where, moved) {
      if (!held) { return; }
      cancelAnimationFrame(frame);
      if (moved) { move(where); }
      const { from, to, between, wrong } = held;
      const areas = [...new Set(held.star.map((place) => place.area))];
      view.spot(null);
      areas.forEach((area) => model.restore(area));
      const words = wrong && t("plan_wrong_dropped", { why: t("plan_wrong_" + wrong.kind, { name: wrong.name }) });
      end();
      if (wrong) { ctx.say(words, true); return; }
      if (!moved || same(from, to)) { ctx.say(""); return; }
      // what others did meanwhile has been taken over by now
      const star = between ? insert(between, from) : model.star(from);
      if (!star.length) { ctx.say(t("plan_corner_gone"), true); return; }
      star.forEach(({ ring, i }) => { ring[i] = to; });
      areas.splice(0, areas.length, ...new Set(star.map((place) => place.area)));
      areas.forEach((area) => model.touched(area));
      refresh();
      await ctx.commit(between ? { verb: "insert_vertex", between, at: to } : { verb: "move_vertex", at: from, to }, areas);
    },
    click(where) {
      if (locking) { lockAt(where); return; }
      if (!handles.hit(where)) { chooseAt(ctx, where); }
    },
    hover(where) {
      const handle = handles.hit(where);
      handles.light(handle);
      ctx.cursor(handle ? "grab" : "");
      current = handle && handle.kind === "corner" ? handle.at : current;
    },
    remove(where) {
      const handle = handles.hit(where, ["corner"]);
      if (!handle) { return false; }
      removeAt(handle.at);
      return true;
    },
    key(event) {
      if (event.key === "Delete" || event.key === "Backspace") {
        if (current && model.star(current).length) { removeAt(current); }
        else { ctx.say(t("plan_remove_which"), true); }
        return true;
      }
      if (event.key === "," || event.key === ".") {
        const next = handles.next(chosenAreas(), current, event.key === "." ? 1 : -1);
        if (!next) { ctx.say(t("plan_hint_move_choose"), true); return true; }
        current = next.at;
        view.map.getContainer().focus();
        ctx.pointer().goTo(current);
        const sharing = [...new Set(model.star(current).map((p) => p.area))].filter((area) => area.order === ctx.finest());
        ctx.say(t("plan_corner_of", { i: next.i + 1, n: next.n, names: nameOf(sharing) }));
        return true;
      }
      return false;
    },
    cancel() {
      if (!held) { return false; }
      const areas = new Set(held.star.map((place) => place.area));
      view.spot(null);
      areas.forEach((area) => model.restore(area));
      end();
      ctx.pointer().letGo();
      ctx.say(t("plan_cancelled"));
      return true;
    },
  };

  function removeAt(at) {
    const star = model.star(at);
    const pairs = new Set(star.map(({ ring, i }) => [ring[(i - 1 + ring.length) % ring.length], ring[(i + 1) % ring.length]].map(String).sort().join(" ")));
    if (pairs.size > 1) { ctx.say(t("plan_remove_junction"), true); return; }
    if (star.some(({ ring }) => ring.length < 4)) { ctx.say(t("plan_remove_last"), true); return; }
    const areas = [...new Set(star.map((place) => place.area))];
    star.forEach(({ ring }) => ring.splice(ring.findIndex((p) => same(p, at)), 1));
    areas.forEach((area) => model.touched(area));
    current = null;
    refresh();
    ctx.commit({ verb: "remove_vertex", at }, areas);
  }

  return tool;
}
