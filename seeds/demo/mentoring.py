"""The mentoring programme of the demonstration world: mentors, mentees and their pairs.

Mentors are former heads and deputies; mentees hold such posts now. No pair here breaks
a rule that the matcher keeps.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import islice
from typing import Any, Final, TypeAlias

import numpy as np
from asyncpg.pgproto import pgproto

from seeds.demo.appointments import overlap
from seeds.demo.days import date_of
from seeds.demo.places import PLACES
from seeds.demo.profiles import Profiles
from seeds.demo.tenures import Tenure
from seeds.demo.texts import TOPICS, goals, statement
from seeds.identities import Sequence as Keys
from service.models.vocabulary import (
    ClosingReason,
    Gender,
    MentorshipState,
    PreferenceKind,
    RequestState,
    TopCriterion,
)

MENTOR: Final = (
    "id",
    "person_id",
    "capacity",
    "available_from",
    "available_until",
    "themes",
    "statement",
    "time_zone",
    "refused_nationalities",
    "conflicts_declared_at",
    "consented_at",
    "version",
)
REQUEST: Final = (
    "id",
    "person_id",
    "appointment_id",
    "state",
    "goals",
    "top_criterion",
    "preferred_gender",
    "refused_nationalities",
    "time_zone",
    "conflicts_declared_at",
    "requested_at",
    "version",
)
MENTORSHIP: Final = (
    "id",
    "mentor_id",
    "request_id",
    "state",
    "started_on",
    "closed_on",
    "closing_reason",
    "version",
)
PREFERENCE: Final = ("id", "request_id", "mentor_id", "kind", "rank")
CONFLICT: Final = ("id", "declared_by_id", "other_id")

MENTORS: Final = 120
WAITING: Final = 60
ACTIVE: Final = 10
_CLOSED: Final = (
    ClosingReason.NOT_A_FIT,
    ClosingReason.COMPLETED,
    ClosingReason.MENTOR_UNAVAILABLE,
    ClosingReason.COMPLETED,
)
_FLUENT: Final = 5
MISSION_ZONES: Final = {
    "AFRICA": ("Africa/Kinshasa", "Africa/Juba", "Africa/Dakar", "Africa/Mogadishu"),
    "AMERICAS": ("America/Port-au-Prince", "America/Bogota"),
    "ASIA_PACIFIC": ("Asia/Kabul", "Asia/Karachi", "Asia/Ashgabat"),
    "EUROPE": ("Asia/Nicosia", "Europe/Belgrade"),
    "MIDDLE_EAST": ("Asia/Jerusalem", "Asia/Beirut", "Asia/Aden"),
}


@dataclass(frozen=True)
class Mentor:
    """A mentor's facts that pairs depend on."""

    key: pgproto.UUID
    holder: int
    capacity: int
    is_open: bool
    refused: frozenset[str]


Couple: TypeAlias = tuple[Tenure, pgproto.UUID, Mentor]


@dataclass
class Programme:
    """All rows of the programme, and the mentors as pairs see them."""

    offers: list[Mentor] = field(default_factory=list)
    mentors: list[tuple[Any, ...]] = field(default_factory=list)
    requests: list[tuple[Any, ...]] = field(default_factory=list)
    mentorships: list[tuple[Any, ...]] = field(default_factory=list)
    preferences: list[tuple[Any, ...]] = field(default_factory=list)
    conflicts: list[tuple[Any, ...]] = field(default_factory=list)
    waiting: list[tuple[Tenure, pgproto.UUID]] = field(default_factory=list)


