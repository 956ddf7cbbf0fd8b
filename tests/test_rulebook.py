"""Rulebooks as files: what they may say, what is refused, and how a city changes numbers."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.domain.clauses import clause_of
from gridmap.domain.rulebook import Rulebook, profile, profiles, rulebook_of
from gridmap.errors import FileError, InvalidInput, TooLarge
from gridmap.files.rulebooks import read_rulebook
from gridmap.i18n import LANGUAGES, catalogue

ASKED = {"zh": "本市规定", "en": "the city asks for it"}
OWN: dict[str, Any] = {
    "id": "city_area",
    "measure": "area_m2",
    "low": 100,
    "high": 20_000,
    "severity": "error",
    "provenance": "city",
    "document": "本市网格划分办法",
    "clause": ASKED,
    "title": ASKED,
    "text": {"zh": "{codes}：{measure} {unit}，{low}–{high}", "en": "{codes}: {measure} {unit}, {low} to {high}"},
}


def book(*rules: dict[str, Any], **other: Any) -> Rulebook:
    return rulebook_of({"name": "ours", "rule": list(rules), **other})


def without(name: str) -> dict[str, Any]:
    return {k: v for k, v in OWN.items() if k != name}


@pytest.mark.parametrize("name", profiles())
def test_what_is_written_is_read_back_as_it_was(name: str) -> None:
    known = profile(name)
    assert known.rules
    assert rulebook_of(known.to_json()) == known
    assert hash(known) == hash(rulebook_of(known.to_json()))


@pytest.mark.parametrize("name", profiles())
def test_texts_are_in_both_languages_and_no_id_is_that_of_another_rule(name: str) -> None:
    for rule in profile(name).rules:
        assert f"finding.{rule.id}" not in catalogue()
        for texts in (rule.clause, rule.title, rule.text):
            assert set(texts) == set(LANGUAGES)
            assert any("\u4e00" <= c <= "\u9fff" for c in texts["zh"])
            assert not any("\u4e00" <= c <= "\u9fff" for c in texts["en"])


def test_a_city_changes_numbers_adds_rules_and_leaves_some_out() -> None:
    ours = book(
        {"id": "social_households", "low": 250, "high": 600}, {"id": "social_people"}, OWN, extends="social-urban"
    )
    theirs = {r.id: r for r in profile("social-urban").rules}
    mine = {r.id: r for r in ours.rules}
    assert (mine["social_households"].low, mine["social_households"].high) == (250, 600)
    assert mine["social_households"].text == theirs["social_households"].text
    assert set(theirs) - set(mine) == {"social_people"}
    assert mine["city_area"].message(("a",), 99.5, "", "en") == "a: 99.5 m2, 100 to 20,000"


@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        ("document", without("document")),
        ("provenance", {**OWN, "provenance": "hearsay"}),
        ("measure", {**OWN, "measure": "beauty"}),
        ("low", {**OWN, "low": 30_000}),
        ("low", {k: v for k, v in OWN.items() if k not in ("low", "high")}),
        ("low", {**OWN, "low": True}),
        ("low", {**OWN, "low": float("nan")}),
        ("low", {**OWN, "low": -1}),
        ("low", {**OWN, "low": "100"}),
        ("severity", {**OWN, "provenance": "memory"}),
        ("severity", {**OWN, "provenance": "code"}),
        ("severity", {**OWN, "provenance": "practice"}),
        ("needs_waiver", {**OWN, "severity": "warning", "provenance": "code", "needs_waiver": True}),
        ("needs_waiver", {**OWN, "needs_waiver": True}),
        ("needs_waiver", {**OWN, "severity": "warning", "needs_waiver": 1}),
        ("title", {**OWN, "title": {"zh": "只有中文"}}),
        ("text", {**OWN, "text": {"zh": "{codes.__class__}", "en": "x"}}),
        ("text", {**OWN, "text": {"zh": "{0}", "en": "x"}}),
        ("text", {**OWN, "text": {"zh": "{", "en": "x"}}),
        ("layers", {**OWN, "measure": "cut"}),
        ("layers", {**OWN, "layers": ["road"]}),
        ("values", {**OWN, "measure": "attribute", "values": ["a", "b"]}),
        ("values", {**OWN, "values": "a"}),
        ("id", {**OWN, "id": "overlap"}),
        ("id", {**OWN, "id": "面积"}),
        ("id", {**OWN, "id": ""}),
        ("valid_to", {**OWN, "valid_from": date(2026, 1, 1), "valid_to": date(2026, 1, 1)}),
        ("valid_from", {**OWN, "valid_from": "soon"}),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_place(entry: str, changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        book(changed)
    assert refused.value.code == "rules_wrong"
    assert refused.value.fields["entry"] == f"rule[1].{entry}"


def test_a_rule_said_twice_and_entries_nobody_knows_are_refused() -> None:
    for held in ({"rule": [OWN, OWN]}, {"rule": OWN}, {"rule": [{**OWN, "colour": "red"}]}, {"more": 1}, {"name": ""}):
        with pytest.raises(InvalidInput) as refused:
            rulebook_of({"name": "ours", **held})
        assert refused.value.code == "rules_wrong"
        assert "red" not in str(refused.value.fields)


def test_files_are_read_and_bad_ones_refused(tmp_path: Path) -> None:
    good, bad, huge = tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "c.toml"
    good.write_text('name = "ours"\nextends = "unit-grid"\n[[rule]]\nid = "unit_width"\nlow = 8\n', encoding="utf-8")
    bad.write_text("= 1")
    huge.write_bytes(b"#" * 1_000_001)
    assert {r.id: r.low for r in read_rulebook(good).rules}["unit_width"] == 8
    assert read_rulebook("unit-grid") == profile("unit-grid")
    for file, kind, code in (
        (bad, FileError, "set_file_not_toml"),
        (huge, TooLarge, "file_too_large"),
        ("none", InvalidInput, "rules_unknown"),
    ):
        with pytest.raises(kind) as refused:
            read_rulebook(file)
        assert refused.value.code == code


def test_the_rules_of_topology_have_their_clauses() -> None:
    for name in ("overlap", "hole", "invalid_ring", "outside_parent", "parent_missing", "multipart", "code_scheme"):
        found = clause_of(name)
        assert found is not None
        assert set(found.says) == set(LANGUAGES)
        assert set(found.to_json()) == {"document", "says", "provenance"}
    assert clause_of("vanished") is None


def test_check_asks_the_rules_of_a_profile_or_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "zh")
    from planted_rules import town

    frame = town().frame
    grids = frame[frame["level"] == "grid"][["code", "name", "parent_code", "households", "geometry"]]
    grids.loc[grids["code"] == "a", "households"] = 501
    file, own = tmp_path / "grids.geojson", tmp_path / "own.toml"
    grids.to_file(file, driver="GeoJSON")
    own.write_text('name="o"\nextends="social-urban"\n[[rule]]\nid="social_households"\nhigh=501\n', encoding="utf-8")
    for words, status in (((), 0), (("--rules", "social-urban"), 1), (("--rules", str(own)), 0), (("--rules", "x"), 2)):
        done = CliRunner().invoke(app, ["check", str(file), *words])
        assert done.exit_code == status, done.output
        if status == 1:
            assert "social_households: 网格 a 有 501 户，规定为 300 至 500 户。" in done.output
            assert "[地方网格划分规定（城镇）]" in done.output
