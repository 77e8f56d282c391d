"""The refusals Cadre can answer with; their messages are safe to show by construction.

Nothing here speaks HTTP or GraphQL: the edge maps `code` to its own words.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self


class RefusalCode(StrEnum):
    """Why something was refused, as one stable word."""

    label: str
    meaning: str

    # Type checkers read `RefusalCode("INVALID")` as a call of this too, hence the default.
    def __new__(cls, value: str, meaning: str = "") -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.label = value.replace("_", " ").capitalize()
        code.meaning = meaning
        return code

    NOT_SIGNED_IN = "NOT_SIGNED_IN", "Nobody is signed in; send a token that is good."
    NOT_ALLOWED = "NOT_ALLOWED", "The caller is known and may not do this; the message says why."
    NOT_FOUND = "NOT_FOUND", "There is no such thing, or the caller may not see it."
    INVALID = "INVALID", "The input breaks a rule; mend the field that the path names."
    CONFLICT = "CONFLICT", "The input is sound, but the state of the world forbids it now."
    VERSION_CONFLICT = (
        "VERSION_CONFLICT",
        "The row changed since it was read; read it again and repeat the change.",
    )
    UNAVAILABLE = "UNAVAILABLE", "A part of Cadre does not answer; try again in a moment."


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Something a caller asked for and may not or cannot have.

    `path` names the input field at fault, outermost first, in this room's own
    names; `details` holds machine-readable facts such as the current version.
    """

    code: str = "REFUSED"

    def __init__(
        self, message: str, *, path: tuple[str, ...] = (), details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.details = dict(details or {})


class NotSignedIn(Refusal):
    """No token, or one that is unknown, expired or revoked."""

    code = RefusalCode.NOT_SIGNED_IN


class NotAllowed(Refusal):
    """The caller is known and lacks the permission the operation names."""

    code = RefusalCode.NOT_ALLOWED


class NotFound(Refusal):
    """There is no such thing, or not for this caller: both answer alike."""

    code = RefusalCode.NOT_FOUND


class Invalid(Refusal):
    """An input breaks a rule that the caller can mend; `path` names the field."""

    code = RefusalCode.INVALID


class Conflict(Refusal):
    """The input is sound, but the state of the world forbids it now."""

    code = RefusalCode.CONFLICT


class VersionConflict(Conflict):
    """The row changed since the caller read it; `details` holds the current version."""

    code = RefusalCode.VERSION_CONFLICT


class Unavailable(Refusal):
    """A part that Cadre depends on does not answer; trying again later is right."""

    code = RefusalCode.UNAVAILABLE


def gist(error: BaseException) -> str:
    """The first line of what somebody else's error says, or its kind where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
