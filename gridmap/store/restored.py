"""What is done to a store right after it was restored, copied or upgraded: it stands in its trail, and nobody is in."""

from datetime import datetime

import sqlalchemy as sa

from gridmap.domain.access import OPERATOR
from gridmap.domain.trail import Act
from gridmap.store.access_tables import AccountRow, EventMarkRow, EventRow, TokenRow, TrailRow
from gridmap.store.backends import backend_of
from gridmap.store.opening import engine_at
from gridmap.store.trail import Trail
from gridmap.store.unit_of_work import Work


def note(url: str, action: str, now: datetime, *, anew: bool = False, **detail: object) -> int:
    """Put an act of the operator into the trail of a store of any revision that has one.

    Parameters
    ----------
    anew : bool
        The past came back: sessions that were ended since would be good again, so all end; and no place among events
        is good any more.

    Returns
    -------
    int
        Keys and devices that are in force.
    """
    with engine_at(url) as engine:
        there = set(sa.inspect(engine).get_table_names())
        if TrailRow.__tablename__ not in there:
            return 0
        work = Work(engine, backend_of(engine.url))
        try:
            work.begin_writing()
            good = (TokenRow.revoked_at.is_(None), sa.or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now))
            persons = sa.select(AccountRow.id).where(AccountRow.kind == "person")
            if anew:
                ended = sa.update(TokenRow).where(TokenRow.revoked_at.is_(None), TokenRow.owner_id.in_(persons))
                detail["sessions"] = int(work.write(ended.values(revoked_at=now)).rowcount)
                if EventRow.__tablename__ in there:
                    work.write(sa.delete(EventRow))
                    work.write(sa.delete(EventMarkRow))
            count = sa.select(sa.func.count()).select_from(TokenRow).where(*good, TokenRow.owner_id.not_in(persons))
            tokens = int(work.rows(count)[0][0])
            Trail(work).add([Act(now, action, actor=OPERATOR.name, detail=detail)])
            work.commit()
        finally:
            work.close()
    return tokens
