"""Rows for appointments, cover and the service that goes with them, from tenures.

A post that fell vacant is mostly covered, sometimes by somebody from another mission,
and for some a successor is already on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from asyncpg.pgproto import pgproto

from seeds.demo.days import date_of
from seeds.demo.posts import Seat
from seeds.demo.profiles import Profiles
from seeds.demo.tenures import Tenure
from seeds.identities import Sequence as Keys
from service.models.vocabulary import ActingKind, AppointmentState, CauseOfEnd, Function, Stream

APPOINTMENT: Final = (
    "id",
    "person_id",
    "post_id",
    "state",
    "offered_on",
    "started_on",
    "term_ends_on",
    "ended_on",
    "cause_of_end",
    "announced_on",
    "version",
)
ACTING: Final = ("id", "person_id", "post_id", "kind", "started_on", "ended_on", "announced_on")

_CAUSES: Final = (
    (CauseOfEnd.TERM_END, 0.62),
    (CauseOfEnd.RESIGNATION, 0.16),
    (CauseOfEnd.TRANSFER, 0.1),
    (CauseOfEnd.RECALL, 0.05),
    (CauseOfEnd.RESTRUCTURE, 0.05),
    (CauseOfEnd.PERSONA_NON_GRATA, 0.02),
)
_ARRIVING: Final = (
    AppointmentState.OFFERED,
    AppointmentState.ACCEPTED,
    AppointmentState.CLEARED_TO_TRAVEL,
    AppointmentState.DECLINED,
    AppointmentState.WITHDRAWN,
)


@dataclass
class Service:
    """Who serves and served where; `held` pairs every tenure with its appointment's key."""

    appointments: list[tuple[Any, ...]] = field(default_factory=list)
    acting: list[tuple[Any, ...]] = field(default_factory=list)
    experiences: list[tuple[Any, ...]] = field(default_factory=list)
    held: list[tuple[Tenure, pgproto.UUID]] = field(default_factory=list)
    serves_until: dict[int, int] = field(default_factory=dict)


