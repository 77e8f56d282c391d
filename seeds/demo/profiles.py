"""Invented people by the thousand, as columns: who they are, not yet what they did.

Everything is drawn from tables by a seeded generator, a whole chunk at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from asyncpg.pgproto import pgproto
from numpy.typing import NDArray

from seeds.demo.days import TODAY
from seeds.demo.names import SCRIPTS, Names, pools
from seeds.demo.places import PLACES
from seeds.identities import Sequence as Keys
from service.models.vocabulary import Gender, Proficiency, Stream

Integers = NDArray[np.int64]
Objects = NDArray[np.object_]

STREAMS: Final = np.array([stream.value for stream in Stream], object)
CIVILIAN, MILITARY, POLICE = range(3)
LEVELS: Final = np.array([None, "P_5", "D_1", "D_2", "ASG", "USG"], object)
GENDERS: Final = np.array(
    [Gender.FEMALE.value, Gender.MALE.value, Gender.OTHER.value, None], object
)
LANGUAGES: Final = tuple(
    sorted({code for place in PLACES for code in place.languages} | {"en", "fr", "ar", "es"})
)
CODES: Final = np.array(LANGUAGES, object)
LEVELS_OF_COMMAND: Final = np.array([step.value for step in Proficiency], object)
_LEARNT: Final = ("fr", "es", "ar", "ru", "pt", "sw")
_LEARNT_ODDS: Final = (0.45, 0.2, 0.12, 0.08, 0.07, 0.08)

YEAR: Final = 365.25


@dataclass(frozen=True)
class Profiles:
    """A chunk of n people; every array has one entry a person.

    `command` holds the level of every language, 0 for none, up to 6 for C2; `rank` is
    the level a career may reach, 1 for P-5 to 5 for USG; days count from 1970.
    """

    ids: list[pgproto.UUID]
    place: Integers
    second_place: Integers
    gender: Integers
    stream: Integers
    rank: Integers
    career_start: Integers
    command: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def nationalities(self) -> list[list[str]]:
        """One country for nearly everybody, two for a few."""
        return [
            [PLACES[first].code] if second < 0 else [PLACES[first].code, PLACES[second].code]
            for first, second in zip(self.place.tolist(), self.second_place.tolist(), strict=True)
        ]


def draw(rng: np.random.Generator, keys: Keys, count: int, ranks: Sequence[float]) -> Profiles:
    """`count` people whose careers reach the five levels with these odds."""
    weights = np.array([place.weight for place in PLACES], float)
    place = rng.choice(len(PLACES), count, p=weights / weights.sum())
    second = rng.choice(len(PLACES), count, p=weights / weights.sum())
    second[(rng.random(count) > 0.07) | (second == place)] = -1
    rank = rng.choice(5, count, p=ranks) + 1
    # A higher level takes longer: about 14 years of career for P-5, 26 for USG.
    seniority = 10 + 3.2 * rank + rng.gamma(2.0, 3.0, count).clip(0, 18)
    started = TODAY - seniority * YEAR
    return Profiles(
        ids=keys.take(count),
        place=place,
        second_place=second,
        gender=rng.choice(4, count, p=(0.46, 0.50, 0.015, 0.025)),
        stream=rng.choice(3, count, p=(0.76, 0.15, 0.09)),
        rank=rank,
        career_start=started.astype(np.int64),
        command=_languages(rng, place),
    )


def _languages(rng: np.random.Generator, place: Integers) -> NDArray[np.int8]:
    """Mother tongues, English for nearly all, and one that was learnt."""
    count = len(place)
    people = np.arange(count)
    command = np.zeros((count, len(LANGUAGES)), np.int8)
    learnt = np.array([LANGUAGES.index(code) for code in _LEARNT])[
        rng.choice(len(_LEARNT), count, p=_LEARNT_ODDS)
    ]
    has_learnt = rng.random(count) < 0.62
    levels = rng.choice(np.array([2, 3, 4, 5, 6]), count, p=(0.15, 0.25, 0.25, 0.22, 0.13))
    command[people[has_learnt], learnt[has_learnt]] = levels[has_learnt]
    speaks = rng.random(count) < 0.985
    english = rng.choice(np.array([3, 4, 5, 6]), count, p=(0.04, 0.18, 0.43, 0.35))
    command[people[speaks], LANGUAGES.index("en")] = english[speaks]
    firsts, seconds = _MOTHER_TONGUES[place].T
    bilingual = (seconds >= 0) & (rng.random(count) < 0.7)
    fluent = rng.choice(np.array([4, 5, 6]), count, p=(0.15, 0.4, 0.45))
    command[people[bilingual], seconds[bilingual]] = fluent[bilingual]
    command[people, firsts] = 6
    return command


_MOTHER_TONGUES: Final = np.array(
    [
        (
            LANGUAGES.index(place.languages[0]),
            LANGUAGES.index(place.languages[1]) if len(place.languages) > 1 else -1,
        )
        for place in PLACES
    ]
)


class Naming:
    """Draws names that fit where a person comes from."""

    def __init__(self) -> None:
        self._pools = pools()
        self._style = np.array([place.style for place in PLACES], object)

    def draw(self, rng: np.random.Generator, profiles: Profiles) -> tuple[Names, Names]:
        """Given and family names, one of each a person."""
        styles = self._style[profiles.place]
        in_script = rng.random(len(profiles)) < 0.04
        given = np.empty(len(profiles), object)
        family = np.empty(len(profiles), object)
        for style in sorted(set(styles)):
            for script in (False, True) if style in SCRIPTS else (False,):
                # Styles without a script of their own ignore who would write in it.
                wanted = in_script == script if style in SCRIPTS else np.True_
                chosen = np.flatnonzero((styles == style) & wanted)
                pool = self._pools[f"{style}:script" if script else style]
                women = (
                    rng.random(len(chosen))
                    < np.array((1.0, 0.0, 0.5, 0.5))[profiles.gender[chosen]]
                )
                pick = rng.integers(0, len(pool.female), len(chosen))
                given[chosen] = np.where(women, pool.female[pick], pool.male[pick % len(pool.male)])
                family[chosen] = pool.family[rng.integers(0, len(pool.family), len(chosen))]
        return given, family


def regional_groups(
    nationalities: Sequence[Sequence[str]], groups: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    """What the database derives from nationalities: all their groups, sorted."""
    known: dict[tuple[str, ...], list[str]] = {}
    made = []
    for codes in nationalities:
        key = tuple(codes)
        if key not in known:
            known[key] = sorted({group for code in codes for group in groups.get(code, ())})
        made.append(known[key])
    return made
