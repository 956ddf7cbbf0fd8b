"""All that has to do with who comes in, over one store."""

from dataclasses import dataclass

from gridmap.services.accounts import Accounts
from gridmap.services.authenticator import Authenticator
from gridmap.services.identities import Identities
from gridmap.services.passwords import Passwords
from gridmap.services.ports import Clock, Store
from gridmap.services.sealed import Sealer
from gridmap.services.sessions import Sessions
from gridmap.services.set_up import SetUp
from gridmap.services.trail import Notes
from gridmap.services.waits import Waits
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """One of each, sharing what bounds them."""

    set_up: SetUp
    accounts: Accounts
    sessions: Sessions
    authenticator: Authenticator
    identities: Identities
    notes: Notes

    @classmethod
    def over(cls, store: Store, clock: Clock, settings: Settings) -> "Access":
        """Put them together; nothing is read or written."""
        passwords = Passwords(settings)
        waits = Waits(clock, settings.sign_in_wait_s)
        sealer = Sealer(settings)
        accounts = Accounts(store, clock, settings, passwords)
        return cls(
            SetUp(store, clock, settings, passwords),
            accounts,
            Sessions(store, clock, settings, passwords, waits, sealer),
            Authenticator(store, clock, waits, sealer),
            Identities(store, clock, settings, accounts),
            Notes(store, clock),
        )
