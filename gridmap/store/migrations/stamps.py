"""Triggers of revision 0007: a stamp for each subject that is asked all the time, new with each change, whoever writes.

Incidents and fixes come by the second and change none of them, so what is kept of the subjects lasts. A stamp is
random: a restored database cannot come back to one that was seen before with other data.
"""

#: Each subject with the tables that it is about and, for those that may change without a meaning, the columns.
SUBJECTS: dict[str, dict[str, str]] = {
    "answers": {"boundary_set": "", "level": "", "boundary_version": "", "staff": "", "grid_profile": ""},
    # that a token was seen does not change whose it is, or whether it is good
    "access": {"account": "", "account_grant": "", "account_token": "OF revoked_at "},
}
EVENTS = ("insert", "update", "delete")


def seeds() -> list[str]:
    """Give the statements that make the rows."""
    return [f"INSERT INTO revision_stamp (id, subject, stamp) VALUES ({n}, '{s}', '-')" for n, s in enumerate(SUBJECTS)]


def sqlite_statements() -> list[str]:
    """Give the triggers for SQLite."""
    return [
        f"CREATE TRIGGER stamp_{table}_{event} AFTER {event.upper()} {columns if event == 'update' else ''}ON {table} "
        f"BEGIN UPDATE revision_stamp SET stamp = hex(randomblob(16)) WHERE subject = '{subject}'; END"
        for subject, tables in SUBJECTS.items()
        for table, columns in tables.items()
        for event in EVENTS
    ]


def postgresql_statements() -> list[str]:
    """Give the function and the triggers for PostgreSQL."""
    return [
        """CREATE FUNCTION gridmap_keep_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              UPDATE revision_stamp SET stamp = gen_random_uuid()::text WHERE subject = TG_ARGV[0];
              RETURN NULL; END $$""",
        *(
            f"CREATE TRIGGER stamp_{table} AFTER INSERT OR UPDATE {columns}OR DELETE OR TRUNCATE ON {table} "
            f"EXECUTE FUNCTION gridmap_keep_stamp('{subject}')"
            for subject, tables in SUBJECTS.items()
            for table, columns in tables.items()
        ),
    ]
