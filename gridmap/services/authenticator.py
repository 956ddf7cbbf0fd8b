"""A code of an authenticator beside the password, for whoever wants it."""

from dataclasses import replace

from gridmap.domain.access import Principal
from gridmap.errors import InvalidInput
from gridmap.services import secret_words
from gridmap.services.account_rules import act_of, person_of
from gridmap.services.ports import Account, Clock, Store
from gridmap.services.sealed import Sealer
from gridmap.services.waits import Waits, attempts_key

_ISSUER = "gridmap"


class Authenticator:
    """Turns the code on and off for oneself."""

    def __init__(self, store: Store, clock: Clock, waits: Waits, sealer: Sealer) -> None:
        self._store = store
        self._clock = clock
        self._waits = waits
        self._sealer = sealer

    def begin(self, by: Principal) -> tuple[str, str]:
        """Give a new secret, and its ``otpauth://`` address; nothing is asked for before ``confirm``."""
        secret = secret_words.new_totp_secret()
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            account = person_of(work, by.account_id or "")
            work.accounts.put_secret(_pending(account), self._sealer.seal(secret, account.account_id))
            work.commit()
        return secret, secret_words.totp_address(secret, by.name, _ISSUER)

    def confirm(self, by: Principal, code: str, *, request_id: str = "") -> None:
        """Ask for a code at every sign-in from now on.

        Raises
        ------
        InvalidInput
            ``totp_code_wrong``: not of the secret that ``begin`` gave.
        """
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            account = person_of(work, by.account_id or "")
            kept = work.accounts.get_secret(_pending(account))
            secret = None if kept is None else self._sealer.open(kept, account.account_id)
            step = None if secret is None else secret_words.totp_step(secret, code, now, after=0)
            if secret is None or step is None:
                raise InvalidInput("totp_code_wrong")
            work.accounts.put(
                replace(account, totp_secret=self._sealer.seal(secret, account.account_id), totp_step=step)
            )
            work.accounts.put_secret(_pending(account), None)
            work.trail.add([act_of(by, now, "account.totp_on", account.account_id, request_id)])
            work.commit()

    def drop(self, by: Principal, code: str, *, request_id: str = "") -> None:
        """Ask for no code any more; a present one shows that it is the person who wants that.

        Raises
        ------
        InvalidInput
            ``totp_code_wrong``; it counts as a failure to sign in.
        TooManyRequests
            ``sign_in_wait``.
        """
        key = attempts_key(by.name)
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._waits.require_none(work, key)
            account = person_of(work, by.account_id or "")
            if account.totp_secret is None:
                return
            secret = self._sealer.open(account.totp_secret, account.account_id)
            if secret_words.totp_step(secret, code, now, after=account.totp_step) is None:
                self._waits.failed(work, key, account, now, request_id)
                raise InvalidInput("totp_code_wrong")
            work.accounts.put(replace(account, totp_secret=None))
            work.trail.add([act_of(by, now, "account.totp_off", account.account_id, request_id)])
            work.commit()


def _pending(account: Account) -> str:
    return f"totp {account.account_id}"
