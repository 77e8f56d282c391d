"""Careers for a chunk of profiles at once: rising levels, gaps, and terms that overlap.

A career may stop early, where somebody's appointments begin. It never gives anybody
a mission's post: only appointments do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from seeds.demo.days import EPOCH, dates_of, day_of
from seeds.demo.profiles import LANGUAGES, LEVELS, STREAMS, Integers, Objects, Profiles
from service.models import Mission
from service.models.vocabulary import Function

STINTS: Final = 8
ONGOING: Final = -1
FIRST_YEAR: Final = 1978
LAST_YEAR: Final = EPOCH.year

F = Function
_BY_RANK: Final[dict[tuple[int, int], tuple[Function, ...]]] = {
    (0, 1): (F.SENIOR_ADVISER, F.HEAD_OF_OFFICE),
    (0, 2): (F.HEAD_OF_OFFICE, F.CHIEF_OF_STAFF, F.DIRECTOR_OF_MISSION_SUPPORT),
    (0, 3): (
        F.DEPUTY_HEAD_OF_MISSION,
        F.DEPUTY_HEAD_OF_MISSION,
        F.CHIEF_OF_STAFF,
        F.DIRECTOR_OF_MISSION_SUPPORT,
    ),
    (0, 4): (F.DEPUTY_HEAD_OF_MISSION, F.DEPUTY_HEAD_OF_MISSION, F.SPECIAL_ADVISER),
    (0, 5): (F.HEAD_OF_MISSION, F.SPECIAL_ENVOY, F.SPECIAL_ADVISER),
    (1, 1): (F.SENIOR_ADVISER,),
    (1, 2): (F.DEPUTY_FORCE_COMMANDER, F.CHIEF_MILITARY_OBSERVER),
    (1, 3): (F.FORCE_COMMANDER, F.DEPUTY_FORCE_COMMANDER),
    (1, 4): (F.FORCE_COMMANDER,),
    (1, 5): (F.FORCE_COMMANDER,),
    (2, 1): (F.SENIOR_ADVISER,),
    (2, 2): (F.DEPUTY_POLICE_COMMISSIONER, F.DEPUTY_POLICE_COMMISSIONER, F.POLICE_COMMISSIONER),
    (2, 3): (F.POLICE_COMMISSIONER,),
    (2, 4): (F.POLICE_COMMISSIONER,),
    (2, 5): (F.POLICE_COMMISSIONER,),
}
_FUNCTIONS: Final = np.array([function.value for function in Function], object)
_TITLES: Final = np.array(
    [function.replace("_", " ").title().replace(" Of ", " of ") for function in Function], object
)
_HEAD: Final = list(Function).index(Function.HEAD_OF_MISSION)

_EMPLOYERS: Final = (
    (
        "Ministry of Foreign Affairs",
        "Permanent Mission to the United Nations",
        "Office of the President",
        "African Union Commission",
        "European External Action Service",
        "Institute for Peace Studies",
        "Relief Without Delay (non-governmental organisation)",
        "United Nations Development Programme",
        "United Nations Secretariat",
        "Office of the High Commissioner for Human Rights",
    ),
    (
        "Armed Forces",
        "Ministry of Defence",
        "National Defence College",
        "Army Staff",
        "Joint Operations Command",
        "Regional Standby Force",
        "African Union Commission",
        "Military Academy",
        "Office of Military Affairs, United Nations Secretariat",
        "Naval Staff",
    ),
    (
        "National Police",
        "Gendarmerie",
        "Ministry of the Interior",
        "Police Academy",
        "Criminal Investigation Directorate",
        "Border Police",
        "Regional Police Organisation",
        "Municipal Police",
        "Police Division, United Nations Secretariat",
        "Inspectorate of Police",
    ),
)
_POSITIONS: Final = (
    ("Second Secretary", "Counsellor", "Deputy Director", "Director", "Ambassador", "Minister"),
    ("Major", "Lieutenant Colonel", "Colonel", "Brigadier General", "Major General", "General"),
    (
        "Inspector",
        "Superintendent",
        "Chief Superintendent",
        "Commissioner",
        "Deputy Inspector General",
        "Inspector General",
    ),
)
_EMPLOYER_NAMES: Final = np.array(_EMPLOYERS, object)
_POSITION_NAMES: Final = np.array(_POSITIONS, object)
_IN_SYSTEM: Final = np.array(
    [["United Nations" in name or "High Comm" in name for name in row] for row in _EMPLOYERS]
)
_PRECISIONS: Final = np.array(["DAY", "MONTH", "YEAR"], object)


@dataclass(frozen=True)
class Careers:
    """Periods of service as columns, one entry a period, each person's together."""

    owner: Integers
    mission: Integers
    function: Objects
    title: Objects
    organisation: Objects
    rank: Integers
    stream: Objects
    supervisor: Objects
    started: Integers
    started_precision: Objects
    ended: Integers
    ended_precision: Objects

    def __len__(self) -> int:
        return len(self.owner)

    def seniority(self, count: int) -> Integers:
        """The highest rank that each of the `count` owners held."""
        highest = np.zeros(count, np.int64)
        np.maximum.at(highest, self.owner, self.rank)
        return highest

    def columns(self, owners: Sequence[Any], missions: Objects) -> list[Sequence[Any]]:
        """What the table wants, from the person to the last date's precision."""
        nobody: Sequence[Any] = [None] * len(self)
        keys = np.array([*missions, None], object)
        ended = np.array(dates_of(np.maximum(self.ended, 0)), object)
        ended[self.ended == ONGOING] = None
        people = np.array(owners, object)
        return [
            people[self.owner].tolist(),
            keys[self.mission].tolist(),
            nobody,
            self.supervisor.tolist(),
            self.organisation.tolist(),
            self.function.tolist(),
            self.title.tolist(),
            LEVELS[self.rank].tolist(),
            self.stream.tolist(),
            dates_of(self.started),
            self.started_precision.tolist(),
            ended.tolist(),
            self.ended_precision.tolist(),
        ]


