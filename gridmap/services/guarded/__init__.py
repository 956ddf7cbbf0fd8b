"""Rights by construction: a store as one principal sees it.

``table`` says what each method asks for, ``store`` holds everybody to it and tells the trail, ``guard`` knows the
reaches of one unit of work, ``kin`` the codes of an area; the other modules cut one kind of record each down to a
reach, and ``plans`` the plans.
"""

from gridmap.services.guarded.cases import seen_by
from gridmap.services.guarded.group import Group
from gridmap.services.guarded.kin import Kin
from gridmap.services.guarded.plans import CutPlans, Parts
from gridmap.services.guarded.store import (
    CUTS,
    PORTS,
    GuardedStore,
    GuardedUnitOfWork,
    codes_in,
    may,
    may_in,
    require_publisher,
)
from gridmap.services.guarded.table import RULES, Rule

__all__ = [
    "CUTS",
    "PORTS",
    "RULES",
    "CutPlans",
    "Group",
    "GuardedStore",
    "GuardedUnitOfWork",
    "Kin",
    "Parts",
    "Rule",
    "codes_in",
    "may",
    "may_in",
    "require_publisher",
    "seen_by",
]
