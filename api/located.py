"""Who is responsible for one point, as the answer that leaves: the validated and the lean road both write this one."""

from api.replies import GridOut, LocateAnswer, LocatedGrid, StaffOut
from gridmap.domain.incidents import Responsibility
from gridmap.services.grids import grid_facts
from gridmap.services.responsibility import Plan


def locate_answer(plan: Plan, found: Responsibility) -> LocateAnswer:
    """Give the answer about one point of a plan."""
    grid = None
    if found.grid is not None:
        ref = found.grid
        facts = grid_facts(plan, ref.code, found.profile)
        grid = LocatedGrid(
            code=ref.code,
            name=ref.name,
            level=ref.level,
            households=facts.households,
            area_m2=facts.area_m2,
            department=facts.department,
            phone=facts.phone,
        )
    return LocateAnswer(
        grid=grid,
        chain=[GridOut.of(ref) for ref in found.chain],
        method=found.method,
        border_m=found.border_m,
        candidates=[GridOut.of(ref) for ref in found.candidates],
        desk=None if found.desk is None else GridOut.of(found.desk),
        staff=[StaffOut(role=s.role, name=s.name, phone=s.phone, department=s.department) for s in found.staff],
        set=found.set_name,
        version=found.version_number,
    )
