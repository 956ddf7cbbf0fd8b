"""Faults of a whole plan are looked for when it is opened, not at each edit."""

import pytest
from api_world import at
from redraw_planner import Planner
from version_desk import SET, Desk

from gridmap.services.redraw import drawings


def test_edits_look_only_where_they_are(fresh_world, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = Desk(fresh_world.client).draft()
    planner = Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")
    whole, review = [], drawings.review
    monkeypatch.setattr(drawings, "review", lambda *given: whole.append(1) or review(*given))
    (x, y), looks = at(1, 2), []
    for k in range(5):
        planner.done("move_vertex", at=[x + k * 1e-5, y], to=[x + (k + 1) * 1e-5, y])
        planner.get("/effects")
        looks.append(len(whole))
    # a draft that nobody has drawn in may be replaced as a whole, so the first entry begins anew
    assert looks == [1, 2, 2, 2, 2]