class Calendar:
    """Which missions ran through which year, and who headed them then.

    French and Arabic speakers meet the missions that need them four times as often.
    """

    def __init__(self, missions: Sequence[Mission]) -> None:
        self.missions = np.array([mission.id for mission in missions], object)
        self.heads = np.array(
            [mission.head_title or "Head of Mission" for mission in missions], object
        )
        self.ends = np.array(
            [day_of(mission.ended_on) if mission.ended_on else 10**6 for mission in missions]
        )
        self.leaders = np.full((len(missions), LAST_YEAR - FIRST_YEAR + 1), None, object)
        self._flat, self._offset, self._count = self._tables(missions)

    def lead(self, mission: int, leader: Any, years: range) -> None:
        """Remember who headed the mission in these years."""
        for year in years:
            if FIRST_YEAR <= year <= LAST_YEAR:
                self.leaders[mission, year - FIRST_YEAR] = leader

    def pick(self, rng: np.random.Generator, tongue: Integers, year: Integers) -> Integers:
        """A mission that ran in each of these years, by language group."""
        at = (tongue, year.clip(FIRST_YEAR, LAST_YEAR) - FIRST_YEAR)
        places = self._offset[at] + (rng.random(len(year)) * self._count[at]).astype(np.int64)
        picked: Integers = self._flat[places]
        return picked

    def _tables(self, missions: Sequence[Mission]) -> tuple[Integers, Integers, Integers]:
        shape = (3, LAST_YEAR - FIRST_YEAR + 1)
        flat: list[int] = []
        offset, count = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for group, language in enumerate((None, "fr", "ar")):
            for column in range(shape[1]):
                running = list(_running(missions, FIRST_YEAR + column, language))
                offset[group, column], count[group, column] = len(flat), len(running)
                flat.extend(running)
        return np.array(flat), offset, count


def _running(missions: Sequence[Mission], year: int, language: str | None) -> Iterator[int]:
    """The missions of that year by place, four times over where they need the language."""
    for place, mission in enumerate(missions):
        if _ran(mission, year):
            yield from [place] * (4 if language in mission.working_languages else 1)


def _ran(mission: Mission, year: int) -> bool:
    return mission.started_on.year < year and (
        mission.ended_on is None or mission.ended_on.year > year
    )


def careers(
    rng: np.random.Generator,
    profiles: Profiles,
    calendar: Calendar,
    *,
    until: Integers,
    top: Integers,
) -> Careers:
    """Two to eight periods a person, up to the day `until` and the rank `top`.

    Somebody whose `until` is the last day of all may still serve.
    """
    owner, started, ended, share = _periods(rng, profiles, until)
    rank = np.minimum(np.floor(top[owner] * share + rng.random(len(owner)) * 0.6), top[owner])
    rank = rank.astype(np.int64)
    in_mission = (rank > 0) & (rng.random(len(owner)) < 0.35 + 0.35 * share)
    is_last = np.diff(owner, append=-1) != 0
    ongoing = is_last & (until[owner] == until.max()) & (rng.random(len(owner)) < 0.45)
    in_mission &= ~ongoing
    stream = profiles.stream[owner]
    where = _missions(rng, profiles, calendar, (owner, started))
    where[~in_mission] = -1
    ended = np.where(in_mission, np.minimum(ended, calendar.ends[where]), ended)
    held = _held(rng, stream, rank)
    employer = rng.integers(0, _EMPLOYER_NAMES.shape[1], len(owner))
    position = np.minimum(rank + (rank == 0) * (share > 0.5), 5)
    rank = np.where(in_mission | _IN_SYSTEM[stream, employer], rank, 0)
    titles = np.where(held == _HEAD, calendar.heads[where], _TITLES[held])
    started, started_precision = _rounded(rng, started, started * 0)
    ended, ended_precision = _rounded(rng, ended, started)
    ended[ongoing], ended_precision[ongoing] = ONGOING, None
    return Careers(
        owner=owner,
        mission=where,
        function=_only(in_mission, _FUNCTIONS[held]),
        title=np.where(in_mission, titles, _POSITION_NAMES[stream, position]),
        organisation=_only(~in_mission, _EMPLOYER_NAMES[stream, employer]),
        rank=rank,
        stream=STREAMS[stream],
        supervisor=_supervisors(rng, profiles, calendar, (owner, where, started, held)),
        started=started,
        started_precision=started_precision,
        ended=ended,
        ended_precision=ended_precision,
    )


