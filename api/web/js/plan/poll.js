// What others did, asked again and again while a draft is on the screen.
import { Problem } from "../service.js";

/** How often is asked, in milliseconds: looked at, and in the background. */
const POLL = 2000;
const POLL_HIDDEN = 15_000;

/** Make the asking; `news` is done after others changed the draft. */
export function makePoll({ desk, news }) {
  let timer = 0, asking = Promise.resolve();
  const poll = {
    start() {
      poll.stop();
      const mine = desk();
      const own = setTimeout(async () => {
        if (mine !== desk()) { return; }
        const seen = mine.revision;
        try {
          if (!mine.jobs.length) { asking = mine.poll(); await asking; }
          if (mine === desk() && mine.revision !== seen) { news(mine); }
        } catch (problem) { if (!(problem instanceof Problem)) { throw problem; } }
        if (mine === desk() && timer === own) { poll.start(); }
      }, document.hidden ? POLL_HIDDEN : POLL);
      timer = own;
    },
    stop() {
      clearTimeout(timer);
      timer = 0;
    },
    /** Ask no more; done when what was asked is answered. */
    async quiet() {
      poll.stop();
      await asking.catch(() => {});
    },
  };
  return poll;
}
