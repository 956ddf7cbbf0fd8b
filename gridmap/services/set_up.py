"""The first administrator, made with a code that is printed where the service runs."""

from gridmap.domain.access import Grant, Kind, Role
from gridmap.errors import Conflict, NotAllowed
from gridmap.services import secret_words
from gridmap.services.account_rules import new_account, normal_name
from gridmap.services.passwords import Passwords, require_good
from gridmap.services.ports import Account, Act, Clock, Outcome, Store
from gridmap.settings import Settings

#: Name of what is kept of the code: its hash.
_SET_UP = "set_up_code"


class SetUp:
    """Makes the code and takes it. While there is no administrator, nobody else can make one."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._passwords = passwords

    def new_code(self) -> str | None:
        """Make the code with which the first administrator is made, and end the former one; None where there is one."""
        code = secret_words.new_set_up_code()
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            if work.accounts.any_administrator(now):
                return None
            work.accounts.put_secret(_SET_UP, secret_words.hash_of(code))
            work.trail.add([Act(now, "setup.code", actor="operator")])
            work.commit()
        return code

    def is_needed(self) -> bool:
        """Tell whether there is no administrator yet."""
        with self._store.unit_of_work() as work:
            return not work.accounts.any_administrator(self._clock.now())

    def use(self, code: str, name: str, password: str, *, title: str = "", request_id: str = "") -> Account:
        """Make the first administrator with the code that was printed; it works once.

        Raises
        ------
        Conflict
            ``set_up_over``: there is an administrator. ``account_name_taken``.
        NotAllowed
            ``set_up_code_wrong``.
        InvalidInput, TextError
            As ``Accounts.add_person``.
        """
        known = normal_name(name)
        kept = self._passwords.hash(require_good(password, known))
        shown = secret_words.hash_of(secret_words.plain_set_up_code(code))
        with self._store.unit_of_work() as work:
            work.accounts.begin_change()
            now = self._clock.now()
            if work.accounts.any_administrator(now):
                raise Conflict("set_up_over")
            wanted = work.accounts.get_secret(_SET_UP)
            if wanted is None or not secret_words.same(wanted, shown):
                work.trail.add([Act(now, "setup.use", Outcome.DENIED, request_id=request_id)])
                work.commit()
                raise NotAllowed("set_up_code_wrong")
            grants = [Grant(Role.ADMINISTRATOR)]
            longest = self._settings.max_text
            account = new_account(Kind.PERSON, known, title, grants, now, longest=longest, password=kept)
            work.accounts.add(account)
            work.accounts.put_secret(_SET_UP, None)
            work.trail.add(
                [Act(now, "setup.use", actor_id=account.account_id, actor=known, subject=known, request_id=request_id)]
            )
            work.commit()
        return account