def _only(chosen: NDArray[np.bool_], values: Objects) -> Objects:
    values[~chosen] = None
    return values


def _periods(
    rng: np.random.Generator, profiles: Profiles, until: Integers
) -> tuple[Integers, Integers, Integers, NDArray[np.float64]]:
    """Owner, start, end and how far into the career, of every period."""
    many = len(profiles)
    count = rng.choice(np.arange(2, STINTS + 1), many, p=(0.06, 0.14, 0.24, 0.23, 0.17, 0.1, 0.06))
    exists = np.arange(STINTS) < count[:, None]
    length = (rng.gamma(3.0, 1.0, (many, STINTS)) + 0.4) * exists
    edges = np.cumsum(length, axis=1) / length.sum(axis=1, keepdims=True)
    span = np.maximum(until - profiles.career_start, 800)[:, None]
    begin = profiles.career_start[:, None] + span * np.hstack([np.zeros((many, 1)), edges[:, :-1]])
    finish = profiles.career_start[:, None] + span * edges
    lasted = finish - begin
    # A third of all periods leaves a gap behind; every tenth began before the last one ended.
    finish -= lasted * np.where(rng.random(lasted.shape) < 0.35, rng.random(lasted.shape) * 0.4, 0)
    early = (rng.random(lasted.shape) < 0.1) & (np.arange(STINTS) > 0)
    begin -= np.where(early, rng.random(lasted.shape) * 300, 0)
    owner, place = np.nonzero(exists)
    share = (place + 1) / count[owner]
    return owner, begin[exists].astype(np.int64), finish[exists].astype(np.int64), share


def _missions(
    rng: np.random.Generator,
    profiles: Profiles,
    calendar: Calendar,
    periods: tuple[Integers, Integers],
) -> Integers:
    owner, started = periods
    speaks: Mapping[str, Any] = {
        code: profiles.command[owner, LANGUAGES.index(code)] >= 5 for code in ("fr", "ar")
    }
    tongue = np.where(speaks["fr"], 1, np.where(speaks["ar"], 2, 0))
    both = speaks["fr"] & speaks["ar"] & (rng.random(len(owner)) < 0.5)
    tongue[both] = 2
    return calendar.pick(rng, tongue, _years(started))


def _years(day: Integers) -> Integers:
    years: Integers = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _held(rng: np.random.Generator, stream: Integers, rank: Integers) -> Integers:
    held = np.zeros(len(rank), np.int64)
    listed = list(Function)
    for (kind, level), options in _BY_RANK.items():
        chosen = np.flatnonzero((stream == kind) & (rank == level))
        codes = np.array([listed.index(option) for option in options])
        held[chosen] = codes[rng.integers(0, len(codes), len(chosen))]
    return held


def _rounded(rng: np.random.Generator, day: Integers, floor: Integers) -> tuple[Integers, Objects]:
    """Days known to the month or year only, at its first day, never before `floor`."""
    known = rng.choice(3, len(day), p=(0.7, 0.22, 0.08))
    dates = day.astype("datetime64[D]")
    by_month = dates.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    by_year = dates.astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    placed = np.choose(known, (day, by_month, by_year))
    too_early = placed < floor
    placed[too_early], known[too_early] = np.maximum(day, floor)[too_early], 0
    return placed, _PRECISIONS[known]


def _supervisors(
    rng: np.random.Generator,
    profiles: Profiles,
    calendar: Calendar,
    periods: tuple[Integers, Integers, Integers, Integers],
) -> Objects:
    owner, where, started, held = periods
    year = _years(started).clip(FIRST_YEAR, LAST_YEAR) - FIRST_YEAR
    leaders: Objects = calendar.leaders[where, year]
    themselves = np.array(profiles.ids, object)[owner]
    nobody = (where < 0) | (held == _HEAD) | (rng.random(len(owner)) < 0.4)
    leaders[nobody | (leaders == themselves)] = None
    return leaders
