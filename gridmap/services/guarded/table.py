"""What each method of each repository asks for, and what is told of it: the one table behind every guarded store.

A method that does not stand here cannot be called through a guarded store, and a test fails for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gridmap.domain.access import Permission as May
from gridmap.domain.events import EventKind
from gridmap.services.guarded import told
from gridmap.services.guarded.told import Happened, Tell


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


#: Repository (its name in a unit of work) to method to what it asks for.
RULES: Mapping[str, Mapping[str, Rule]] = {
    "boundaries": {
        "list_sets": _read(May.GRIDS_READ),
        "set_names": _read(None),
        "find_set": _read(May.GRIDS_READ),
        "put_set": Rule(May.SETS_DEFINE, "set.put", told.named),
        "list_versions": _read(May.GRIDS_READ),
        "find_version": _read(May.GRIDS_READ),
        "version_at": _read(May.GRIDS_READ),
        "add_draft": Rule(May.DRAFTS_WRITE, "draft.add", told.drafted),
        "replace_draft": Rule(May.DRAFTS_WRITE, "draft.replace", told.changed),
        "discard_draft": Rule(May.DRAFTS_WRITE, "draft.discard", told.version),
        "publish": Rule(
            May.PUBLISH, "version.publish", told.published, happened=told.edition(EventKind.VERSION_PUBLISHED)
        ),
        "require_revision": _read(May.GRIDS_READ),
        "withdraw": Rule(
            May.PUBLISH, "version.withdraw", told.version, happened=told.edition(EventKind.VERSION_WITHDRAWN)
        ),
        "hold": _read(May.GRIDS_READ),
        "add_lineage": Rule(May.PUBLISH, "lineage.add", told.edges),
        "lineage": _read(May.GRIDS_READ),
        "grid_counts": _read(May.GRIDS_READ),
        "lineage_counts": _read(May.GRIDS_READ),
        "lives": _read(May.GRIDS_READ),
        "former_grids": _read(May.GRIDS_READ),
        "grids": _read(May.GRIDS_READ),
        "tree": _read(May.GRIDS_READ),
        "export": Rule(May.GRIDS_READ, "version.export", told.printed, writes=False),
        "page_grids": _read(May.GRIDS_READ),
    },
    "staff": {
        "replace": Rule(May.DATA_IMPORT, "staff.replace", told.dated),
        "any_of": _read(May.GRIDS_READ),
        "next_change": _read(May.GRIDS_READ),
        "of_grid": _read(May.PEOPLE_READ),
        "of_day": Rule(May.PEOPLE_READ, "staff.export", told.handed_out, writes=False),
        "counts": _read(May.GRIDS_READ),
        "numbers_of": _read(May.GRIDS_READ),
        "headed": _read(May.GRIDS_READ),
    },
    "profiles": {
        "put": Rule(May.DATA_IMPORT, "profiles.put", told.dated),
        "of_grid": _read(May.GRIDS_READ),
        "any_of": _read(May.GRIDS_READ),
        "of_day": _read(May.GRIDS_READ),
    },
    "incidents": {
        "add": Rule(May.INCIDENTS_WRITE, "incidents.add", told.added, happened=told.incidents),
        "take": Rule(May.INCIDENTS_WRITE, "incidents.add", told.taken, happened=told.taken_in),
        "page": _read(May.INCIDENTS_READ),
        "records": _read(May.INCIDENTS_READ),
        "find": _read(May.INCIDENTS_READ),
        "frame": _read(May.INCIDENTS_READ),
        "counts_by_grid": _read(May.INCIDENTS_READ),
        "count": _read(May.INCIDENTS_READ),
        "reown": Rule(May.PUBLISH, "incidents.reown", told.reowned),
        "categories": _read(May.INCIDENTS_READ),
        "time_span": _read(May.INCIDENTS_READ),
    },
    "patrols": {
        "add": Rule(May.PATROLS_WRITE, "fixes.add", told.added, happened=told.many_seen),
        "take": Rule(May.PATROLS_WRITE, "fixes.add", told.taken, happened=told.seen_units),
        "reown": Rule(May.PUBLISH, "fixes.reown", told.reowned),
        "frame": _read(May.PATROLS_READ),
        "counts_by_grid": _read(May.PATROLS_READ),
        "latest": _read(May.PATROLS_LIVE),
        "passing": _read(May.PATROLS_READ),
        "count": _read(May.PATROLS_READ),
        "time_span": _read(May.PATROLS_READ),
    },
    "context": {
        "replace": Rule(May.DATA_IMPORT, "context.replace", told.rows),
        "frame": _read(May.GRIDS_READ),
        "around": _read(May.GRIDS_READ),
    },
    "features": {
        "list_layers": _read(May.LAYERS_READ),
        "find_layer": _read(May.LAYERS_READ),
        "put_layer": Rule(May.DATA_IMPORT, "layer.put", told.layer),
        "replace": Rule(May.DATA_IMPORT, "layer.replace", told.features),
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
        "export": Rule(May.DRAFTS_WRITE, "draft.export", told.taken_away, writes=False),
        "lines": _read(May.DRAFTS_WRITE),
        "entries": _read(May.DRAFTS_WRITE),
        "changes": _read(May.DRAFTS_WRITE),
        "append": Rule(May.DRAFTS_WRITE, "draft.edit", told.edited),
        "marks": _read(May.DRAFTS_WRITE),
        "locks": _read(May.DRAFTS_WRITE),
        "add_mark": Rule(May.DRAFTS_WRITE, "draft.mark", told.marked),
        "remove_mark": Rule(May.DRAFTS_WRITE, "draft.unmark", told.marked),
        "waivers": _read(May.GRIDS_READ),
        "add_waiver": Rule(May.DRAFTS_WRITE, "draft.waiver", told.signed),
        "steps": _read(May.DRAFTS_WRITE),
        "add_step": Rule(May.DRAFTS_WRITE, "draft.step", told.stepped),
    },
    "cases": {
        "take": Rule(May.INCIDENTS_WRITE, "cases.open", told.taken, happened=told.cases_in),
        "take_over": Rule(May.DATA_IMPORT, "cases.take_over", told.rows),
        "open_near": _read(May.CASES_READ),
        "page": _read(May.CASES_READ),
        "counts": _read(May.CASES_READ),
        "count": _read(May.CASES_READ),
        "frame": _read(May.CASES_READ),
        "loads": _read(May.CASES_READ),
        "find": _read(May.CASES_FILE),
        "record": _read(May.CASES_FILE),
        "hold": _read(May.CASES_WRITE),
        "append": Rule(May.CASES_WRITE, "case.act", told.acted, happened=told.moved),
    },
    "books": {
        "put": Rule(May.DATA_IMPORT, "book.put", told.book),
        "at": _read(May.GRIDS_READ),
        "list_books": _read(May.GRIDS_READ),
    },
    "places": {"replace": Rule(May.DATA_IMPORT, "places.replace", told.rows), "frame": _read(May.GRIDS_READ)},
    "duty": {
        "put_shifts": Rule(May.DATA_IMPORT, "shifts.replace", told.shifts),
        "shifts": Rule(May.PEOPLE_READ, "shifts.export", told.shown, writes=False),
        "bound": _read(May.PEOPLE_READ),
        "clocks": _read(May.PATROLS_LIVE),
        "put_clocks": Rule(May.DATA_IMPORT, "clocks.put", told.clocks),
    },
    "patrol_days": {
        "thinned_until": _read(May.PATROLS_READ),
        "days": _read(May.PATROLS_READ),
        "frame": _read(May.PATROLS_READ),
        "thin": Rule(May.DATA_IMPORT, "fixes.thin", told.thinned),
    },
    "inspections": {
        "add_checks": Rule(May.PATROLS_WRITE, "inspections.check", told.inspected),
        "newest": _read(May.LAYERS_READ),
        "add_draw": Rule(May.PATROLS_WRITE, "inspections.draw", told.drew),
        # whoever is checked again is not to know before
        "draws": _read(May.PATROLS_READ),
    },
    # the answer that a request got before; whose it is stands in its key
    "idempotency": {"find": _read(None), "add": Rule(None), "forget_before": Rule(None)},
}

#: Repositories whose changes are not told by the store itself.
TOLD_ELSEWHERE = frozenset({"accounts", "trail", "events", "idempotency"})
