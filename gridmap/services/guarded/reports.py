"""What the gate says of a version, as one principal may hear it."""

from dataclasses import replace

from gridmap.domain.access import Permission
from gridmap.domain.rules import Finding, Report
from gridmap.services.drafts import check_in, check_version, require_version
from gridmap.services.gate import Judgement
from gridmap.services.guarded.kin import Codes
from gridmap.services.guarded.store import GuardedStore
from gridmap.services.ports import Store
from gridmap.settings import Settings


def check_within(store: Store, set_name: str, number: int, *, settings: Settings) -> Judgement:
    """Ask the gate of a whole version, and give what it finds within reach.

    The rules are about whole plans: asked of a part, they would find holes where others begin. A finding is given where
    all areas that it names are within reach.

    Raises
    ------
    NotFound
        ``set_not_found``, ``version_unknown``.
    """
    if not isinstance(store, GuardedStore):
        return check_version(store, set_name, number, settings=settings)
    with store.unit_of_work() as work:
        version = require_version(work, set_name, number)
        codes = work.guard.codes_of(Permission.GRIDS_READ, version)
        if codes is None:
            return check_in(work, set_name, number, settings=settings)
        judgement = check_in(work.guard.raw, set_name, number, settings=settings)
        known = frozenset(str(code) for code in work.guard.raw.boundaries.tree(version)["code"])
    if judgement.former_grids is not None:
        known |= frozenset(str(code) for code in judgement.former_grids["code"])
    kept = tuple(f for f in judgement.report if _within(f, codes, known))
    shown = {id(f) for f in kept}
    return Judgement(
        Report(kept, {"grids": len(known & codes)}),
        tuple(f for f in judgement.blocking if id(f) in shown),
        None if judgement.former is None else replace(judgement.former, note=""),
        None,
    )


def _within(finding: Finding, codes: Codes, known: Codes) -> bool:
    """Tell whether all areas that a finding names are within reach."""
    named = {str(value) for value in finding.fields.values()} & known
    return bool(finding.codes) and codes.issuperset(finding.codes) and named <= codes
