"""Values that a compiled statement leaves open, so that one statement serves many requests.

What decides the form of the SQL is never open: it refuses to be looked at while compiling.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.access.actors import Actor
from service.access.rules import Mine


class Filling(NamedTuple):
    """What one request puts into the open places: its own values, its caller, its token."""

    actor: Actor
    given: Sequence[Any] = ()
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The value at this place of those that the request carries.

    `parse` raises ValueError for a value that the column cannot hold. `has_words` tells of a
    text whether a search for it looks for anything.
    """

    place: int
    parse: Callable[[Any], Any] | None = None
    has_words: bool = True

    def of(self, filling: Filling) -> Any:
        """Its value in this request."""
        value = filling.given[self.place]
        return self.parse(value) if self.parse else value


@dataclass(frozen=True, slots=True)
class GivenCursor:
    """A cursor that the request carries: the order it belongs to, and its values, null or open."""

    signature: str
    parts: tuple[Given | None, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Something of the caller's own that a row scope compares with."""

    mine: Mine

    def of(self, filling: Filling) -> Any:
        """Its value for this caller."""
        return self.mine.of(filling.actor)


@dataclass(frozen=True, slots=True)
class Several:
    """A list of which some entries are open."""

    entries: tuple[Any, ...]

    def of(self, filling: Filling) -> list[Any]:
        """The list in this request."""
        return [entry.of(filling) if is_open(entry) else entry for entry in self.entries]


@dataclass(frozen=True, slots=True)
class Token:
    """The digest of the token that the request was signed in with."""

    def of(self, filling: Filling) -> str | None:
        """The digest."""
        return filling.digest


Open = Given | Caller | Several | Token


def is_open(value: Any) -> bool:
    """Whether a value is known only once a request is there."""
    return isinstance(value, Open)


def opened(value: Any) -> Any:
    """The value as a statement keeps it: what the caller has of their own becomes open."""
    if isinstance(value, Mine):
        return Caller(value)
    if isinstance(value, list) and any(is_open(entry) for entry in value):
        return Several(tuple(value))
    return value


def listed(value: Any) -> Any:
    """A list of its own, or the open value that will be one."""
    return value if isinstance(value, Given | Mine) else list(value)