class Appointing:
    """Makes the rows; all chances come from one generator."""

    def __init__(
        self, rng: np.random.Generator, profiles: Profiles, keys: dict[str, Keys], today: int
    ) -> None:
        self._rng = rng
        self._profiles = profiles
        self._keys = keys
        self._today = today

    def service(self, seats: Sequence[Seat], tenures: Sequence[Tenure]) -> Service:
        """Everything the tenures amount to."""
        made = Service()
        heads = [tenure for tenure in tenures if tenure.seat.function is Function.HEAD_OF_MISSION]
        for tenure in tenures:
            self._appoint(made, tenure)
            made.experiences.append(self._experience(tenure, heads))
        filled = {tenure.seat.id for tenure in tenures if tenure.end is None}
        vacant = [seat for seat in seats if seat.is_lasting and seat.id not in filled]
        self._cover(made, vacant, tenures)
        self._arrive(made, vacant, tenures)
        return made

    def _appoint(self, made: Service, tenure: Tenure) -> None:
        (key,) = self._keys["appointment"].take(1)
        announced = tenure.start - int(self._rng.integers(3, 60))
        is_announced = self._rng.random() < 0.94
        ending = self._running(tenure) if tenure.end is None else self._ended(tenure, tenure.end)
        state, term_end, cause = ending
        if tenure.end is None:
            made.serves_until[tenure.holder] = term_end
        made.held.append((tenure, key))
        made.appointments.append(
            (
                key,
                self._profiles.ids[tenure.holder],
                tenure.seat.id,
                state.value,
                date_of(announced - int(self._rng.integers(20, 90))),
                date_of(tenure.start),
                date_of(term_end),
                None if tenure.end is None else date_of(tenure.end),
                cause and cause.value,
                date_of(announced) if is_announced else None,
                1,
            )
        )

    def _running(self, tenure: Tenure) -> tuple[AppointmentState, int, None]:
        soon = self._rng.random() < 0.16
        low, high = (18, 180) if soon else (190, 900)
        term_end = self._today + int(self._rng.integers(low, high))
        long = term_end - tenure.start > 4 * 365
        return AppointmentState.EXTENDED if long else AppointmentState.IN_POST, term_end, None

    def _ended(self, tenure: Tenure, end: int) -> tuple[AppointmentState, int, CauseOfEnd]:
        closure = tenure.seat.mission.ended_on == date_of(end)
        causes, odds = zip(*_CAUSES, strict=True)
        cause = (
            CauseOfEnd.MISSION_CLOSURE
            if closure
            else causes[int(self._rng.choice(len(odds), p=odds))]
        )
        early = cause not in (CauseOfEnd.TERM_END, CauseOfEnd.MISSION_CLOSURE)
        term_end = end + (int(self._rng.integers(60, 400)) if early else 0)
        ago = self._today - end
        if ago > 400 or (ago > 120 and self._rng.random() < 0.6):
            return AppointmentState.FORMER_LEADER, term_end, cause
        return (AppointmentState.DEBRIEFED if ago > 90 else AppointmentState.ENDED), term_end, cause

    def _experience(self, tenure: Tenure, heads: Sequence[Tenure]) -> tuple[Any, ...]:
        seat = tenure.seat
        (key,) = self._keys["experience"].take(1)
        return (
            key,
            self._profiles.ids[tenure.holder],
            seat.mission.id,
            seat.id,
            self._supervisor(tenure, heads),
            None,
            seat.function.value,
            seat.title,
            seat.level.value,
            seat.stream.value,
            date_of(tenure.start),
            "DAY",
            None if tenure.end is None else date_of(tenure.end),
            None if tenure.end is None else "DAY",
        )

    def _supervisor(self, tenure: Tenure, heads: Sequence[Tenure]) -> pgproto.UUID | None:
        if tenure.seat.function is Function.HEAD_OF_MISSION:
            return None
        for head in heads:
            same = head.seat.mission.id == tenure.seat.mission.id and head.holder != tenure.holder
            if same and overlap(head, tenure):
                return self._profiles.ids[head.holder]
        return None

    def _cover(self, made: Service, vacant: Sequence[Seat], tenures: Sequence[Tenure]) -> None:
        """Two vacancies of three are covered; the first three from other missions."""
        serving = [tenure for tenure in tenures if tenure.end is None and tenure.rank >= 3]
        covered = [seat for place, seat in enumerate(vacant) if place % 3 < 2]
        for place, seat in enumerate(covered):
            abroad = place < 3
            able = [
                tenure
                for tenure in serving
                if (tenure.seat.mission.id != seat.mission.id) == abroad
                and tenure.seat.stream is (Stream.CIVILIAN if not abroad else tenure.seat.stream)
            ]
            if able:
                cover = able[int(self._rng.integers(len(able)))]
                since = max(_last_end(seat, tenures, self._today) + 1, cover.start)
                made.acting.append(self._acting(cover.holder, seat, since, None))
        made.acting.extend(self._past_cover(tenures))

    def _past_cover(self, tenures: Sequence[Tenure]) -> Iterator[tuple[Any, ...]]:
        """A deputy stood in where a head left a gap."""
        deputies = [tenure for tenure in tenures if tenure.seat.leads]
        for tenure in tenures:
            if tenure.seat.function is not Function.HEAD_OF_MISSION or tenure.end is None:
                continue
            following = [t.start for t in tenures if t.seat is tenure.seat and t.start > tenure.end]
            gap = min(following, default=tenure.end) - tenure.end
            for deputy in deputies:
                inside = deputy.seat.mission.id == tenure.seat.mission.id
                stays = deputy.start <= tenure.end < (deputy.end or self._today) - gap
                if gap > 20 and inside and stays and deputy.seat is not tenure.seat:
                    yield self._acting(
                        deputy.holder, tenure.seat, tenure.end + 1, tenure.end + gap - 1
                    )
                    break

    def _acting(self, holder: int, seat: Seat, start: int, end: int | None) -> tuple[Any, ...]:
        (key,) = self._keys["acting_designation"].take(1)
        kinds = list(ActingKind)
        announced = date_of(start) if self._rng.random() < 0.85 else None
        kind = kinds[int(self._rng.integers(len(kinds)))]
        ended = None if end is None else date_of(end)
        person = self._profiles.ids[holder]
        return (key, person, seat.id, kind.value, date_of(start), ended, announced)

    def _arrive(self, made: Service, vacant: Sequence[Seat], tenures: Sequence[Tenure]) -> None:
        """For every second vacancy somebody was asked; some have said no."""
        serving = {tenure.holder for tenure in tenures if tenure.end is None}
        free = [place for place in range(len(self._profiles)) if place not in serving]
        chosen = self._rng.permutation(free)
        for place, seat in enumerate(vacant[::2]):
            fitting = [
                person
                for person in chosen
                if abs(self._profiles.rank[person] - Tenure(seat, 0, None).rank) <= 1
                and list(Stream)[self._profiles.stream[person]] is seat.stream
            ]
            if not fitting:
                continue
            person = fitting[place % len(fitting)]
            (key,) = self._keys["appointment"].take(1)
            offered = date_of(self._today - int(self._rng.integers(5, 60)))
            state = _ARRIVING[place % len(_ARRIVING)].value
            row = (key, self._profiles.ids[person], seat.id, state, offered)
            made.appointments.append((*row, None, None, None, None, None, 1))


def overlap(left: Tenure, right: Tenure) -> bool:
    """Whether the two share a day."""
    return (left.end is None or right.start <= left.end) and (
        right.end is None or left.start <= right.end
    )


def _last_end(seat: Seat, tenures: Sequence[Tenure], today: int) -> int:
    ends = [t.end for t in tenures if t.seat is seat and t.end is not None]
    return max(ends, default=today - 120)
