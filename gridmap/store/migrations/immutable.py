"""Triggers that keep published versions as they are, whoever writes: grids for ever, of a version all but its end."""

#: Values of a version that stay once it is no draft; ``valid_to`` and ``state`` may still move on.
_FIXED = ("id", "set_id", "number", "valid_from", "content_hash")

_MESSAGE = "published versions never change"


_REFUSE = f"RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';"


def _not_draft(row: str) -> str:
    return f"EXISTS (SELECT 1 FROM boundary_version v WHERE v.id = {row}.version_id AND v.state <> 'draft')"


def _version_changed() -> str:
    moved = " OR ".join(f"NEW.{c} <> OLD.{c}" for c in _FIXED)
    return f"OLD.state <> 'draft' AND (NEW.state = 'draft' OR {moved})"


def sqlite_statements() -> list[str]:
    """Give the triggers for SQLite."""
    events = {
        "grid_published_insert": ("INSERT ON grid", _not_draft("NEW")),
        "grid_published_update": ("UPDATE ON grid", f"{_not_draft('OLD')} OR {_not_draft('NEW')}"),
        "grid_published_delete": ("DELETE ON grid", _not_draft("OLD")),
        "version_published_update": ("UPDATE ON boundary_version", _version_changed()),
        "version_published_delete": ("DELETE ON boundary_version", "OLD.state <> 'draft'"),
    }
    return [
        f"CREATE TRIGGER {name} BEFORE {on} WHEN {when} BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        for name, (on, when) in events.items()
    ]


def postgresql_keep_version() -> str:
    """Give the function that keeps versions, for PostgreSQL."""
    return f"""CREATE OR REPLACE FUNCTION gridmap_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP = 'DELETE' THEN IF OLD.state <> 'draft' THEN {_REFUSE} END IF; RETURN OLD; END IF;
              IF {_version_changed()} THEN {_REFUSE} END IF; RETURN NEW; END $$"""


def postgresql_statements() -> list[str]:
    """Give the functions and triggers for PostgreSQL."""
    refuse = _REFUSE
    return [
        f"""CREATE FUNCTION gridmap_keep_grid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP <> 'INSERT' THEN IF {_not_draft("OLD")} THEN {refuse} END IF; END IF;
              IF TG_OP <> 'DELETE' THEN IF {_not_draft("NEW")} THEN {refuse} END IF; RETURN NEW; END IF;
              RETURN OLD; END $$""",
        postgresql_keep_version(),
        f"CREATE FUNCTION gridmap_keep_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$",
        "CREATE TRIGGER grid_published BEFORE INSERT OR UPDATE OR DELETE ON grid "
        "FOR EACH ROW EXECUTE FUNCTION gridmap_keep_grid()",
        "CREATE TRIGGER version_published BEFORE UPDATE OR DELETE ON boundary_version "
        "FOR EACH ROW EXECUTE FUNCTION gridmap_keep_version()",
        "CREATE TRIGGER grid_truncate BEFORE TRUNCATE ON grid EXECUTE FUNCTION gridmap_keep_all()",
        "CREATE TRIGGER version_truncate BEFORE TRUNCATE ON boundary_version EXECUTE FUNCTION gridmap_keep_all()",
    ]


POSTGRESQL_FUNCTIONS = ("gridmap_keep_grid", "gridmap_keep_version", "gridmap_keep_all")
