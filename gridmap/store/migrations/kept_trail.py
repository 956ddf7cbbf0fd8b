"""Triggers of revision 0006: the trail grows by the next number and never changes, whoever writes."""

_MESSAGE = "the trail never changes"
_REFUSE = f"RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';"
_NOT_NEXT = "NEW.id <> 1 + (SELECT coalesce(max(t.id), 0) FROM trail t)"


def sqlite_statements() -> list[str]:
    """Give the triggers for SQLite."""
    events = {
        # also against INSERT OR REPLACE, which takes the former row away without its trigger
        "trail_insert": ("INSERT", f"WHEN {_NOT_NEXT} "),
        "trail_update": ("UPDATE", ""),
        "trail_delete": ("DELETE", ""),
    }
    return [
        f"CREATE TRIGGER {name} BEFORE {on} ON trail {when}BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        for name, (on, when) in events.items()
    ]


def postgresql_statements() -> list[str]:
    """Give the function and the triggers for PostgreSQL."""
    return [
        f"""CREATE FUNCTION gridmap_keep_trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP <> 'INSERT' THEN {_REFUSE} END IF;
              IF {_NOT_NEXT} THEN {_REFUSE} END IF; RETURN NEW; END $$""",
        "CREATE TRIGGER trail_kept BEFORE INSERT OR UPDATE OR DELETE ON trail "
        "FOR EACH ROW EXECUTE FUNCTION gridmap_keep_trail()",
        "CREATE TRIGGER trail_truncate BEFORE TRUNCATE ON trail EXECUTE FUNCTION gridmap_keep_trail()",
    ]
