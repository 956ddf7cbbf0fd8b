// The grid card: who is responsible. People come from the service on a click; they are never part of the page.
(function (gm) {
  "use strict";
  const data = gm.data;
  const el = gm.el;
  let request = 0;

  function facts(row) {
    const list = el("dl", "gm-facts");
    data.facts.forEach((wanted) => {
      const value = data.grids[wanted.key][row];
      if (value === null && !wanted.none) { return; }
      const shown = value === null ? wanted.none
        : wanted.kind === "time" ? gm.time(value)
        : wanted.kind === "text" ? value
        : gm.number(value, wanted.digits || 0) + (wanted.unit ? " " + wanted.unit : "");
      list.appendChild(fact(wanted.label, shown));
    });
    return list;
  }

  /** Why a grid looks as it does, with its figures in place of their names. */
  function reason(row) {
    return data.why[data.grids.why[row]].replace(/\{(\w+)\}/g, (whole, key) => (
      data.grids[key] && typeof data.grids[key][row] === "number" ? gm.number(data.grids[key][row]) : whole));
  }

  /** Households of the day asked for, where they are known better than by the version. */
  function correctHouseholds(list, households) {
    const label = gm.text("fact_households");
    const there = Array.from(list.children).find((item) => item.firstChild.textContent === label);
    if (there) { there.lastChild.textContent = gm.number(households); } else { list.prepend(fact(label, gm.number(households))); }
  }

  function fact(label, shown) { return el("div", null, null, [el("dt", null, label), el("dd", null, shown)]); }

  /** Facts that only the service knows: what happened in the window, and staff present of staff needed. */
  async function moreFacts(code, list, mine) {
    const reply = await fetch(data.gridUrl.replace("{code}", encodeURIComponent(code)), {
      headers: { Accept: "application/json", "Accept-Language": data.lang },
    });
    if (!reply.ok) { return; }
    const card = await reply.json();
    if (mine !== request) { return; }
    const seen = card.activity;
    if (seen && !data.facts.some((wanted) => ["fixes", "hours"].includes(wanted.key))) {
      list.append(fact(gm.text("fact_incidents"), gm.number(seen.incidents)), fact(gm.text("fact_fixes"), gm.number(seen.fixes)),
        fact(gm.text("fact_last"), seen.last_fix_at ? gm.time(Date.parse(seen.last_fix_at) / 1000) : gm.text("never")));
    }
    if (seen && seen.from_sums) {
      const known = { until: gm.time(Date.parse(seen.from_sums.until) / 1000), days: gm.number(seen.from_sums.days) };
      list.after(el("p", "gm-note", gm.text("card_sums", known)));
    }
    if (card.households !== null) { correctHouseholds(list, card.households); }
    if (card.floating_residents !== null) {
      const needed = card.staffing.station_needed ? gm.text("station_needed") : "";
      list.append(fact(gm.text("fact_floating"), gm.number(card.floating_residents) + needed));
    }
    if (card.department || card.phone) {
      list.append(fact(gm.text("fact_department"), [card.department, card.phone].filter(Boolean).join(" ")));
    }
    const staffed = card.staffing;
    if (staffed && staffed.workers_needed) {
      const share = gm.text("n_of_m", { n: gm.number(staffed.workers), m: gm.number(staffed.workers_needed) });
      list.append(fact(gm.text("fact_workers"), share));
    }
  }

  function person(member) {
    const phone = member.phone ? el("a", "gm-phone", member.phone) : el("span", "gm-phone", gm.text("phone_unknown"));
    if (member.phone) { phone.href = "tel:" + member.phone.replace(/[^0-9+]/g, ""); }
    return el("li", null, null, [
      el("span", "gm-person", member.name),
      member.department ? el("span", "gm-department", member.department) : null,
      phone,
    ]);
  }

  function people(title, members, first) {
    const box = el("section", "gm-people", null, [el("h3", null, title)]);
    const list = el("ul");
    members.slice(0, first).forEach((m) => list.appendChild(person(m)));
    box.appendChild(list);
    const rest = members.slice(first);
    if (rest.length) {
      const more = el("button", "gm-more", gm.text("more_people", { n: rest.length }));
      more.type = "button";
      more.addEventListener("click", () => {
        rest.forEach((m) => list.appendChild(person(m)));
        more.remove();
        list.children[first].querySelector("a, span").focus();
      });
      box.appendChild(more);
    }
    return box;
  }

  function staff(answer) {
    const heads = answer.staff.filter((m) => m.role === "head");
    const workers = answer.staff.filter((m) => m.role !== "head");
    if (!answer.staff.length) { return [el("p", "gm-note", gm.text("nobody_known"))]; }
    return [
      heads.length ? people(gm.text("heads"), heads, 3) : null,
      workers.length ? people(gm.text("workers", { n: workers.length }), workers, 3) : null,
    ];
  }

  function method(answer) {
    const metres = answer.border_m === null || answer.border_m === undefined ? null : gm.number(answer.border_m);
    if (answer.method === "border") {
      const others = answer.candidates.map((c) => c.name || c.code).join(gm.text("list_mark"));
      return el("p", "gm-note", gm.text("method_border", { others }));
    }
    if (answer.method === "nearest") { return el("p", "gm-note gm-warn", gm.text("method_nearest", { metres })); }
    if (answer.method === "none") {
      const desk = answer.desk ? answer.desk.name || answer.desk.code : null;
      return el("p", "gm-note gm-warn", desk ? gm.text("method_desk", { desk }) : gm.text("method_none"));
    }
    return metres === null ? null : el("p", "gm-note", gm.text("method_inside", { metres }));
  }

  function crumbs(chain) {
    const nav = el("ol", "gm-crumbs");
    nav.setAttribute("aria-label", gm.text("chain"));
    chain.forEach((link) => {
      const item = el("li", null, link.name || link.code);
      item.title = link.code;
      nav.appendChild(item);
    });
    return nav;
  }

  function skeleton() {
    const box = el("div", "gm-skeleton", null, [el("span"), el("span"), el("span")]);
    box.setAttribute("role", "status");
    box.appendChild(el("span", "gm-only-read", gm.text("loading")));
    return box;
  }

  /** Close the card and give the map its room back. */
  gm.closeCard = function () {
    request += 1;
    const card = document.getElementById("gridmap-card");
    card.hidden = true;
    card.replaceChildren();
    gm.map.invalidateSize({ pan: false });
  };

  /**
   * Show who is responsible.
   * @param {number|null} row row of the grids, where known from the map
   * @param {L.LatLng} at the point asked for
   */
  gm.openCard = async function (row, at) {
    const card = document.getElementById("gridmap-card");
    const mine = ++request;
    const close = el("button", "gm-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", gm.text("close"));
    close.addEventListener("click", () => gm.select(null));
    const title = el("h2", null, row === null ? gm.text("asking") : gm.title(data.grids, row));
    const code = el("p", "gm-code", row === null ? "" : data.grids.code[row]);
    const chain = el("div", null, null, [row === null ? null : crumbs(gm.chain(row))]);
    const told = row === null || !data.grids.why ? "" : reason(row);
    const why = told ? el("p", "gm-why", told) : null;
    const about = el("div", null, null, [row === null ? null : facts(row)]);
    const answerBox = el("div", "gm-answer");
    answerBox.setAttribute("aria-live", "polite");
    // first who decides and whom to call, then the figures
    card.replaceChildren(el("header", null, null, [title, close]), code, chain, answerBox, ...(why ? [why] : []), about);
    card.hidden = false;
    card.scrollTop = 0;
    gm.map.invalidateSize({ pan: false });
    // the card took room from the map: keep what it talks about in sight
    gm.map.panInside(at, { padding: [70, 60], animate: false });
    if (!data.locate) { return; }

    answerBox.replaceChildren(skeleton());
    try {
      const url = new URL(data.locate, location.origin);
      url.searchParams.set("lon", at.lng.toFixed(7));
      url.searchParams.set("lat", at.lat.toFixed(7));
      const reply = await fetch(url, { headers: { Accept: "application/json", "Accept-Language": data.lang } });
      if (!reply.ok) { throw new Error(String(reply.status)); }
      const answer = await reply.json();
      if (mine !== request) { return; }
      if (answer.grid) {
        title.textContent = answer.grid.name || answer.grid.code;
        code.textContent = answer.grid.code;
        chain.replaceChildren(crumbs(answer.chain.slice(0, -1)));
        const owner = data.grids.code.indexOf(answer.grid.code);
        if (owner >= 0 && owner !== row) {
          gm.mark(owner);
          about.replaceChildren(facts(owner));
        }
      } else if (row === null) {
        title.textContent = gm.text("no_grid");
        if (answer.desk) { chain.replaceChildren(crumbs(answer.chain)); }
      }
      if (answer.grid && data.gridUrl) {
        // the people do not wait for these figures, and do not fail with them
        moreFacts(answer.grid.code, about.querySelector("dl") || about.appendChild(el("dl", "gm-facts")), mine).catch(() => {});
      }
      const how = method(answer);
      answerBox.replaceChildren(...(how ? [how] : []), ...(answer.grid ? staff(answer) : []).filter(Boolean));
    } catch (error) {
      if (mine !== request) { return; }
      if (row === null) { title.textContent = gm.text("no_answer"); }
      const again = el("button", "gm-more", gm.text("try_again"));
      again.type = "button";
      again.addEventListener("click", () => gm.openCard(row, at));
      answerBox.replaceChildren(el("p", "gm-note gm-warn", gm.text("locate_failed")), again);
    }
  };
})(window.gridmapPage);
