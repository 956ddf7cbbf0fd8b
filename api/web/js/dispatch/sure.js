// What somebody did must not be lost with the line, and must not be done twice: it is sent until it is answered.
import { Problem, send } from "../service.js";

const AGAIN = 1500;

/** A new key for something that is sent. */
export function newKey(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Letters and digits that are not taken for one another when a number is read out on the telephone. */
const SPOKEN = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/** A number for a new case, as the service makes them: its day, and seven letters. */
export function caseNumber(now = new Date()) {
  const letters = [...crypto.getRandomValues(new Uint8Array(7))].map((byte) => SPOKEN[byte % SPOKEN.length]).join("");
  return `${now.toISOString().slice(0, 10).replaceAll("-", "")}-${letters}`;
}

/** Wait until the browser says that it is on line again, or a while. */
function pause() {
  return new Promise((done) => {
    const timer = setTimeout(end, AGAIN);
    function end() {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      done();
    }
    window.addEventListener("online", end);
  });
}

/**
 * Send a value until the service answers; the key tells it that two letters are one. `waiting` is done each time nobody
 * answered. Gives the answer, or throws the service's Problem.
 */
export async function sendSurely(url, value, lang, { waiting, key = newKey("web-") }) {
  for (;;) {
    try {
      return await send("POST", url, value, lang, { headers: { "Idempotency-Key": key } });
    } catch (problem) {
      const underWay = problem instanceof Problem && problem.status === 409 && problem.code === "in_flight";
      if (!(problem instanceof Problem) || (problem.status !== 0 && !underWay)) { throw problem; }
      waiting();
      await pause();
    }
  }
}
