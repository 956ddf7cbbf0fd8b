"""What each method of each repository asks for, and what is told of it: the one table behind every guarded store.

A method that does not stand here cannot be called through a guarded store, and a test fails for it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gridmap.domain.access import Permission as May
from gridmap.domain.events import Event, EventKind
from gridmap.services.ports import Verdict

#: What an act is about, and its numbers, from the arguments of a call and its result.
Told = tuple[str, dict[str, Any]]
Tell = Callable[[Mapping[str, Any], Any], Told | None]
#: What others are to hear of it.
Happened = Callable[[Mapping[str, Any], Any], Sequence[Event]]
#: Incidents that one call tells of one by one; of more it tells how many each owner got.
_ONE_BY_ONE = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """What one method asks for.

    Attributes
    ----------
    permission : Permission or None
        None: it gives nothing away, and is for whoever asks.
    action : str or None
        What a call is called in the trail; None: it is not told.
    tell : callable or None
        Gives subject and detail of the act, or None where there was none; counts, codes, numbers and names of fields,
        never what people wrote.
    writes : bool
        It changes something. What only reads but is told hands out personal data in bulk.
    happened : callable or None
        Gives the events that others hear of.
    """

    permission: May | None
    action: str | None = None
    tell: Tell | None = None
    writes: bool = True
    happened: Happened | None = None


def _read(permission: May | None) -> Rule:
    return Rule(permission, writes=False)


def _set(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {}


def _version(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {}


def _drafted(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{result.number}", {"grids": len(call["frame"])}


def _published(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"valid_from": call["valid_from"].isoformat()}


def _changed(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"grids": len(call["frame"])}


def _edges(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"edges": int(result)}


def _named(call: Mapping[str, Any], result: Any) -> Told:
    return call["boundary_set"].name, {"levels": [level.name for level in call["boundary_set"].levels]}


def _dated(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"valid_from": call["valid_from"].isoformat(), "rows": int(result)}


def _added(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"added": result.added, "duplicates": result.duplicates}


def _taken(call: Mapping[str, Any], result: Any) -> Told | None:
    added, duplicates = result.count(Verdict.ACCEPTED), result.count(Verdict.DUPLICATE)
    return ("", {"added": added, "duplicates": duplicates}) if added or duplicates else None


def _incidents(call: Mapping[str, Any], result: Any) -> list[Event]:
    if not result.added:
        return []
    frame = call["frame"] if result.new is None else call["frame"][result.new]
    owners = [frame[name].astype(object).where(frame[name].notna(), None) for name in ("set_name", "grid_code")]
    if len(frame) <= _ONE_BY_ONE:
        rows = zip(*owners, frame["incident_id"], strict=True)
        return [Event(EventKind.INCIDENT_ADDED, name, code, subject) for name, code, subject in rows]
    counts = Counter(zip(*owners, strict=True))
    return [Event(EventKind.INCIDENTS_ADDED, name, code, count=n) for (name, code), n in counts.items()]


def _taken_in(call: Mapping[str, Any], result: Any) -> list[Event]:
    return [
        Event(EventKind.INCIDENT_ADDED, owner.set_name, owner.grid_code, point.incident_id)
        for (point, owner), verdict in zip(call["points"], result, strict=True)
        if verdict is Verdict.ACCEPTED
    ]


def _cases_in(call: Mapping[str, Any], result: Any) -> list[Event]:
    taken = zip(call["points"], result, strict=True)
    opened = [pair for pair, verdict in taken if verdict is Verdict.ACCEPTED]
    return [
        Event(kind, owner.set_name, owner.grid_code, case.incident_id)
        for case, owner in opened
        for kind in (EventKind.INCIDENT_ADDED, EventKind.CASE_OPENED)
    ]


def _seen_units(call: Mapping[str, Any], result: Any) -> list[Event]:
    """Tell which units were seen, each once; of more than a few, that many were."""
    taken = zip(call["points"], result, strict=True)
    units = {fix.unit_id: owner for (fix, owner), verdict in taken if verdict is Verdict.ACCEPTED}
    if len(units) > _ONE_BY_ONE:
        return [Event(EventKind.PATROL_MOVED, None, count=len(units))]
    return [Event(EventKind.PATROL_MOVED, owner.set_name, owner.grid_code, unit) for unit, owner in units.items()]


def _many_seen(call: Mapping[str, Any], result: Any) -> list[Event]:
    return [Event(EventKind.PATROL_MOVED, None, count=int(result.added))] if result.added else []


def _acted(call: Mapping[str, Any], result: Any) -> Told:
    entry = call["entry"]
    return str(call["case_id"]), {"act": entry.act.value, "role": entry.role.value, "number": call["number"]}


def _moved(call: Mapping[str, Any], result: Any) -> list[Event]:
    owner = call["owner"]
    return [Event(EventKind.CASE_CHANGED, owner.set_name, owner.grid_code, str(call["case_id"]))]


def _book(call: Mapping[str, Any], result: Any) -> Told:
    book = call["book"]
    return book.kind, {"valid_from": book.valid_from.isoformat()}


def _shifts(call: Mapping[str, Any], result: Any) -> Told:
    told = {"from": call["start"].isoformat(), "until": call["end"].isoformat()}
    return str(call["set_name"]), {**told, "shifts": len(call["shifts"]), "before": int(result)}


def _shown(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"shifts": len(result)}


def _clocks(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"clocks": int(result)}


def _thinned(call: Mapping[str, Any], result: Any) -> Told | None:
    thinned = call["thinned"]
    return (thinned.day.isoformat(), {"fixes": thinned.fixes, "grids": len(call["sums"])}) if result else None


def _inspected(call: Mapping[str, Any], result: Any) -> Told | None:
    return (str(call["layer"]), {"checks": int(result)}) if result else None


def _drew(call: Mapping[str, Any], result: Any) -> Told:
    told = {"drawn": len(result.held.chosen), "objects": result.held.population, "list_sha256": result.held.list_sha256}
    return f"{call['layer']}/{result.number}", told


def _edition(kind: EventKind) -> Happened:
    return lambda call, result: [Event(kind, str(call["set_name"]), subject=str(call["number"]))]


def _reowned(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"changed": int(result)}


def _layer(call: Mapping[str, Any], result: Any) -> Told:
    return call["layer"].name, {}


def _features(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["layer"]), {"valid_from": call["valid_from"].isoformat(), "rows": int(result)}


def _rows(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"rows": int(result)}


def _handed_out(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"people": len(result)}


def _taken_away(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"areas": len(result)}


def _printed(call: Mapping[str, Any], result: Any) -> Told | None:
    version, codes = call["version"], sorted({str(code) for code in result["code"]})
    # one sheet names its area, a plan the number of them
    named = {"code": codes[0]} if len(codes) == 1 else {}
    return (f"{version.set_name}/{version.number}", {"areas": len(codes), **named}) if codes else None


def _edited(call: Mapping[str, Any], result: Any) -> Told:
    entry = call["entry"]
    return f"{call['set_name']}/{call['number']}", {"edits": 1, "areas": len(entry.change.codes)}


def _marked(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {f"{result.kind}s": 1}


def _signed(call: Mapping[str, Any], result: Any) -> Told:
    told = {"rule": result.rule, "areas": ", ".join(result.codes[:20]), "signed": result.signed}
    return f"{call['set_name']}/{call['number']}", told


def _stepped(call: Mapping[str, Any], result: Any) -> Told:
    step = call["step"]
    return f"{call['set_name']}/{call['number']}", {"to": step.to, "revision": step.revision}


#: Repository (its name in a unit of work) to method to what it asks for.
RULES: Mapping[str, Mapping[str, Rule]] = {
    "boundaries": {
        "list_sets": _read(May.GRIDS_READ),
        "set_names": _read(None),
        "find_set": _read(May.GRIDS_READ),
        "put_set": Rule(May.SETS_DEFINE, "set.put", _named),
        "list_versions": _read(May.GRIDS_READ),
        "find_version": _read(May.GRIDS_READ),
        "version_at": _read(May.GRIDS_READ),
        "add_draft": Rule(May.DRAFTS_WRITE, "draft.add", _drafted),
        "replace_draft": Rule(May.DRAFTS_WRITE, "draft.replace", _changed),
        "discard_draft": Rule(May.DRAFTS_WRITE, "draft.discard", _version),
        "publish": Rule(May.PUBLISH, "version.publish", _published, happened=_edition(EventKind.VERSION_PUBLISHED)),
        "require_revision": _read(May.GRIDS_READ),
        "withdraw": Rule(May.PUBLISH, "version.withdraw", _version, happened=_edition(EventKind.VERSION_WITHDRAWN)),
        "hold": _read(May.GRIDS_READ),
        "add_lineage": Rule(May.PUBLISH, "lineage.add", _edges),
        "lineage": _read(May.GRIDS_READ),
        "grid_counts": _read(May.GRIDS_READ),
        "lineage_counts": _read(May.GRIDS_READ),
        "lives": _read(May.GRIDS_READ),
        "former_grids": _read(May.GRIDS_READ),
        "grids": _read(May.GRIDS_READ),
        "tree": _read(May.GRIDS_READ),
        "export": Rule(May.GRIDS_READ, "version.export", _printed, writes=False),
        "page_grids": _read(May.GRIDS_READ),
    },
    "staff": {
        "replace": Rule(May.DATA_IMPORT, "staff.replace", _dated),
        "any_of": _read(May.GRIDS_READ),
        "next_change": _read(May.GRIDS_READ),
        "of_grid": _read(May.PEOPLE_READ),
        "of_day": Rule(May.PEOPLE_READ, "staff.export", _handed_out, writes=False),
        "counts": _read(May.GRIDS_READ),
        "numbers_of": _read(May.GRIDS_READ),
        "headed": _read(May.GRIDS_READ),
    },
    "profiles": {
        "put": Rule(May.DATA_IMPORT, "profiles.put", _dated),
        "of_grid": _read(May.GRIDS_READ),
        "any_of": _read(May.GRIDS_READ),
        "of_day": _read(May.GRIDS_READ),
    },
    "incidents": {
        "add": Rule(May.INCIDENTS_WRITE, "incidents.add", _added, happened=_incidents),
        "take": Rule(May.INCIDENTS_WRITE, "incidents.add", _taken, happened=_taken_in),
        "page": _read(May.INCIDENTS_READ),
        "records": _read(May.INCIDENTS_READ),
        "find": _read(May.INCIDENTS_READ),
        "frame": _read(May.INCIDENTS_READ),
        "counts_by_grid": _read(May.INCIDENTS_READ),
        "count": _read(May.INCIDENTS_READ),
        "reown": Rule(May.PUBLISH, "incidents.reown", _reowned),
        "categories": _read(May.INCIDENTS_READ),
        "time_span": _read(May.INCIDENTS_READ),
    },
    "patrols": {
        "add": Rule(May.PATROLS_WRITE, "fixes.add", _added, happened=_many_seen),
        "take": Rule(May.PATROLS_WRITE, "fixes.add", _taken, happened=_seen_units),
        "reown": Rule(May.PUBLISH, "fixes.reown", _reowned),
        "frame": _read(May.PATROLS_READ),
        "counts_by_grid": _read(May.PATROLS_READ),
        "latest": _read(May.PATROLS_LIVE),
        "passing": _read(May.PATROLS_READ),
        "count": _read(May.PATROLS_READ),
        "time_span": _read(May.PATROLS_READ),
    },
    "context": {
        "replace": Rule(May.DATA_IMPORT, "context.replace", _rows),
        "frame": _read(May.GRIDS_READ),
        "around": _read(May.GRIDS_READ),
    },
    "features": {
        "list_layers": _read(May.LAYERS_READ),
        "find_layer": _read(May.LAYERS_READ),
        "put_layer": Rule(May.DATA_IMPORT, "layer.put", _layer),
        "replace": Rule(May.DATA_IMPORT, "layer.replace", _features),
        "next_change": _read(May.LAYERS_READ),
        "counts": _read(May.LAYERS_READ),
        "page": _read(May.LAYERS_READ),
        "frame": _read(May.LAYERS_READ),
    },
    # what is done to accounts is told by ``services.accounts``, in words that fit: also of who may not
    "accounts": {
        **{
            name: _read(May.ACCOUNTS_MANAGE)
            for name in (
                "find",
                "find_named",
                "find_identity",
                "list_accounts",
                "find_token",
                "tokens_of",
                "get_secret",
                "find_attempts",
            )
        },
        **{
            name: Rule(May.ACCOUNTS_MANAGE)
            for name in (
                "begin_change",
                "add",
                "put",
                "add_token",
                "touch_token",
                "revoke_token",
                "revoke_tokens",
                "forget_tokens",
                "put_secret",
                "put_attempts",
            )
        },
        "any_administrator": _read(None),
    },
    "trail": {
        "add": Rule(None),
        "head": _read(May.AUDIT_READ),
        "entries": _read(May.AUDIT_READ),
        "page": _read(May.AUDIT_READ),
    },
    # who follows them is given a sight (``guarded.events``); without one they are for who reads the trail anyway
    "events": {
        **{name: _read(May.AUDIT_READ) for name in ("page", "newest", "mark")},
        "begin_anew": Rule(May.ACCOUNTS_MANAGE),
    },
    "redraw": {
        "head": _read(May.DRAFTS_WRITE),
        "ground": _read(May.DRAFTS_WRITE),
        "export": Rule(May.DRAFTS_WRITE, "draft.export", _taken_away, writes=False),
        "lines": _read(May.DRAFTS_WRITE),
        "entries": _read(May.DRAFTS_WRITE),
        "changes": _read(May.DRAFTS_WRITE),
        "append": Rule(May.DRAFTS_WRITE, "draft.edit", _edited),
        "marks": _read(May.DRAFTS_WRITE),
        "locks": _read(May.DRAFTS_WRITE),
        "add_mark": Rule(May.DRAFTS_WRITE, "draft.mark", _marked),
        "remove_mark": Rule(May.DRAFTS_WRITE, "draft.unmark", _marked),
        "waivers": _read(May.GRIDS_READ),
        "add_waiver": Rule(May.DRAFTS_WRITE, "draft.waiver", _signed),
        "steps": _read(May.DRAFTS_WRITE),
        "add_step": Rule(May.DRAFTS_WRITE, "draft.step", _stepped),
    },
    "cases": {
        "take": Rule(May.INCIDENTS_WRITE, "cases.open", _taken, happened=_cases_in),
        "take_over": Rule(May.DATA_IMPORT, "cases.take_over", _rows),
        "open_near": _read(May.CASES_READ),
        "page": _read(May.CASES_READ),
        "counts": _read(May.CASES_READ),
        "count": _read(May.CASES_READ),
        "frame": _read(May.CASES_READ),
        "loads": _read(May.CASES_READ),
        "find": _read(May.CASES_FILE),
        "record": _read(May.CASES_FILE),
        "hold": _read(May.CASES_WRITE),
        "append": Rule(May.CASES_WRITE, "case.act", _acted, happened=_moved),
    },
    "books": {
        "put": Rule(May.DATA_IMPORT, "book.put", _book),
        "at": _read(May.GRIDS_READ),
        "list_books": _read(May.GRIDS_READ),
    },
    "places": {"replace": Rule(May.DATA_IMPORT, "places.replace", _rows), "frame": _read(May.GRIDS_READ)},
    "duty": {
        "put_shifts": Rule(May.DATA_IMPORT, "shifts.replace", _shifts),
        "shifts": Rule(May.PEOPLE_READ, "shifts.export", _shown, writes=False),
        "bound": _read(May.PEOPLE_READ),
        "clocks": _read(May.PATROLS_LIVE),
        "put_clocks": Rule(May.DATA_IMPORT, "clocks.put", _clocks),
    },
    "patrol_days": {
        "thinned_until": _read(May.PATROLS_READ),
        "days": _read(May.PATROLS_READ),
        "frame": _read(May.PATROLS_READ),
        "thin": Rule(May.DATA_IMPORT, "fixes.thin", _thinned),
    },
    "inspections": {
        "add_checks": Rule(May.PATROLS_WRITE, "inspections.check", _inspected),
        "newest": _read(May.LAYERS_READ),
        "add_draw": Rule(May.PATROLS_WRITE, "inspections.draw", _drew),
        # whoever is checked again is not to know before
        "draws": _read(May.PATROLS_READ),
    },
    # the answer that a request got before; whose it is stands in its key
    "idempotency": {"find": _read(None), "add": Rule(None), "forget_before": Rule(None)},
}

#: Repositories whose changes are not told by the store itself.
TOLD_ELSEWHERE = frozenset({"accounts", "trail", "events", "idempotency"})
