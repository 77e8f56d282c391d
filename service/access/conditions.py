"""Conditions over rows, as plain data: the one language of row scopes, filters and pages.

They name model fields and relations, never SQL; only `service.reading` compiles them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class Blank(Enum):
    """A value that is known only once the caller is."""

    ME = "the caller's person"
    MY_ACCOUNT = "the caller's account"
    MY_MISSIONS = "the missions of the caller's grant"
    TODAY = "the database's date"


@dataclass(frozen=True)
class Always:
    """True of every row."""


@dataclass(frozen=True)
class Never:
    """True of no row."""


@dataclass(frozen=True)
class Compare:
    """`field op value`; op is one of = != < <= > >= in null overlaps contains."""

    field: str
    op: str
    value: Any


@dataclass(frozen=True)
class Matches:
    """Full-text match of every word, each as a prefix, accents and case aside."""

    field: str
    text: Any


@dataclass(frozen=True)
class Some:
    """At least one row at the other end of `relation` satisfies `condition`."""

    relation: str
    condition: "Condition"


@dataclass(frozen=True)
class AllOf:
    """Every part holds; no parts: always."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds; no parts: never."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = Always | Never | Compare | Matches | Some | AllOf | AnyOf | Not

ALWAYS = Always()
NEVER = Never()


def all_of(parts: Iterable[Condition]) -> Condition:
    """The conjunction, with what is trivially true left out."""
    kept = tuple(part for part in parts if not isinstance(part, Always))
    if any(isinstance(part, Never) for part in kept):
        return NEVER
    if not kept:
        return ALWAYS
    return kept[0] if len(kept) == 1 else AllOf(kept)


def joined(parts: Iterable[Condition]) -> Condition:
    """The conjunction, with what follows from another part left out too.

    For rules, which are few and short: it compares each with each.
    """
    kept: list[Condition] = []
    for part in parts:
        if not any(follows(part, other) for other in kept):
            kept = [*(other for other in kept if not follows(other, part)), part]
    return all_of(kept)


def follows(part: Condition, given: Condition) -> bool:
    """Whether a part surely holds where another does; False says that it is not plain to see."""
    match part, given:
        case (AllOf(parts), _):
            found = all(follows(each, given) for each in parts)
        case (_, AllOf(parts)):
            found = any(follows(part, each) for each in parts)
        case (_, AnyOf(parts)):
            found = all(follows(part, each) for each in parts)
        case (AnyOf(parts), _):
            found = any(follows(each, given) for each in parts)
        case (Some(name, inner), Some(other, known)):
            found = name == other and follows(inner, known)
        case _:
            found = part in (ALWAYS, given)
    return found


def any_of(parts: Iterable[Condition]) -> Condition:
    """The disjunction, with what is trivially false left out."""
    kept = tuple(part for part in _alternatives(parts) if not isinstance(part, Never))
    if any(isinstance(part, Always) for part in kept):
        return ALWAYS
    if not kept:
        return NEVER
    return kept[0] if len(kept) == 1 else AnyOf(kept)


def _alternatives(parts: Iterable[Condition]) -> Iterable[Condition]:
    """The parts, with those of an alternative among them in its place."""
    for part in parts:
        yield from part.parts if isinstance(part, AnyOf) else (part,)


def fill(condition: Condition, values: dict[Blank, Any]) -> Condition:
    """The condition with its blanks filled; a comparison with an absent value never holds.

    TODAY stays: only the database knows its date.
    """
    match condition:
        case Compare(value=Blank() as blank) if blank is not Blank.TODAY:
            value = values.get(blank)
            return NEVER if value is None else replace(condition, value=value)
        case Some(condition=inner):
            filled = fill(inner, values)
            return NEVER if filled == NEVER else replace(condition, condition=filled)
        case AllOf(parts):
            return all_of(fill(part, values) for part in parts)
        case AnyOf(parts):
            return any_of(fill(part, values) for part in parts)
        case Not(part):
            return Not(fill(part, values))
        case _:
            return condition
