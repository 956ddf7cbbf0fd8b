// On whose chair the reader sits: where nobody signs in it is chosen, else the grants say it.
import { el, t } from "../texts.js";
import { roleName } from "./words.js";

const KEPT = "gridmap.dispatch.seat";
const SEATS = ["dispatcher", "supervisor", "field"];
const FIRST_QUEUE = { dispatcher: "dispatch", supervisor: "new", field: "handling" };

function readSeat() {
  try {
    const found = localStorage.getItem(KEPT);
    return SEATS.includes(found) ? found : SEATS[0];
  } catch (error) {
    return SEATS[0];
  }
}

/** Make the seat of a session. */
export function makeSeat(session) {
  const open = session.access === "open";
  let seat = open ? readSeat() : "";
  const held = session.account ? session.account.grants.map((grant) => grant.role) : [];
  return {
    /** The role in which things are done; empty: whatever the grants allow. */
    role: () => seat,
    /** The queue that this seat works on first. */
    queue: () => FIRST_QUEUE[seat || SEATS.find((role) => held.includes(role)) || "supervisor"],
    draw(node, changed) {
      if (!open) { node.hidden = true; return; }
      const select = el("select");
      select.setAttribute("aria-label", t("dispatch_seat"));
      select.title = t("dispatch_seat_about");
      SEATS.forEach((role) => {
        const option = el("option", null, roleName(role));
        option.value = role;
        select.append(option);
      });
      select.value = seat;
      select.addEventListener("change", () => {
        seat = select.value;
        try { localStorage.setItem(KEPT, seat); } catch (error) { /* private browsing: for this page only */ }
        changed();
      });
      node.replaceChildren(select);
    },
  };
}
