"""Triggers of revision 0003: no two published versions of a set at one time, and lineage that stays.

Validities are compared as ISO days, which sort as text in SQLite; ``9999-12-31`` stands for an open end. PostgreSQL has
a constraint beside the trigger: a trigger does not see what another transaction is about to commit.
"""

_KEPT = "published versions never change"
_APART = "published versions of a set never overlap in time"

#: The constraint of PostgreSQL.
APART = "ex_boundary_version_apart"

#: Values of a version that stay once it is no draft.
_FIXED = ("id", "set_id", "number", "valid_from", "content_hash", "based_on", "published_at")

_END = {"sqlite": "'9999-12-31'", "postgresql": "DATE '9999-12-31'"}


def _changed(differs: str) -> str:
    moved = " OR ".join(f"NEW.{c} {differs} OLD.{c}" for c in _FIXED)
    back = "NEW.state = 'draft' OR (OLD.state = 'retired' AND NEW.state <> OLD.state)"
    return f"OLD.state <> 'draft' AND ({back} OR {moved})"


def _overlaps(end: str) -> str:
    return (
        f"NEW.state = 'published' AND NEW.valid_from < coalesce(NEW.valid_to, {end}) AND EXISTS ("
        "SELECT 1 FROM boundary_version v WHERE v.set_id = NEW.set_id AND v.id <> NEW.id AND v.state = 'published' "
        f"AND v.valid_from < coalesce(v.valid_to, {end}) AND v.valid_from < coalesce(NEW.valid_to, {end}) "
        f"AND NEW.valid_from < coalesce(v.valid_to, {end}))"
    )


def _not_draft(row: str) -> str:
    return f"EXISTS (SELECT 1 FROM boundary_version v WHERE v.id = {row}.version_id AND v.state <> 'draft')"


def sqlite_statements() -> list[str]:
    """Give the statements for SQLite."""
    apart = _overlaps(_END["sqlite"])
    events = {
        "version_published_update": ("BEFORE UPDATE ON boundary_version", _changed("IS NOT"), _KEPT),
        "version_apart_insert": ("AFTER INSERT ON boundary_version", apart, _APART),
        "version_apart_update": ("AFTER UPDATE ON boundary_version", apart, _APART),
        "lineage_published_insert": ("BEFORE INSERT ON lineage", _not_draft("NEW"), _KEPT),
        "lineage_published_update": ("BEFORE UPDATE ON lineage", f"{_not_draft('OLD')} OR {_not_draft('NEW')}", _KEPT),
        "lineage_published_delete": ("BEFORE DELETE ON lineage", _not_draft("OLD"), _KEPT),
    }
    return ["DROP TRIGGER version_published_update"] + [
        f"CREATE TRIGGER {name} {on} WHEN {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        for name, (on, when, message) in events.items()
    ]


def postgresql_statements() -> list[str]:
    """Give the statements for PostgreSQL."""

    def refuse(message: str) -> str:
        return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';"

    return [
        f"""CREATE OR REPLACE FUNCTION gridmap_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP = 'DELETE' THEN IF OLD.state <> 'draft' THEN {refuse(_KEPT)} END IF; RETURN OLD; END IF;
              IF {_changed("IS DISTINCT FROM")} THEN {refuse(_KEPT)} END IF; RETURN NEW; END $$""",
        f"""CREATE FUNCTION gridmap_keep_apart() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF {_overlaps(_END["postgresql"])} THEN {refuse(_APART)} END IF; RETURN NEW; END $$""",
        "CREATE TRIGGER version_apart AFTER INSERT OR UPDATE ON boundary_version "
        "FOR EACH ROW EXECUTE FUNCTION gridmap_keep_apart()",
        # a range of one set: ranges have && without a further extension, whole numbers do not
        f"ALTER TABLE boundary_version ADD CONSTRAINT {APART} EXCLUDE USING gist "
        "(int8range(set_id, set_id, '[]') WITH &&, daterange(valid_from, valid_to) WITH &&) "
        "WHERE (state = 'published')",
        "CREATE TRIGGER lineage_published BEFORE INSERT OR UPDATE OR DELETE ON lineage "
        "FOR EACH ROW EXECUTE FUNCTION gridmap_keep_grid()",
        "CREATE TRIGGER lineage_truncate BEFORE TRUNCATE ON lineage EXECUTE FUNCTION gridmap_keep_all()",
    ]
