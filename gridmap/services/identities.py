"""Who an account is at the identity service of the city: linked by an administrator, or made when somebody comes."""

from dataclasses import replace

from gridmap.domain.access import NOBODY, Kind, Principal
from gridmap.errors import Conflict, InvalidInput
from gridmap.services.account_rules import MAX_NAME, act_of, new_account, normal_name, person_of
from gridmap.services.accounts import Accounts
from gridmap.services.ports import Account, Act, Clock, Outcome, Store
from gridmap.services.trail import Bound
from gridmap.settings import Settings

#: Characters that the number of somebody at an identity service may have.
MAX_SUBJECT = 255


class Identities:
    """Links accounts with the persons of one identity service. What they may do is never taken from there."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, accounts: Accounts) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._accounts = accounts
        self._bound = Bound()

    def link(self, by: Principal, account_id: str, subject: str, *, request_id: str = "") -> Account:
        """Let a person come in by the identity service; whoever the account was there before no longer does.

        Raises
        ------
        NotAllowed
            ``not_allowed``.
        NotFound
            ``account_unknown``.
        InvalidInput
            ``account_not_person``, ``identity_bad``.
        Conflict
            ``oidc_not_configured``, ``identity_taken``.
        """
        issuer = self._settings.oidc_issuer
        if not issuer:
            raise Conflict("oidc_not_configured")
        if not 1 <= len(subject) <= MAX_SUBJECT or not subject.isprintable():
            raise InvalidInput("identity_bad", most=MAX_SUBJECT)
        return self._put(by, account_id, "account.link", (issuer, subject), request_id)

    def unlink(self, by: Principal, account_id: str, *, request_id: str = "") -> Account:
        """Let a person no longer come in by an identity service; all sessions of the account end.

        Raises
        ------
        NotAllowed, NotFound, InvalidInput
            As ``link``.
        """
        return self._put(by, account_id, "account.unlink", (None, None), request_id)

    def _put(
        self, by: Principal, account_id: str, action: str, identity: tuple[str | None, str | None], request_id: str
    ) -> Account:
        self._accounts.require_keeper(by)
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            account = person_of(work, account_id)
            if (account.issuer, account.subject) == identity:
                return account
            linked = account.issuer is not None
            account = replace(account, issuer=identity[0], subject=identity[1])
            work.accounts.put(account)
            ended = work.accounts.revoke_tokens(account_id, at=now) if linked else 0
            work.trail.add([act_of(by, now, action, account_id, request_id, ended=ended)])
            work.commit()
        return account

    def welcome(self, issuer: str, subject: str, name: str, title: str, *, request_id: str = "") -> None:
        """Make an account without any right for somebody who has none yet, where the settings want that.

        Parameters
        ----------
        name, title : str
            What the identity service calls them. Neither opens anything: an account of that name that is there
            already stays what it is, and the new one gets another name.
        """
        if self._settings.oidc_new_accounts != "create":
            return
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            if work.accounts.find_identity(issuer, subject) is not None:
                return
            now = self._clock.now()
            longest = self._settings.max_text
            account = new_account(Kind.PERSON, "", title[:longest], (), now, longest=longest)
            known = _free_of_marks(name) or account.account_id
            if work.accounts.find_named(known) is not None:
                known = f"{known[: MAX_NAME - len(account.account_id) - 1]}.{account.account_id}"
            account = replace(account, name=known, issuer=issuer, subject=subject)
            work.accounts.add(account)
            work.trail.add(
                [
                    act_of(
                        NOBODY, now, "account.add", account.account_id, request_id, kind="person", way="oidc", grants=[]
                    )
                ]
            )
            work.commit()

    def refused(self, reason: str, *, request_id: str = "") -> None:
        """Keep in the trail that somebody was not let in who came from the identity service, and by which rule."""
        act = Act(self._clock.now(), "session.begin", Outcome.FAILED, request_id=request_id,
                  detail={"way": "oidc", "reason": reason})  # fmt: skip
        kept = self._bound.take(act)
        if kept is None:
            return
        with self._store.unit_of_work() as work:
            work.trail.add([kept])
            work.commit()


def _free_of_marks(name: str) -> str:
    try:
        return normal_name(name)
    except InvalidInput:
        return ""
