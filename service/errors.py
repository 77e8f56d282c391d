"""The refusals Cadre can answer with; their messages are safe to show by construction.

Nothing here speaks HTTP or GraphQL: the edge maps `code` to its own words.
"""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Something a caller asked for and may not or cannot have.

    `path` names the input field at fault, outermost first, in this room's own
    names; `details` holds
    machine-readable facts such as the current version.
    """

    code = "REFUSED"

    def __init__(
        self, message: str, *, path: tuple[str, ...] = (), details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.details = dict(details or {})


class NotSignedIn(Refusal):
    """No token, or one that is unknown, expired or revoked."""

    code = "NOT_SIGNED_IN"


class NotAllowed(Refusal):
    """The caller is known and lacks the permission the operation names."""

    code = "NOT_ALLOWED"


class NotFound(Refusal):
    """There is no such thing, or not for this caller: both answer alike."""

    code = "NOT_FOUND"


class Invalid(Refusal):
    """An input breaks a rule that the caller can mend; `path` names the field."""

    code = "INVALID"


class Conflict(Refusal):
    """The input is sound, but the state of the world forbids it now."""

    code = "CONFLICT"


class VersionConflict(Conflict):
    """The row changed since the caller read it; `details` holds the current version."""

    code = "VERSION_CONFLICT"


class Unavailable(Refusal):
    """A part that Cadre depends on does not answer; trying again later is right."""

    code = "UNAVAILABLE"
