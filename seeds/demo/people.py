"""Rows for people and what lies in their files, from profiles and careers.

Seniority and regional groups are written as the database would derive them, because
its triggers sleep while millions of rows arrive; a test holds the two together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from typing import Any, Final

import numpy as np

from seeds.demo.careers import Careers
from seeds.demo.days import TODAY, dates_of, day_of
from seeds.demo.profiles import (
    CODES,
    GENDERS,
    LEVELS,
    LEVELS_OF_COMMAND,
    Integers,
    Naming,
    Objects,
    Profiles,
    regional_groups,
)
from seeds.demo.texts import TOPICS, Sentences, sentences
from seeds.identities import Sequence as Keys
from service.models import Mission
from service.models.vocabulary import Availability

PERSON: Final = (
    "id",
    "given_names",
    "family_name",
    "gender",
    "nationalities",
    "regional_groups",
    "expertise",
    "availability",
    "available_from",
    "pipeline_since",
    "seniority",
    "highest_level",
    "is_invented",
    "version",
)
LANGUAGE: Final = ("id", "person_id", "language", "proficiency")
EDUCATION: Final = ("id", "person_id", "institution", "degree", "subject", "completed_year")
EXPERIENCE: Final = (
    "id",
    "person_id",
    "mission_id",
    "post_id",
    "supervisor_id",
    "organisation",
    "function",
    "title",
    "level",
    "stream",
    "started_on",
    "started_precision",
    "ended_on",
    "ended_precision",
)

_AVAILABILITY: Final = np.array(
    [
        Availability.AVAILABLE.value,
        Availability.AVAILABLE_FROM.value,
        Availability.NOT_AVAILABLE.value,
    ],
    object,
)
_TOWNS: Final = (
    "Arvenholt",
    "Belcastra",
    "Corvane",
    "Dunmarrow",
    "Estrelva",
    "Fallowmere",
    "Gharzun",
    "Halvadi",
    "Ilmorane",
    "Jarrowick",
    "Kalindra",
    "Lumeko",
    "Marvessa",
    "Nyambira",
    "Ostrelle",
    "Port-Lanve",
    "Quillora",
    "Rovensk",
    "Santorel",
    "Tamashiro",
    "Ulvenstad",
    "Valdorra",
    "Wendaru",
    "Xalmira",
    "Yambesi",
    "Zerrafin",
)
_INSTITUTIONS: Final = np.array(
    [
        f"{kind} {town}"
        for town in _TOWNS
        for kind in ("University of", "National Academy of", "Institute for Peace Studies,")
    ],
    object,
)
_DEGREES: Final = np.array(["Bachelor", "Master", "Doctorate", "Diploma"], object)
_SUBJECTS: Final = np.array(
    [
        "International Relations",
        "Law",
        "Political Science",
        "Economics",
        "Military Strategy",
        "Public Administration",
        "History",
        "Human Rights",
        "Criminology",
        "Engineering",
        "Development Studies",
        "Logistics",
    ],
    object,
)


@dataclass(frozen=True)
class Standing:
    """What a person's present means for a next post: day of freedom, 0 for unknown."""

    serves_until: Integers
    mission: Integers