class Mentoring:
    """Builds the programme around the people who hold or held posts."""

    def __init__(
        self, rng: np.random.Generator, profiles: Profiles, keys: dict[str, Keys], today: int
    ) -> None:
        self._rng = rng
        self._profiles = profiles
        self._keys = keys
        self._today = today
        self._made = Programme()
        self._paired: set[tuple[int, int]] = set()
        self._careers: dict[int, list[Tenure]] = {}

    def programme(self, held: Sequence[tuple[Tenure, pgproto.UUID]]) -> Programme:
        """Mentors, open and closed requests, pairs, wishes and conflicts."""
        mentors = [self._mentor(holder, held) for holder in self._former_leaders(held)]
        mentees = self._mentees(held)
        self._made.offers = mentors
        for holder in {tenure.holder for tenure, _ in held}:
            self._careers[holder] = [tenure for tenure, _ in held if tenure.holder == holder]
        settled = [pair for pair in mentees if pair[0].start < self._today - 220]
        for couple in islice(self._couples(settled, mentors), ACTIVE):
            self._active(*couple)
        paired = {mentee for _, mentee in self._paired}
        waiting = [pair for pair in mentees if pair[0].holder not in paired][:WAITING]
        long_serving = [pair for pair in waiting if pair[0].start < self._today - 500]
        former = self._couples(long_serving, mentors)
        for couple, reason in zip(former, _CLOSED, strict=False):
            self._closed(*couple, reason)
        for tenure, appointment in waiting:
            self._wait(tenure, appointment, mentors)
        self._declare(mentors, [tenure.holder for tenure, _ in waiting])
        return self._made

    def _former_leaders(self, held: Sequence[tuple[Tenure, pgproto.UUID]]) -> list[int]:
        """Holders of ended posts only, heads and deputies first."""
        serving = {tenure.holder for tenure, _ in held if tenure.end is None}
        led = {tenure.holder for tenure, _ in held if tenure.seat.leads}
        former = sorted({tenure.holder for tenure, _ in held} - serving)
        mixed = [int(holder) for holder in self._rng.permutation(former)]
        return sorted(mixed, key=lambda holder: holder not in led)[:MENTORS]

    def _mentees(
        self, held: Sequence[tuple[Tenure, pgproto.UUID]]
    ) -> list[tuple[Tenure, pgproto.UUID]]:
        """Serving heads and deputies first; a person asks for one post only."""
        current = [pair for pair in held if pair[0].end is None]
        mixed = [current[place] for place in self._rng.permutation(len(current))]
        mixed.sort(key=lambda pair: (not pair[0].seat.leads, -pair[0].rank * pair[0].seat.leads))
        first = {tenure.holder: (tenure, key) for tenure, key in reversed(mixed)}
        leading = [first[holder] for holder in dict.fromkeys(pair[0].holder for pair in mixed)]
        chosen = leading[: ACTIVE + WAITING]
        return [chosen[place] for place in self._rng.permutation(len(chosen))]

    def _mentor(self, holder: int, held: Sequence[tuple[Tenure, pgproto.UUID]]) -> Mentor:
        rng = self._rng
        (key,) = self._keys["mentor"].take(1)
        missions = [tenure.seat.mission for tenure, _ in held if tenure.holder == holder]
        tasks = sorted({task for mission in missions for task in mission.mandate_tasks})
        themes = self._some([task for task in tasks if task in TOPICS] or ["GOOD_OFFICES"], 4)
        capacity = int(rng.choice(4, p=(0.05, 0.4, 0.37, 0.18)))
        is_past = rng.random() < 0.06
        until = self._today + (-60 if is_past else int(rng.integers(620, 1500)))
        refused = self._refusals(0.1)
        is_declared = rng.random() < 0.94
        consented = self._moment(int(rng.integers(60, 800)))
        self._made.mentors.append(
            (
                key,
                self._profiles.ids[holder],
                capacity,
                date_of(self._today - int(rng.integers(90, 400))),
                None if rng.random() < 0.15 and not is_past else date_of(until),
                themes,
                statement(rng, themes[:2]),
                PLACES[self._profiles.place[holder]].zone if rng.random() < 0.96 else None,
                sorted(refused),
                self._moment(int(rng.integers(5, 55))) if is_declared else None,
                consented,
                1,
            )
        )
        return Mentor(key, holder, capacity, is_declared and not is_past, refused)

    def _some(self, words: Sequence[str], most: int) -> list[str]:
        count = 1 + int(self._rng.integers(min(most, len(words))))
        return [str(word) for word in self._rng.permutation(words)[:count]]

    def _refusals(self, share: float) -> frozenset[str]:
        if self._rng.random() >= share:
            return frozenset()
        return frozenset({PLACES[int(self._rng.integers(len(PLACES)))].code})

    def _moment(self, days_ago: int) -> datetime:
        hour = time(int(self._rng.integers(7, 18)), int(self._rng.integers(60)), tzinfo=UTC)
        return datetime.combine(date_of(self._today - days_ago), hour)

    def _request(
        self, tenure: Tenure, appointment: pgproto.UUID, state: RequestState, days_ago: int
    ) -> pgproto.UUID:
        rng = self._rng
        (key,) = self._keys["mentorship_request"].take(1)
        is_waiting = state is RequestState.WAITING
        criteria = [*TopCriterion, None, None, None]
        criterion = criteria[int(rng.integers(len(criteria)))]
        wishes = (Gender.FEMALE, Gender.MALE)
        gender = wishes[int(rng.integers(2))] if rng.random() < 0.15 else None
        zones = MISSION_ZONES[tenure.seat.mission.region]
        is_declared = not is_waiting or rng.random() < 0.93
        self._made.requests.append(
            (
                key,
                self._profiles.ids[tenure.holder],
                appointment,
                state.value,
                goals(rng, tenure.seat.mission.mandate_tasks),
                criterion and criterion.value,
                gender and gender.value,
                sorted(self._refusals(0.15)) if is_waiting else [],
                zones[int(rng.integers(len(zones)))],
                self._moment(max(days_ago - 1, 0)) if is_declared else None,
                self._moment(days_ago),
                1,
            )
        )
        return key

    def _couples(
        self, mentees: Sequence[tuple[Tenure, pgproto.UUID]], mentors: Sequence[Mentor]
    ) -> Iterator[Couple]:
        """Mentees with a mentor each, no mentor twice; whoever finds none is passed over."""
        free = list(mentors)
        for tenure, appointment in mentees:
            mentor = next(self.able(tenure, free), None)
            if mentor is not None:
                free.remove(mentor)
                yield tenure, appointment, mentor

    def _active(self, tenure: Tenure, appointment: pgproto.UUID, mentor: Mentor) -> None:
        days_ago = int(self._rng.integers(40, 200))
        request = self._request(tenure, appointment, RequestState.MATCHED, days_ago)
        self._pair(mentor, tenure, request, (days_ago - 20, None, None))

    def _closed(
        self, tenure: Tenure, appointment: pgproto.UUID, mentor: Mentor, reason: ClosingReason
    ) -> None:
        request = self._request(tenure, appointment, RequestState.CLOSED, 460)
        self._pair(mentor, tenure, request, (440, 170, reason))

    def _pair(
        self,
        mentor: Mentor,
        tenure: Tenure,
        request: pgproto.UUID,
        period: tuple[int, int | None, ClosingReason | None],
    ) -> None:
        """Write the pair down; days count back from today."""
        started, closed, reason = period
        (key,) = self._keys["mentorship"].take(1)
        state = MentorshipState.ACTIVE if closed is None else MentorshipState.CLOSED
        ended = None if closed is None else date_of(self._today - closed)
        self._paired.add((mentor.holder, tenure.holder))
        self._made.mentorships.append(
            (
                key,
                mentor.key,
                request,
                state.value,
                date_of(self._today - started),
                ended,
                reason and reason.value,
                1,
            )
        )

    def able(self, tenure: Tenure, mentors: Sequence[Mentor]) -> Iterator[Mentor]:
        """Mentors who may be paired with the mentee, as the matcher sees it."""
        people = self._profiles
        nations = set(people.nationalities[tenure.holder])
        for mentor in mentors:
            fluent = people.command[[mentor.holder, tenure.holder]] >= _FLUENT
            strangers = not nations & set(people.nationalities[mentor.holder])
            welcome = strangers and not nations & mentor.refused
            is_free = mentor.is_open and mentor.capacity > 0
            if is_free and welcome and fluent.all(axis=0).any() and self._apart(mentor, tenure):
                yield mentor

    def _apart(self, mentor: Mentor, tenure: Tenure) -> bool:
        """Whether the two never served in one mission at one time."""
        return not any(
            theirs.seat.mission.id == own.seat.mission.id and overlap(theirs, own)
            for theirs in self._careers[mentor.holder]
            for own in self._careers[tenure.holder]
        )

    def _wait(self, tenure: Tenure, appointment: pgproto.UUID, mentors: Sequence[Mentor]) -> None:
        # Nobody asked for a mentor before the appointment began.
        served = max(self._today - tenure.start, 6)
        days_ago = min(int(self._rng.integers(5, 160)), served - 1)
        request = self._request(tenure, appointment, RequestState.WAITING, days_ago)
        self._made.waiting.append((tenure, request))
        liked = self._rng.random() < 0.4
        wished = self._rng.permutation(len(mentors))[: int(self._rng.integers(1, 4))]
        for rank, place in enumerate(wished if liked else (), start=1):
            self._prefer(request, mentors[place], PreferenceKind.PREFERRED, rank)
        if self._rng.random() < 0.15:
            others = [place for place in range(len(mentors)) if place not in wished]
            mentor = mentors[int(self._rng.choice(others))]
            self._prefer(request, mentor, PreferenceKind.REFUSED, None)

    def _prefer(
        self, request: pgproto.UUID, mentor: Mentor, kind: PreferenceKind, rank: int | None
    ) -> None:
        (key,) = self._keys["mentor_preference"].take(1)
        self._made.preferences.append((key, request, mentor.key, kind.value, rank))

    def _declare(self, mentors: Sequence[Mentor], waiting: Iterable[int]) -> None:
        """Some know each other too well, from either side."""
        for holder in waiting:
            if self._rng.random() >= 0.6:
                continue
            mentor = mentors[int(self._rng.integers(len(mentors)))]
            if (mentor.holder, holder) in self._paired:
                continue
            sides = (mentor.holder, holder) if self._rng.random() < 0.5 else (holder, mentor.holder)
            (key,) = self._keys["declared_conflict"].take(1)
            ids = self._profiles.ids
            self._made.conflicts.append((key, ids[sides[0]], ids[sides[1]]))
