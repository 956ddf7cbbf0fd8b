"""What the routes of sessions, accounts and the trail take."""

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from api.fields import Day, Name, QueryInteger, Short, clean_text
from api.requests import Strict
from gridmap.domain.access import Area, Grant, Role

#: Longer than any password; what comes beyond it is not even hashed.
MAX_SECRET = 1_000
#: Longer than any code or name that an identity service gives.
MAX_HANDED_BACK = 4_000


def _secret(value: object) -> str:
    text = clean_text(value, max_length=MAX_SECRET)
    if not text:
        raise PydanticCustomError("text_empty", "text")
    return text


#: A password, a code or another secret; no message shows it.
Secret = Annotated[str, BeforeValidator(_secret), Field(json_schema_extra={"format": "password"})]
AccountName = Annotated[Name, Field(description="what is typed to sign in, or what a key or a device is called")]


class SignInIn(Strict):
    """Who signs in."""

    name: Name
    password: Secret
    code: Secret | None = Field(None, description="the six digits of the authenticator, where the account has one")


class SetUpIn(Strict):
    """The first administrator."""

    code: Secret = Field(description="the set-up code that the service printed at its first start")
    name: AccountName
    title: Short = Field("", description="how the account is shown")
    password: Secret


class PasswordIn(Strict):
    """A new password of one's own."""

    current: Secret
    new: Secret
    code: Secret | None = Field(None, description="the six digits of the authenticator, where the account has one")


class CodeIn(Strict):
    """A code of one's authenticator: shown to switch it on, and to switch it off."""

    code: Secret = Field(description="six digits that the authenticator shows now")


def _handed_back(value: object) -> str:
    return clean_text(value, max_length=MAX_HANDED_BACK)


class ReturnIn(Strict):
    """What the identity service gave the browser for the way back."""

    code: Annotated[str, BeforeValidator(_handed_back), Field(min_length=1, description="the code of its answer")]
    state: Name = Field(description="as it came")
    iss: Annotated[str, BeforeValidator(_handed_back)] | None = Field(None, description="who it says it is")


class IdentityIn(Strict):
    """Who somebody is at the identity service."""

    subject: Annotated[str, BeforeValidator(_handed_back), Field(description="the `sub` there: an id for life")]


class GrantIn(Strict):
    """A role in an area: in everything, in a set, or in an area of a set with all below it."""

    role: Role
    set: Name | None = Field(None, description="boundary set; everything if left out")
    code: Name | None = Field(None, description="code of an area of the set; the whole set if left out")
    valid_from: Day | None = Field(None, description="first day; always so if left out")
    valid_to: Day | None = Field(None, description="first day after; no end if left out")

    @model_validator(mode="after")
    def _sensible(self) -> "GrantIn":
        if self.code is not None and self.set is None:
            raise PydanticCustomError("code_needs_set", "code")
        if self.valid_from is not None and self.valid_to is not None and self.valid_from >= self.valid_to:
            raise PydanticCustomError("window_reversed", "days")
        return self

    def grant(self) -> Grant:
        """Give the grant of the domain."""
        return Grant(self.role, Area(self.set, self.code), self.valid_from, self.valid_to)


Grants = Annotated[list[GrantIn], Len(0, 50)]


class AccountIn(Strict):
    """A new account."""

    kind: Literal["person", "key", "device"]
    name: AccountName
    title: Short = Field("", description="how the account is shown")
    grants: Grants = Field(default_factory=list)


class AccountChangeIn(Strict):
    """What of an account becomes another; what is left out stays."""

    title: Short | None = None
    grants: Grants | None = None
    disabled: Annotated[bool, Field(strict=True)] | None = Field(None, description="true: nobody comes in with it")


class TrailQuery(Strict):
    """Which entries of the trail."""

    before: Annotated[QueryInteger, Field(ge=1)] | None = Field(None, description="number of the entry to go on from")
    limit: Annotated[QueryInteger, Field(ge=1)] | None = Field(None, description="entries in a page; 100 if left out")
    actor: Name | None = Field(None, description="id of the account that did it")
    action: Name | None = Field(None, description="what was done")
