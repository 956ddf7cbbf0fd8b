"""What is told of an act: its subject and numbers for the trail, and the events that others are to hear of.

Each function takes the arguments of a call by name and its result; what it gives never holds what people wrote.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridmap.domain.events import Event, EventKind
from gridmap.services.ports import Verdict

#: What an act is about, and its numbers, from the arguments of a call and its result.
Told = tuple[str, dict[str, Any]]
Tell = Callable[[Mapping[str, Any], Any], Told | None]
#: What others are to hear of it.
Happened = Callable[[Mapping[str, Any], Any], Sequence[Event]]
#: Incidents that one call tells of one by one; of more it tells how many each owner got.
_ONE_BY_ONE = 500


def of_set(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {}


def version(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {}


def drafted(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{result.number}", {"grids": len(call["frame"])}


def published(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"valid_from": call["valid_from"].isoformat()}


def changed(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"grids": len(call["frame"])}


def edges(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"edges": int(result)}


def named(call: Mapping[str, Any], result: Any) -> Told:
    return call["boundary_set"].name, {"levels": [level.name for level in call["boundary_set"].levels]}


def dated(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"valid_from": call["valid_from"].isoformat(), "rows": int(result)}


def added(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"added": result.added, "duplicates": result.duplicates}


def taken(call: Mapping[str, Any], result: Any) -> Told | None:
    added, duplicates = result.count(Verdict.ACCEPTED), result.count(Verdict.DUPLICATE)
    return ("", {"added": added, "duplicates": duplicates}) if added or duplicates else None


def incidents(call: Mapping[str, Any], result: Any) -> list[Event]:
    if not result.added:
        return []
    frame = call["frame"] if result.new is None else call["frame"][result.new]
    owners = [frame[name].astype(object).where(frame[name].notna(), None) for name in ("set_name", "grid_code")]
    if len(frame) <= _ONE_BY_ONE:
        rows = zip(*owners, frame["incident_id"], strict=True)
        return [Event(EventKind.INCIDENT_ADDED, name, code, subject) for name, code, subject in rows]
    counts = Counter(zip(*owners, strict=True))
    return [Event(EventKind.INCIDENTS_ADDED, name, code, count=n) for (name, code), n in counts.items()]


def taken_in(call: Mapping[str, Any], result: Any) -> list[Event]:
    return [
        Event(EventKind.INCIDENT_ADDED, owner.set_name, owner.grid_code, point.incident_id)
        for (point, owner), verdict in zip(call["points"], result, strict=True)
        if verdict is Verdict.ACCEPTED
    ]


def cases_in(call: Mapping[str, Any], result: Any) -> list[Event]:
    taken = zip(call["points"], result, strict=True)
    opened = [pair for pair, verdict in taken if verdict is Verdict.ACCEPTED]
    return [
        Event(kind, owner.set_name, owner.grid_code, case.incident_id)
        for case, owner in opened
        for kind in (EventKind.INCIDENT_ADDED, EventKind.CASE_OPENED)
    ]


def seen_units(call: Mapping[str, Any], result: Any) -> list[Event]:
    """Tell which units were seen, each once; of more than a few, that many were."""
    taken = zip(call["points"], result, strict=True)
    units = {fix.unit_id: owner for (fix, owner), verdict in taken if verdict is Verdict.ACCEPTED}
    if len(units) > _ONE_BY_ONE:
        return [Event(EventKind.PATROL_MOVED, None, count=len(units))]
    return [Event(EventKind.PATROL_MOVED, owner.set_name, owner.grid_code, unit) for unit, owner in units.items()]


def many_seen(call: Mapping[str, Any], result: Any) -> list[Event]:
    return [Event(EventKind.PATROL_MOVED, None, count=int(result.added))] if result.added else []


def acted(call: Mapping[str, Any], result: Any) -> Told:
    entry = call["entry"]
    return str(call["case_id"]), {"act": entry.act.value, "role": entry.role.value, "number": call["number"]}


def moved(call: Mapping[str, Any], result: Any) -> list[Event]:
    owner = call["owner"]
    return [Event(EventKind.CASE_CHANGED, owner.set_name, owner.grid_code, str(call["case_id"]))]


def book(call: Mapping[str, Any], result: Any) -> Told:
    book = call["book"]
    return book.kind, {"valid_from": book.valid_from.isoformat()}


def shifts(call: Mapping[str, Any], result: Any) -> Told:
    told = {"from": call["start"].isoformat(), "until": call["end"].isoformat()}
    return str(call["set_name"]), {**told, "shifts": len(call["shifts"]), "before": int(result)}


def shown(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"shifts": len(result)}


def clocks(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"clocks": int(result)}


def thinned(call: Mapping[str, Any], result: Any) -> Told | None:
    thinned = call["thinned"]
    return (thinned.day.isoformat(), {"fixes": thinned.fixes, "grids": len(call["sums"])}) if result else None


def inspected(call: Mapping[str, Any], result: Any) -> Told | None:
    return (str(call["layer"]), {"checks": int(result)}) if result else None


def drew(call: Mapping[str, Any], result: Any) -> Told:
    told = {"drawn": len(result.held.chosen), "objects": result.held.population, "list_sha256": result.held.list_sha256}
    return f"{call['layer']}/{result.number}", told


def edition(kind: EventKind) -> Happened:
    return lambda call, result: [Event(kind, str(call["set_name"]), subject=str(call["number"]))]


def reowned(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"changed": int(result)}


def layer(call: Mapping[str, Any], result: Any) -> Told:
    return call["layer"].name, {}


def features(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["layer"]), {"valid_from": call["valid_from"].isoformat(), "rows": int(result)}


def rows(call: Mapping[str, Any], result: Any) -> Told:
    return "", {"rows": int(result)}


def handed_out(call: Mapping[str, Any], result: Any) -> Told:
    return str(call["set_name"]), {"people": len(result)}


def taken_away(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {"areas": len(result)}


def printed(call: Mapping[str, Any], result: Any) -> Told | None:
    version, codes = call["version"], sorted({str(code) for code in result["code"]})
    # one sheet names its area, a plan the number of them
    named = {"code": codes[0]} if len(codes) == 1 else {}
    return (f"{version.set_name}/{version.number}", {"areas": len(codes), **named}) if codes else None


def edited(call: Mapping[str, Any], result: Any) -> Told:
    entry = call["entry"]
    return f"{call['set_name']}/{call['number']}", {"edits": 1, "areas": len(entry.change.codes)}


def marked(call: Mapping[str, Any], result: Any) -> Told:
    return f"{call['set_name']}/{call['number']}", {f"{result.kind}s": 1}


def signed(call: Mapping[str, Any], result: Any) -> Told:
    told = {"rule": result.rule, "areas": ", ".join(result.codes[:20]), "signed": result.signed}
    return f"{call['set_name']}/{call['number']}", told


def stepped(call: Mapping[str, Any], result: Any) -> Told:
    step = call["step"]
    return f"{call['set_name']}/{call['number']}", {"to": step.to, "revision": step.revision}
