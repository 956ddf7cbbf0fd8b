"""How private a piece of what is stored is."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache


class Privacy(StrEnum):
    """Who may see a field, from anybody to nobody.

    ``public``: anybody, signed in or not. ``internal``: who has the area in which it is, for the work there; figures,
    codes and names of areas, offices and accounts. ``personal``: names and telephone numbers of people; in that area,
    and with the permission to know them. ``sensitive``: what people wrote or said, where single persons were, secrets;
    in no answer, but for a secret in the one answer that hands it to its owner.
    """

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


_INTERNAL = """
    code name level kind parent_code households area_m2 state valid_from valid_to
    grid_code first_grid_code first_set first_version side old_code new_code old_name new_name
    incident_id occurred_at category channel method version_number incidents
    fixes units last_fix_at fixes_per_incident
    name_before name_after area_before_m2 area_after_m2 households_before households_after
    gap grids nearest_m facilities
    visits dwells passes workers hours dwell_hours km area_share street_share last_at days norm norm_days status sight
    patrol_found citizen_found per_hour per_hour_low per_hour_high per_visit per_visit_low per_visit_high
    cluster count
    incidents_before incidents_after a_code b_code relation a_share b_share old_share new_share
"""
_SENSITIVE = "note attributes unit_id fixed_at accuracy_m"

#: Columns of frames that are written into answers and pages: rows, properties of features, data of maps.
COLUMNS: Mapping[str, Privacy] = {
    **dict.fromkeys(_INTERNAL.split(), Privacy.INTERNAL),
    **dict.fromkeys(_SENSITIVE.split(), Privacy.SENSITIVE),
}


@cache
def require_columns(*names: str) -> None:
    """Check that columns may leave (TypeError): each is classified, and none is personal or worse."""
    for name in names:
        if COLUMNS.get(name) not in (Privacy.PUBLIC, Privacy.INTERNAL):
            raise TypeError(f"the column {name} is {COLUMNS.get(name, 'not classified')}: it leaves in no answer")
