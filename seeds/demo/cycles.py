"""Cycles of the programme gone by: who worked with whom, and how they rated it.

It begins as a small pilot and grows, so that early cycles have too few ratings to learn from
and all of them enough. No pair here breaks a rule that the matcher keeps, and no bad end here
touches anybody who waits for a mentor now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from asyncpg.pgproto import pgproto

from seeds.demo.appointments import overlap
from seeds.demo.careers import Careers
from seeds.demo.days import EPOCH, date_of, day_of
from seeds.demo.mentoring import MISSION_ZONES, Mentor, Programme
from seeds.demo.profiles import Profiles
from seeds.demo.ratings import ANSWERS, Fit, Ratings, worth
from seeds.demo.tenures import Tenure
from seeds.demo.texts import goals
from seeds.identities import Sequence as Keys
from service.models import Mission
from service.models.vocabulary import (
    ClosingReason,
    MentorshipState,
    PairSide,
    RequestState,
    TopCriterion,
)

OUTCOME: Final = (
    "id",
    "mentorship_id",
    "side",
    "cycle",
    "cycle_ended_on",
    *ANSWERS,
    "given_on",
    "is_on_behalf",
    "version",
)
Held = tuple[Tenure, pgproto.UUID]

_FLUENT: Final = 5
_WORKING: Final = 4
_PLACES: Final = 3
_UNBEARABLE: Final = -1.6
_FIRST_YEAR: Final = 2013
_ENDS: Final = ((4, 30), (8, 31), (12, 31))


@dataclass(frozen=True, slots=True)
class Cycle:
    """A third of a year, in days since 1970."""

    number: int
    first: int
    last: int


def cycles(today: int) -> list[Cycle]:
    """All cycles that ended a month ago or earlier."""
    years = range(_FIRST_YEAR, date_of(today).year + 1)
    ends = [day_of(date(year, *end)) for year in years for end in _ENDS]
    starts = [day_of(date(_FIRST_YEAR, 1, 1)), *(end + 1 for end in ends)]
    return [
        Cycle(number, first, last)
        for number, (first, last) in enumerate(zip(starts, ends, strict=False), start=1)
        if last < today - 30
    ]


@dataclass(frozen=True)
class _Offer:
    """A mentor with what the past years brought them to know."""

    mentor: Mentor
    free_from: int
    rank: int
    hours: float | None
    served: Sequence[Tenure]
    functions: frozenset[str]
    regions: frozenset[str]
    tasks: frozenset[str]


@dataclass
class Past:
    """All rows of the years gone by."""

    requests: list[tuple[Any, ...]] = field(default_factory=list)
    mentorships: list[tuple[Any, ...]] = field(default_factory=list)
    outcomes: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Cast:
    """The people with posts, what they did before, and the programme as it stands today."""

    profiles: Profiles
    careers: Careers
    missions: Sequence[Mission]
    held: Sequence[Held]
    programme: Programme


class Cycles:
    """Plays the programme's years through, leader by leader."""

    def __init__(
        self, rng: np.random.Generator, cast: Cast, keys: dict[str, Keys], today: int
    ) -> None:
        self._rng = rng
        self._cast = cast
        self._keys = keys
        self._today = today
        self._made = Past()
        self._cycles = cycles(today)
        self._ratings = Ratings(rng, len(cast.profiles))
        self._tenures: dict[int, list[Tenure]] = {}
        for tenure, _ in cast.held:
            self._tenures.setdefault(tenure.holder, []).append(tenure)
        self._offers = list(self._known_offers())
        self._load = np.zeros((len(self._offers), len(self._cycles)), np.int64)
        self._asked = self._asked_now()
        self._conflicts = {frozenset(row[1:3]) for row in cast.programme.conflicts}

    def past(self) -> Past:
        """Requests, mentorships and ratings of every cycle that is over."""
        for tenure, appointment in self._cast.held:
            if tenure.seat.leads:
                self._lead(tenure, appointment)
        return self._made

    def _asked_now(self) -> dict[Any, int]:
        """The day of the first request of each member of today's programme, by person."""
        found: dict[Any, int] = {}
        for row in self._cast.programme.requests:
            day = day_of(row[10].date())
            found[row[1]] = min(day, found.get(row[1], day))
        return found

    def _known_offers(self) -> Iterator[_Offer]:
        careers, missions = self._cast.careers, self._cast.missions
        ranks = careers.seniority(len(self._cast.profiles))
        zones = {row[0]: row[7] for row in self._cast.programme.mentors}
        for mentor in self._cast.programme.offers:
            rows = np.flatnonzero(careers.owner == mentor.holder)
            served = self._tenures[mentor.holder]
            known = [missions[place] for place in careers.mission[rows] if place >= 0]
            known += [tenure.seat.mission for tenure in served]
            yield _Offer(
                mentor,
                free_from=max(self._today if t.end is None else t.end for t in served),
                rank=max(int(ranks[mentor.holder]), *(tenure.rank for tenure in served)),
                hours=_hours(zones[mentor.key]),
                served=served,
                functions=frozenset(
                    [*(f for f in careers.function[rows] if f), *(t.seat.function for t in served)]
                ),
                regions=frozenset(mission.region for mission in known),
                tasks=frozenset(task for mission in known for task in mission.mandate_tasks),
            )

    def _lead(self, tenure: Tenure, appointment: pgproto.UUID) -> None:
        """The mentorships of one leader's time in one post, one after another."""
        person = self._cast.profiles.ids[tenure.holder]
        until = min(tenure.end or self._today, self._asked.get(person, self._today))
        places = [
            place
            for place, cycle in enumerate(self._cycles)
            if tenure.start + 60 <= cycle.first and cycle.last < until
        ]
        able = self._able(tenure) if places else []
        while places:
            joins = self._rng.random() < min(0.97, 0.1 + 0.09 * max(0, places[0] - 6))
            count = self._pair(tenure, appointment, able, places) if joins else 0
            places = places[max(count, 1) :]

    def _able(self, tenure: Tenure) -> list[int]:
        """The offers that may be paired with this leader, as the matcher sees it."""
        people = self._cast.profiles
        nations = set(people.nationalities[tenure.holder])
        fluent = people.command[tenure.holder] >= _FLUENT
        return [
            place
            for place, offer in enumerate(self._offers)
            if not nations & {*people.nationalities[offer.mentor.holder], *offer.mentor.refused}
            and (fluent & (people.command[offer.mentor.holder] >= _FLUENT)).any()
            and self._apart(tenure.holder, offer)
        ]

    def _apart(self, holder: int, offer: _Offer) -> bool:
        """Whether the two are different people who declared nothing and never shared a mission."""
        ids = self._cast.profiles.ids
        return (
            holder != offer.mentor.holder
            and frozenset((ids[holder], ids[offer.mentor.holder])) not in self._conflicts
            and not any(
                theirs.seat.mission.id == own.seat.mission.id and overlap(theirs, own)
                for theirs in offer.served
                for own in self._tenures[holder]
            )
        )

    def _pair(
        self, tenure: Tenure, appointment: pgproto.UUID, able: Sequence[int], places: Sequence[int]
    ) -> int:
        """Writes a pair down that begins in the first of these cycles; how many it lasted."""
        first = places[0]
        free = [
            place
            for place in able
            if self._offers[place].free_from < self._cycles[first].first
            and self._load[place, first : first + 2].max() < _PLACES
        ]
        if not free:
            return 0
        zones = MISSION_ZONES[tenure.seat.mission.region]
        zone = zones[int(self._rng.integers(len(zones)))]
        place, well = self._chosen(tenure, free, _hours(zone))
        (key,) = self._keys["mentorship"].take(1)
        planned = places[: 1 + int(self._rng.integers(2))]
        lasted = self._rate(key, tenure, self._offers[place], (well, planned))
        self._load[place, first : first + lasted] += 1
        reason = self._reason(lasted, planned, places, tenure)
        request = self._request(tenure, appointment, zone, self._cycles[first].first)
        self._made.mentorships.append(
            (
                key,
                self._offers[place].mentor.key,
                request,
                MentorshipState.CLOSED.value,
                date_of(self._cycles[first].first + int(self._rng.integers(8, 20))),
                date_of(self._cycles[first + lasted - 1].last),
                reason.value,
                1,
            )
        )
        return lasted

    def _chosen(
        self, tenure: Tenure, free: Sequence[int], hours: float | None
    ) -> tuple[int, float]:
        """One of the free offers, a good one a little likelier, and how well the two will do."""
        worths = np.array([worth(self._fit(tenure, self._offers[one], hours)) for one in free])
        luck = self._rng.gumbel(0, 1, len(free))
        best = int(np.argmax(0.15 * worths + luck))
        return free[best], float(worths[best])

    def _fit(self, tenure: Tenure, offer: _Offer, hours: float | None) -> Fit:
        people, mission = self._cast.profiles, tenure.seat.mission
        tasks = set(mission.mandate_tasks)
        common = np.minimum(people.command[tenure.holder], people.command[offer.mentor.holder])
        gap = offer.rank - tenure.rank
        return Fit(
            function=float(tenure.seat.function in offer.functions),
            region=float(mission.region in offer.regions),
            tasks=len(tasks & offer.tasks) / max(len(tasks), 1),
            hours=_together(hours, offer.hours),
            languages=float((common >= _WORKING).sum() > 1),
            seniority=0.0 if gap < 0 else 1.0 if gap in {1, 2} else 0.5,
        )

    def _rate(
        self,
        key: pgproto.UUID,
        tenure: Tenure,
        offer: _Offer,
        course: tuple[float, Sequence[int]],
    ) -> int:
        """Writes down what both say of each cycle; how many they stayed together for."""
        well, planned = course
        well += self._ratings.alike()
        is_member = self._cast.profiles.ids[tenure.holder] in self._asked
        others = {PairSide.MENTEE: offer.mentor.holder, PairSide.MENTOR: tenure.holder}
        lasted, went = 0, 0.0
        # Whoever waits today has had no bad end, so that today's match stays as it is.
        while lasted < len(planned) and (is_member or went > _UNBEARABLE):
            went = well + float(self._rng.normal(0, 0.35))
            for side, other in others.items():
                answers = self._ratings.of(side, other, went)
                if answers is not None:
                    self._write(key, side, self._cycles[planned[lasted]], answers)
            lasted += 1
        return lasted

    def _write(
        self, pair: pgproto.UUID, side: PairSide, cycle: Cycle, answers: tuple[Any, ...]
    ) -> None:
        (key,) = self._keys["match_outcome"].take(1)
        given = date_of(cycle.last + int(self._rng.integers(0, 21)))
        ended = date_of(cycle.last)
        row = (key, pair, side.value, cycle.number, ended, *answers, given, False, 1)
        self._made.outcomes.append(row)

    def _reason(
        self, lasted: int, planned: Sequence[int], places: Sequence[int], tenure: Tenure
    ) -> ClosingReason:
        if lasted < len(planned):
            return ClosingReason.NOT_A_FIT
        if lasted == len(places) and tenure.end is not None:
            return ClosingReason.MENTEE_LEFT_POST
        is_over = self._rng.random() < 0.9
        return ClosingReason.COMPLETED if is_over else ClosingReason.MENTOR_UNAVAILABLE

    def _request(
        self, tenure: Tenure, appointment: pgproto.UUID, zone: str, first: int
    ) -> pgproto.UUID:
        rng = self._rng
        (key,) = self._keys["mentorship_request"].take(1)
        hour = time(int(rng.integers(7, 18)), int(rng.integers(60)), tzinfo=UTC)
        asked_at = datetime.combine(date_of(first + int(rng.integers(0, 7))), hour)
        criteria = [*TopCriterion, None, None, None]
        criterion = criteria[int(rng.integers(len(criteria)))]
        self._made.requests.append(
            (
                key,
                self._cast.profiles.ids[tenure.holder],
                appointment,
                RequestState.CLOSED.value,
                goals(rng, tenure.seat.mission.mandate_tasks),
                criterion and criterion.value,
                None,
                [],
                zone,
                asked_at,
                asked_at,
                1,
            )
        )
        return key


def _hours(zone: str | None) -> float | None:
    """Hours ahead of UTC on the world's day."""
    shift = EPOCH.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    return None if shift is None else shift.total_seconds() / 3600


def _together(one: float | None, other: float | None) -> float:
    """The part of an eight-hour day during which both work; half where nobody knows."""
    if one is None or other is None:
        return 0.5
    apart = abs(one - other) % 24
    return max(0.0, 8 - min(apart, 24 - apart)) / 8
