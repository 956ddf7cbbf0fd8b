"""Growing waits after failed attempts to sign in.

After ``FREE`` failures in a row a name must wait, each time twice as long, whoever asks and whether there is such an
account or not. The failures are kept in the store: they hold for all workers, and a restart does not forget them.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil

from gridmap.errors import InvalidInput, NotSignedIn, TooManyRequests
from gridmap.services import secret_words
from gridmap.services.account_rules import MAX_NAME, normal_name
from gridmap.services.ports import Account, Act, Attempts, Clock, Outcome, UnitOfWork
from gridmap.services.trail import Bound

#: Failures in a row that cost no wait.
FREE = 3
#: Names under which failures are remembered; of more, the oldest are forgotten.
MAX_NAMES = 10_000
#: Failures are forgotten when nothing came for so long.
_FORGOTTEN_AFTER = timedelta(days=1)


def attempts_key(name: str) -> str:
    """Give the key under which failures with a name are kept; any text is a name here."""
    with suppress(InvalidInput):
        name = normal_name(name)
    return secret_words.hash_of(f"sign-in {name[: MAX_NAME * 4]}")


def wait_of(attempts: Attempts | None, now: datetime, longest_s: float) -> float:
    """Give the seconds for which a name must wait: 1 after ``FREE`` failures, then twice as long after each."""
    if attempts is None or attempts.failures < FREE or now - attempts.last_at > _FORGOTTEN_AFTER:
        return 0.0
    whole = min(longest_s, 2.0 ** min(attempts.failures - FREE, 30))
    # a clock that was set back must not lengthen it
    return max(0.0, min(whole, whole - (now - attempts.last_at).total_seconds()))


class Waits:
    """Keeps failures in the unit of work of an attempt, and puts them into the trail, so many a minute and no more."""

    def __init__(self, clock: Clock, longest_s: float) -> None:
        self._clock = clock
        self._longest_s = longest_s
        self._bound = Bound()

    def require_none(self, work: UnitOfWork, key: str) -> datetime:
        """Give the present, at which a name need not wait.

        Raises
        ------
        TooManyRequests
            ``sign_in_wait``.
        """
        now = self._clock.now()
        wait = wait_of(work.accounts.find_attempts(key), now, self._longest_s)
        if wait > 0:
            raise TooManyRequests("sign_in_wait", retry_after_s=ceil(wait))
        return now

    def failed(
        self, work: UnitOfWork, key: str, account: Account | None, now: datetime, request_id: str
    ) -> NotSignedIn:
        """Keep a failure for good; give what to raise.

        The trail says under which account it was, never under which name: people type passwords there.
        """
        former = work.accounts.find_attempts(key)
        failures = 1 if former is None or now - former.last_at > _FORGOTTEN_AFTER else former.failures + 1
        work.accounts.put_attempts(key, Attempts(failures, now), keep=MAX_NAMES)
        subject = "" if account is None else account.account_id
        act = self._bound.take(Act(now, "session.begin", Outcome.FAILED, subject=subject, request_id=request_id))
        if act is not None:
            work.trail.add([act])
        work.commit()
        return NotSignedIn("sign_in_failed")

    def forget(self, work: UnitOfWork, key: str) -> None:
        """Forget the failures of a name that was let in."""
        if work.accounts.find_attempts(key) is not None:
            work.accounts.put_attempts(key, None, keep=MAX_NAMES)
