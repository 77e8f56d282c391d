"""Who held which post when: tenures laid out backwards from today, then given to people.

Nobody holds two substantive posts at once here except the deputies who wear two hats
on purpose; a tenure that fits nobody stays empty.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from seeds.demo.days import day_of
from seeds.demo.places import PLACES
from seeds.demo.posts import LARGE, Seat
from seeds.demo.profiles import LANGUAGES, Profiles
from service.models.vocabulary import LEVEL_RANKS, PROFICIENCY_RANKS, Function, Proficiency, Stream

_STREAM_CODES: Final = {stream: place for place, stream in enumerate(Stream)}
_YEARS_NEEDED: Final = {1: 10, 2: 12, 3: 15, 4: 18, 5: 21}
_LONGEST_CAREER: Final = 40 * 365


@dataclass(frozen=True, slots=True)
class Tenure:
    """One person's time in one post, in days since 1970; `end` is None while it lasts."""

    seat: Seat
    start: int
    end: int | None
    holder: int = -1

    @property
    def rank(self) -> int:
        """The level of the post as a number."""
        return LEVEL_RANKS[self.seat.level]


class _Pool:
    """The people to choose from, and what they did so far."""

    def __init__(self, profiles: Profiles) -> None:
        self.profiles = profiles
        self.busy_until = np.full(len(profiles), -(10**6))
        self.last_rank = np.zeros(len(profiles), np.int64)
        self.held = np.zeros(len(profiles), np.int64)
        self._countries = np.array([PLACES[place].code for place in profiles.place], object)

    def fitting(self, tenure: Tenure, today: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Everybody who could hold the post at that time, by position."""
        people, seat, rank = self.profiles, tenure.seat, tenure.rank
        end = today if tenure.end is None else tenure.end
        fits = (people.stream == _STREAM_CODES[seat.stream]) & (self.held < 3)
        fits &= self._countries != seat.mission.country
        fits &= people.career_start + _YEARS_NEEDED[rank] * 365 <= tenure.start
        fits &= end - people.career_start <= _LONGEST_CAREER
        fits &= self.busy_until < tenure.start
        climbed = rank - self.last_rank
        newcomer = self.last_rank == 0
        fits &= np.where(newcomer, abs(people.rank - rank) <= 1, (climbed >= 0) & (climbed <= 2))
        for language, proficiency in seat.languages:
            spoken = people.command[:, LANGUAGES.index(language)]
            fits &= spoken >= PROFICIENCY_RANKS[Proficiency(proficiency)]
        return np.flatnonzero(fits)

    def seat(self, holder: int, tenure: Tenure) -> Tenure:
        self.busy_until[holder] = 10**6 if tenure.end is None else tenure.end
        self.last_rank[holder] = tenure.rank
        self.held[holder] += 1
        return replace(tenure, holder=holder)


def tenures(
    rng: np.random.Generator, seats: Sequence[Seat], profiles: Profiles, today: int
) -> list[Tenure]:
    """All tenures with their holders, oldest first."""
    pool = _Pool(profiles)
    planned = [tenure for seat in seats for tenure in _history(rng, seat, today)]
    planned.sort(key=lambda tenure: (tenure.start, tenure.seat.reference))
    seated = []
    for tenure in planned:
        fitting = pool.fitting(tenure, today)
        if not len(fitting):
            continue
        known = fitting[pool.held[fitting] > 0]
        # Now and then a post goes to somebody who already led elsewhere.
        choice = known if len(known) and rng.random() < 0.35 else fitting
        seated.append(pool.seat(int(rng.choice(choice)), tenure))
    return [*seated, *_second_hats(seats, seated)]


def _history(rng: np.random.Generator, seat: Seat, today: int) -> Iterator[Tenure]:
    """The tenures of one post, from the last one back to the oldest worth telling."""
    opened = day_of(seat.established_on) + 10
    start: int = today
    if seat.is_lasting:
        if _is_second_hat(seat):
            return
        if rng.random() < (0.95 if seat.leads else 0.84):
            start = today - int(rng.integers(20, 1250))
            yield Tenure(seat, max(start, opened), None)
        else:
            start = today - int(rng.integers(10, 250))
    elif seat.abolished_on is not None:
        start = day_of(seat.abolished_on)
        length = int(rng.integers(350, 1100))
        yield Tenure(seat, max(start - length, opened), start)
        start -= length
    for _ in range(int(rng.integers(2, 5)) if seat.leads else int(rng.integers(0, 2))):
        end = start - (1 if rng.random() < 0.4 else int(rng.integers(5, 220)))
        start = end - int(rng.integers(420, 1450))
        if start < opened:
            return
        yield Tenure(seat, start, end)


def _is_second_hat(seat: Seat) -> bool:
    return seat.mission.acronym in LARGE and seat.reference.endswith("-SA-3")


def _second_hats(seats: Sequence[Seat], seated: Sequence[Tenure]) -> Iterator[Tenure]:
    """In large missions a deputy also holds an adviser's post."""
    deputies = {
        tenure.seat.mission.acronym: tenure
        for tenure in seated
        if tenure.end is None and tenure.seat.function is Function.DEPUTY_HEAD_OF_MISSION
    }
    for seat in seats:
        deputy = deputies.get(seat.mission.acronym)
        if deputy is not None and _is_second_hat(seat):
            yield Tenure(seat, deputy.start + 15, None, deputy.holder)
