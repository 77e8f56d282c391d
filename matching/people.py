"""Mentees and mentors as the matcher sees them: frozen records, checked when made.

A record with missing facts is welcome; one that contradicts itself is refused
with the field's name. Nothing here knows a database row.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol, TypeVar

CRITERIA: Final = (
    "function",
    "mission_context",
    "mandate_tasks",
    "seniority",
    "languages",
    "time_zone",
    "goals",
    "mentor_gender",
)
"""The score features a mentee may name as the one that matters most."""


class InvalidPeople(ValueError):  # noqa: N818 - it says what was given, not what broke
    """A record contradicts itself or another one; the message names the id and the field."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A period in a mission, both days included; without an `end` it still runs."""

    mission_id: str
    start: date
    end: date | None = None
    function: str | None = None
    supervisor_person_id: str | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            message = f"service in {self.mission_id}: end {self.end} precedes start {self.start}"
            raise InvalidPeople(message)

    def overlaps(self, other: "Service") -> bool:
        """Whether both periods share a mission and at least one day."""
        return (
            self.mission_id == other.mission_id
            and (self.end is None or other.start <= self.end)
            and (other.end is None or self.start <= other.end)
        )


@dataclass(frozen=True, kw_only=True)
class Mentee:
    """Somebody who waits for a mentor.

    Parameters
    ----------
    id, person_id : str
        The mentee record and the person behind it.
    languages : mapping of ISO code to level
        1 to 6, which are A1 to C2 of the CEFR.
    preferred_mentors : tuple of mentor ids
        Dearest first.
    top_criterion : str or None
        One of `CRITERIA`.
    conflicts : frozenset of person ids, or None
        None means not declared, and then nobody is eligible.

    Raises
    ------
    InvalidPeople
        If a level, an offset, the criterion or the waiting time is impossible.
    """

    id: str
    person_id: str
    stream: str = ""
    function: str | None = None
    level: str | None = None
    mission_id: str | None = None
    mission_region: str | None = None
    mission_type: str | None = None
    mandate_tasks: frozenset[str] = frozenset()
    languages: Mapping[str, int] = field(default_factory=dict)
    nationalities: frozenset[str] = frozenset()
    utc_offset_hours: float | None = None
    goals: str = ""
    gender: str | None = None
    preferred_mentors: tuple[str, ...] = ()
    mentor_gender_preference: str | None = None
    top_criterion: str | None = None
    refused_nationalities: frozenset[str] = frozenset()
    vetoed_mentors: frozenset[str] = frozenset()
    conflicts: frozenset[str] | None = None
    service: tuple[Service, ...] = ()
    waiting_days: int = 0

    def __post_init__(self) -> None:
        _check_circumstances(self)
        _require(self.waiting_days >= 0, self.id, "waiting_days", self.waiting_days)
        known = self.top_criterion is None or self.top_criterion in CRITERIA
        _require(known, self.id, "top_criterion", self.top_criterion)


@dataclass(frozen=True, kw_only=True)
class Mentor:
    """Somebody who offers places to mentees.

    Parameters
    ----------
    level : str or None
        The highest level reached.
    capacity, active : int
        All places, and those that active mentorships take already.
    conflicts : frozenset of person ids, or None
        None means not declared, and then the mentor is eligible for nobody.

    Raises
    ------
    InvalidPeople
        If a level, an offset or a count is impossible.
    """

    id: str
    person_id: str
    capacity: int
    available: bool
    active: int = 0
    functions: frozenset[str] = frozenset()
    level: str | None = None
    mission_ids: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    mission_types: frozenset[str] = frozenset()
    mandate_tasks: frozenset[str] = frozenset()
    languages: Mapping[str, int] = field(default_factory=dict)
    nationalities: frozenset[str] = frozenset()
    utc_offset_hours: float | None = None
    expertise: str = ""
    gender: str | None = None
    refused_nationalities: frozenset[str] = frozenset()
    vetoed_mentees: frozenset[str] = frozenset()
    conflicts: frozenset[str] | None = None
    service: tuple[Service, ...] = ()

    def __post_init__(self) -> None:
        _check_circumstances(self)
        _require(self.capacity >= 0, self.id, "capacity", self.capacity)
        _require(self.active >= 0, self.id, "active", self.active)


@dataclass(frozen=True, order=True)
class Fixed:
    """An active mentorship: it keeps its mentor, and its mentee is not matched again."""

    mentee_id: str
    mentor_id: str


Person = TypeVar("Person", Mentee, Mentor)


def ordered(people: Iterable[Person]) -> tuple[Person, ...]:
    """The same people by id, so that the order of arrival can never matter.

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice: one person is one mentee, and one
        person's places are counted once.
    """
    by_id = tuple(sorted(people, key=lambda person: person.id))
    _refuse_twins("id", [person.id for person in by_id])
    _refuse_twins("person_id", [person.person_id for person in by_id])
    return by_id


def free_places(mentors: Sequence[Mentor], fixed: Iterable[Fixed]) -> list[int]:
    """Places still open at each mentor.

    `active` normally counts the fixed pairs too; where the two disagree the
    larger is believed, so that nobody is ever given more than the capacity.
    """
    held = Counter(pair.mentor_id for pair in set(fixed))
    return [max(0, mentor.capacity - max(mentor.active, held[mentor.id])) for mentor in mentors]


class _Circumstances(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def languages(self) -> Mapping[str, int]: ...
    @property
    def utc_offset_hours(self) -> float | None: ...


def _check_circumstances(person: _Circumstances) -> None:
    for code, level in person.languages.items():
        _require(1 <= level <= 6, person.id, f"languages[{code}]", level)
    offset = person.utc_offset_hours
    possible = offset is None or (math.isfinite(offset) and -12 <= offset <= 14)
    _require(possible, person.id, "utc_offset_hours", offset)


def _require(condition: bool, owner: str, name: str, value: object) -> None:  # noqa: FBT001
    if not condition:
        raise InvalidPeople(f"{owner}: {name} cannot be {value!r}")


def _refuse_twins(name: str, values: Sequence[str]) -> None:
    twins = sorted(value for value, count in Counter(values).items() if count > 1)
    if twins:
        raise InvalidPeople(f"{name} occurs twice: {', '.join(twins[:5])}")
