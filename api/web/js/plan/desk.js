// The draft on the service: every edit names the revision it was made on, one after the other, and none is lost on the way.
import { Problem, get, send } from "../service.js";

/** What the service says when others were there first; whatever else it refuses is about the edit itself. */
const CONFLICTS = ["redraw_conflict", "redraw_stale"];

/** A name for an edit that the service takes once, however often it is sent. */
function onceKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Open the desk of a draft.
 *
 * `hear` gets what happens: changed(features, gone, mine), state(), findings(list, codes), edit(EDIT), conflict(job, problem),
 * refused(job, problem), offline(job), busy(count), others(list), marks(stamp).
 */
export function openDesk({ set, draft, lang, hear }) {
  const base = `/api/v1/sets/${encodeURIComponent(set)}/drafts/${draft}/redraw`;
  const keptUnder = `gridmap.plan.unsent ${set}/${draft}`;
  const desk = {
    base, revision: 0, info: null, undo: null, redo: null, totals: null, log: [],
    /** Edits that wait for their answer, the first of them under way. */
    jobs: [],
    stuck: false,
  };

  const keep = () => {
    // what was not sent outlives a reload
    if (desk.stuck) { sessionStorage.setItem(keptUnder, JSON.stringify(desk.jobs.map(({ path, body, key, seen }) => ({ path, body, key, seen })))); }
    else { sessionStorage.removeItem(keptUnder); }
  };

  function took(answer) {
    const seen = desk.revision;
    desk.revision = answer.revision;
    desk.undo = answer.undo ?? null;
    desk.redo = answer.redo ?? null;
    if (answer.totals) { desk.totals = answer.totals; }
    hear.changed(answer.changed ? answer.changed.features : [], answer.gone || []);
    if (answer.findings) { hear.findings(answer.findings, new Set(answer.edit.codes)); }
    if (answer.edit) { note([answer.edit]); }
    // others were there in between: theirs were merged, and are not in this answer
    if (answer.revision > seen + 1) { desk.poll(seen); }
    hear.state();
  }

  function note(edits) {
    const known = new Set(desk.log.map((edit) => edit.number));
    desk.log.push(...edits.filter((edit) => !known.has(edit.number)));
    desk.log.sort((a, b) => a.number - b.number);
  }

  async function run(job) {
    // sent once more, it names the revision that it was first made on
    job.seen ??= desk.revision;
    try {
      const answer = await send("POST", base + job.path, job.body, lang(), {
        headers: { "If-Match": `"${job.seen}"`, "Idempotency-Key": job.key },
      });
      took(answer);
      job.done(answer);
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) { throw problem; }
      if (problem.status === 0 || problem.status >= 500) { return false; }
      // what was made on top of it goes with it
      const dropped = desk.jobs.splice(0);
      dropped.forEach((one) => one.done(null));
      if (CONFLICTS.includes(problem.code)) {
        await desk.poll().catch(() => {});
        hear.conflict(dropped, problem);
      } else {
        hear.refused(dropped, problem);
      }
      return true;
    }
  }

  let running = false;
  async function work() {
    if (running) { return; }
    running = true;
    while (desk.jobs.length && !desk.stuck) {
      const job = desk.jobs[0];
      hear.busy(desk.jobs.length);
      const answered = await run(job);
      if (answered) { if (desk.jobs[0] === job) { desk.jobs.shift(); } }
      else { desk.stuck = true; hear.offline(desk.jobs); }
      keep();
    }
    running = false;
    hear.busy(desk.stuck ? 0 : desk.jobs.length);
  }

  function queue(path, body, extra) {
    return new Promise((done) => {
      desk.jobs.push({ path, body, key: onceKey(), done, ...extra });
      work();
    });
  }

  return Object.assign(desk, {
    /** Read what the draft is. */
    async open() {
      const info = await get(base, lang());
      desk.info = info;
      desk.revision = info.revision;
      desk.undo = info.undo ?? null;
      desk.redo = info.redo ?? null;
      const kept = sessionStorage.getItem(keptUnder);
      if (kept) {
        desk.jobs = JSON.parse(kept).map((job) => ({ ...job, done: () => {} }));
        desk.stuck = desk.jobs.length > 0;
      }
      return info;
    },
    /** The areas of a level, in a box or whole. */
    async areas(level, box) {
      const query = new URLSearchParams({ level });
      if (box) { query.set("bbox", box.map((x) => x.toFixed(7)).join(",")); }
      return (await get(`${base}/areas?${query}`, lang())).features;
    },
    /** Send an edit; gives the answer, or null where it was refused. `mine` says in words what it was. */
    edit: (body, mine) => queue("/edits", body, { mine }),
    undoLast: () => queue("/undo", undefined, { mine: "undo" }),
    /** Take over what was found for the draft. */
    take: (path, mine) => queue(path, undefined, { mine }),
    redoLast: () => queue("/redo", undefined, { mine: "redo" }),
    /** Do once more what a conflict stopped. */
    again: (job) => queue(job.path, job.body, { mine: job.mine }),
    /** Send what did not go out. */
    resend() { desk.stuck = false; work(); },
    /** Give up what did not go out. */
    abandon() {
      desk.jobs.splice(0).forEach((job) => job.done(null));
      desk.stuck = false;
      keep();
    },
    /** Ask what happened since; says at the same time that this reader is here. */
    async poll(since = desk.revision) {
      const news = await get(`${base}/edits?after=${since}`, lang());
      // an edit of our own may have been answered meanwhile
      if (news.revision < desk.revision) { return; }
      desk.revision = news.revision;
      note(news.edits);
      if (news.undo) { desk.undo = news.undo; desk.redo = news.redo; }
      hear.others(news.others || []);
      hear.marks(news.marks);
      if (news.edits.length) {
        hear.changed(news.changed ? news.changed.features : [], news.gone || []);
        hear.state();
      }
    },
    async fullLog() {
      const news = await get(`${base}/edits?after=0`, lang());
      note(news.edits);
      hear.marks(news.marks);
    },
    findings: () => get(`${base}/findings`, lang()),
    effects: (codes) => get(`${base}/effects${codes && codes.length ? "?codes=" + codes.map(encodeURIComponent).join(",") : ""}`, lang()),
  });
}