class People:
    """Turns chunks of profiles and careers into rows, with the keys of their tables."""

    def __init__(
        self,
        missions: Sequence[Mission],
        groups: Mapping[str, Sequence[str]],
        keys: Mapping[str, Keys],
    ) -> None:
        self._naming = Naming()
        self._groups = groups
        self._keys = keys
        self._sentences: Sentences = sentences()
        themes = list(TOPICS)
        known = [
            [themes.index(t) for t in mission.mandate_tasks if t in themes] for mission in missions
        ]
        # Whoever served in no mission, or in one without tasks, draws from all themes.
        self._themes = [tasks or list(range(len(themes))) for tasks in [*known, []]]

    def persons(
        self, rng: np.random.Generator, profiles: Profiles, seniority: Integers, standing: Standing
    ) -> Iterator[tuple[Any, ...]]:
        """One row a person."""
        count = len(profiles)
        given, family = self._naming.draw(rng, profiles)
        availability, available_from = _availability(rng, standing.serves_until)
        return zip(
            profiles.ids,
            given.tolist(),
            family.tolist(),
            GENDERS[profiles.gender].tolist(),
            profiles.nationalities,
            regional_groups(profiles.nationalities, self._groups),
            self._expertise(rng, standing.mission).tolist(),
            availability.tolist(),
            available_from,
            _pipeline(rng, count),
            seniority.tolist(),
            LEVELS[seniority].tolist(),
            repeat(True, count),
            repeat(1, count),
            strict=True,
        )

    def languages(self, profiles: Profiles) -> Iterator[tuple[Any, ...]]:
        """One row for every language somebody commands."""
        owner, language = np.nonzero(profiles.command)
        level = profiles.command[owner, language] - 1
        return zip(
            self._keys["person_language"].take(len(owner)),
            np.array(profiles.ids, object)[owner].tolist(),
            CODES[language].tolist(),
            LEVELS_OF_COMMAND[level].tolist(),
            strict=True,
        )

    def education(self, rng: np.random.Generator, profiles: Profiles) -> Iterator[tuple[Any, ...]]:
        """One to three degrees a person, the first one before the career began."""
        count = rng.choice(3, len(profiles), p=(0.35, 0.45, 0.2)) + 1
        owner, place = np.nonzero(np.arange(3) < count[:, None])
        total = len(owner)
        began = 1970 + profiles.career_start[owner] // 365
        years = began - 1 + place * rng.integers(2, 7, total)
        degree = np.where(rng.random(total) < 0.12, 3, place)
        return zip(
            self._keys["education"].take(total),
            np.array(profiles.ids, object)[owner].tolist(),
            _INSTITUTIONS[rng.integers(0, len(_INSTITUTIONS), total)].tolist(),
            _DEGREES[degree].tolist(),
            _SUBJECTS[rng.integers(0, len(_SUBJECTS), total)].tolist(),
            years.tolist(),
            strict=True,
        )

    def experiences(
        self, profiles: Profiles, careers: Careers, missions: Objects
    ) -> Iterator[tuple[Any, ...]]:
        """One row a period of service."""
        keys = self._keys["experience"].take(len(careers))
        return zip(keys, *careers.columns(profiles.ids, missions), strict=True)

    def _expertise(self, rng: np.random.Generator, mission: Integers) -> Objects:
        """Two or three sentences, the first about what the last mission was to do."""
        count = len(mission)
        text = np.full(count, "", object)
        for turn, share in enumerate((1.0, 1.0, 0.5)):
            chance = rng.random(count)
            theme = self._theme(chance, mission if turn == 0 else np.full(count, -1))
            theme[rng.random(count) >= share] = -1
            for code, listed in enumerate(self._sentences.by_theme):
                chosen = np.flatnonzero(theme == code)
                gap = " " if turn else ""
                text[chosen] += gap + listed[rng.integers(0, len(listed), len(chosen))]
        crafts = self._sentences.crafts
        text += crafts[rng.integers(0, len(crafts), count)]
        return text

    def _theme(
        self, chance: "np.ndarray[Any, np.dtype[np.float64]]", mission: Integers
    ) -> Integers:
        theme = np.zeros(len(mission), np.int64)
        for where in np.unique(mission):
            chosen = mission == where
            tasks = np.array(self._themes[where])
            theme[chosen] = tasks[(chance[chosen] * len(tasks)).astype(np.int64)]
        return theme


def last_missions(careers: Careers, count: int) -> Integers:
    """The mission in which each of the `count` owners served last, or -1."""
    last = np.full(count, -1)
    served = careers.mission >= 0
    last[careers.owner[served]] = careers.mission[served]
    return last


def _availability(rng: np.random.Generator, serves_until: Integers) -> tuple[Objects, list[Any]]:
    """Free now, free from a day on, or not; whoever serves is free after the term at best."""
    count = len(serves_until)
    kind = rng.choice(3, count, p=(0.38, 0.22, 0.4))
    kind[(serves_until > 0) & (kind == 0)] = 2
    soon = TODAY + 30 + rng.integers(0, 540, count)
    day = np.where(serves_until > 0, serves_until, soon)
    dates = np.array(dates_of(day), object)
    dates[kind != 1] = None
    return _AVAILABILITY[kind], dates.tolist()


def _pipeline(rng: np.random.Generator, count: int) -> list[Any]:
    entered = day_of(date(2019, 1, 15)) + rng.integers(0, 2800, count)
    dates = np.array(dates_of(entered), object)
    dates[rng.random(count) < 0.5] = None
    return list(dates)
