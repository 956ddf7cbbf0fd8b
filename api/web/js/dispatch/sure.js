// What somebody did must not be lost with the line, and must not be done twice: it is sent until it is answered.
import { Problem, send } from "../service.js";

const AGAIN = 1500;

/** A new name for something that is sent, such as a case that does not exist yet. */
export function newName(prefix) {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
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
export async function sendSurely(url, value, lang, { waiting, key = newName("web-") }) {
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
