"""What speaks for a pair: each feature a number from 0 to 1, higher is better.

A missing fact is no evidence (0); a wish that was not expressed, or a clock
that is not known, is neutral (0.5). No feature may decide: rules forbid, features rank.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from matching.arrays import (
    ALL,
    Amounts,
    Floats,
    Integers,
    Masks,
    Selection,
    Sparse,
    Words,
    dense,
    pack,
    shared,
    sparse,
)
from matching.configurations import Configuration
from matching.people import Mentee, Mentor
from matching.texts import Texts

NEUTRAL: Final = 0.5
SAME_STREAM: Final = 0.25
HIGHEST_LANGUAGE_LEVEL: Final = 6
WORKING_HOURS: Final = 8.0

Key = TypeVar("Key")


class Shares(Protocol):
    """What a feature adds to a block of pairs, in whole millionths."""

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds `rint(factor * value)` of every pair to the block, shape (r, c), in place."""


class Feature(Protocol):
    """A block of values in 0 to 1, shape (r, c), for r mentees and c mentors."""

    def __call__(self, rows: Selection, columns: Selection) -> Floats: ...

    def shares(self, factor: float) -> Shares:
        """The same times a factor in millionths, tabulated: rounded once for each value."""


def rounded(values: npt.ArrayLike, factor: float) -> Amounts:
    """`rint(factor * value)`, the one rounding between a value and what it adds."""
    return np.rint(factor * np.asarray(values, dtype=np.float64)).astype(np.int32)


@dataclass(frozen=True)
class LookedUp:
    """Shares by kind of mentee and mentor: `table[codes]`, shapes (n,) and (kinds, m)."""

    codes: Integers
    table: Amounts

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds the shares of these pairs."""
        found = self.table[self.codes[rows]]
        block += found if columns is ALL else found[:, columns]

    def with_more(self, other: "LookedUp") -> "LookedUp":
        """Both at once, by the kinds that occur together."""
        size = len(other.table)
        kinds, codes = np.unique(self.codes * size + other.codes, return_inverse=True)
        return LookedUp(codes, self.table[kinds // size] + other.table[kinds % size])


@dataclass(frozen=True)
class Counted:
    """Shares by something counted of each pair: `table[codes, count]`.

    `codes` (n,) is the mentee's row of the table, (kinds, counts).
    """

    count: Callable[[Selection, Selection], npt.NDArray[Any]]
    codes: Integers
    table: Amounts

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds the shares of these pairs."""
        counts, codes = self.count(rows, columns), self.codes[rows]
        for kind in np.unique(codes):
            alike = codes == kind
            if alike.all():
                block += self.table[kind].take(counts)
            else:
                block[alike] += self.table[kind].take(counts[alike])


@dataclass(frozen=True)
class Lookup:
    """A feature that depends on few different mentees: `table[codes]`.

    `codes` has shape (n,), `table` has shape (kinds of mentee, m).
    """

    codes: Integers
    table: Floats

    @classmethod
    def of(
        cls,
        keys: Sequence[Key],
        mentors: Sequence[Mentor],
        value: Callable[[Key, Mentor], float],
        fact: Callable[[Mentor], Hashable],
    ) -> "Lookup":
        """The values of each different key with each mentor.

        They are computed once for all mentors who have the `fact` in common, the only one
        that the value may depend on.
        """
        kinds = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        codes = np.array([kinds[key] for key in keys], dtype=np.int64)
        facts = [fact(mentor) for mentor in mentors]
        different = dict(zip(facts, mentors, strict=True))
        places = {held: place for place, held in enumerate(different)}
        table = np.array([[value(key, one) for one in different.values()] for key in kinds])
        columns = np.array([places[held] for held in facts], dtype=np.int64)
        values = table.reshape(len(kinds), len(different)).astype(np.float64)
        return cls(codes, values[:, columns])

    def __call__(self, rows: Selection, columns: Selection) -> Floats:
        """The block's values."""
        block: Floats = self.table[self.codes[rows]][:, columns]
        return block

    def shares(self, factor: float) -> Shares:
        """The values times a factor."""
        return LookedUp(self.codes, rounded(self.table, factor))


@dataclass(frozen=True)
class Coverage:
    """The share of the mentee's mandate tasks the mentor has carried; without tasks, 0."""

    mine: Words
    theirs: Words

    @classmethod
    def of(cls, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> "Coverage":
        """Coverage of these people's mandate tasks."""
        mine = [mentee.mandate_tasks for mentee in mentees]
        vocabulary = frozenset[str]().union(*mine)
        theirs = [mentor.mandate_tasks for mentor in mentors]
        return cls(pack(mine, vocabulary), pack(theirs, vocabulary))

    def __call__(self, rows: Selection, columns: Selection) -> Floats:
        """The block's values."""
        sizes = self._sizes[rows, None]
        values: Floats = self._values[sizes, self._carried(rows, columns)]
        return values

    def shares(self, factor: float) -> Shares:
        """The values times a factor."""
        return Counted(self._carried, self._sizes, rounded(self._values, factor))

    def _carried(self, rows: Selection, columns: Selection) -> npt.NDArray[np.uint8]:
        return shared(self.mine[rows], self.theirs[columns])

    @cached_property
    def _sizes(self) -> Integers:
        sizes: Integers = np.bitwise_count(self.mine).sum(axis=1, dtype=np.int64)
        return sizes

    @cached_property
    def _values(self) -> Floats:
        """By number of tasks and number of those carried, shape (sizes, counts)."""
        most = int(self._sizes.max(initial=0))
        sizes = np.maximum(np.arange(most + 1, dtype=np.float64), 1.0)
        return np.arange(most + 1) / sizes[:, None]


@dataclass(frozen=True)
class Languages:
    """Working languages shared beyond the best one; two more at C2 are worth 1.

    A shared language is as strong as the weaker speaker. `mine` is (n, codes)
    and `theirs` (m, codes); a level below the working one is stored as 0.
    """

    mine: npt.NDArray[np.uint8]
    theirs: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, mentees: Sequence[Mentee], mentors: Sequence[Mentor], least: int) -> "Languages":
        """Levels from `least` up, in the languages that both sides speak."""
        mine, theirs = [one.languages for one in mentees], [one.languages for one in mentors]
        codes = sorted(set[str]().union(*mine) & set[str]().union(*theirs))
        return cls(_levels(mine, codes, least), _levels(theirs, codes, least))

    def __call__(self, rows: Selection, columns: Selection) -> Floats:
        """The block's values."""
        return self._values[self._beyond(rows, columns)]

    def shares(self, factor: float) -> Shares:
        """The values times a factor."""
        alike = np.zeros(len(self.mine), dtype=np.int64)
        return Counted(self._beyond, alike, rounded(self._values[None, :], factor))

    def _beyond(self, rows: Selection, columns: Selection) -> npt.NDArray[np.uint8]:
        """The levels shared beyond the best language, up to where they are worth 1."""
        mine, theirs = self.mine[rows], self.theirs[columns]
        total = np.zeros((len(mine), len(theirs)), dtype=np.uint16)
        best = np.zeros(total.shape, dtype=np.uint8)
        for code in range(mine.shape[1]):
            common = np.minimum(mine[:, code, None], theirs[None, :, code])
            total += common
            np.maximum(best, common, out=best)
        beyond: npt.NDArray[np.uint8] = np.minimum(total - best, 2 * HIGHEST_LANGUAGE_LEVEL).astype(
            np.uint8
        )
        return beyond

    @cached_property
    def _values(self) -> Floats:
        most = 2 * HIGHEST_LANGUAGE_LEVEL
        return np.arange(most + 1) / float(most)


@dataclass(frozen=True)
class Preferences:
    """The mentee's own ranking of mentors: 1 for the first, falling evenly, 0 for the unranked.

    Who ranked nobody is neutral; `base` (n,) holds that value.
    """

    base: Floats
    ranks: Sparse

    @classmethod
    def of(cls, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> "Preferences":
        """Preferences of these people; an unknown id in a ranking keeps its place."""
        column = {mentor.id: j for j, mentor in enumerate(mentors)}
        ranks: dict[tuple[int, int], float] = {}
        for i, mentee in enumerate(mentees):
            ranking = tuple(dict.fromkeys(mentee.preferred_mentors))
            for rank, mentor_id in enumerate(ranking):
                if mentor_id in column:
                    ranks[i, column[mentor_id]] = 1.0 - rank / len(ranking)
        base = [0.0 if mentee.preferred_mentors else NEUTRAL for mentee in mentees]
        return cls(np.array(base), sparse(ranks, (len(mentees), len(mentors)), np.float64))

    def __call__(self, rows: Selection, columns: Selection) -> Floats:
        """The block's values."""
        return dense(self.ranks, rows, columns) + self.base[rows, None]

    def shares(self, factor: float) -> Shares:
        """The values times a factor."""
        named = self.ranks.copy()
        # Who ranked anybody has a base of nothing, so the two never meet in one pair.
        named.data = rounded(named.data, factor)
        return Named(rounded(self.base, factor), named)


@dataclass(frozen=True)
class Named:
    """Shares of a few pairs named one by one, (n, m), beside what every pair of a mentee has."""

    base: Amounts
    pairs: Sparse

    def add_to(self, block: Amounts, rows: Selection, columns: Selection) -> None:
        """Adds the shares of these pairs."""
        block += self.base[rows, None]
        if self.pairs.nnz:
            block += dense(self.pairs, rows, columns)


def build(
    mentees: Sequence[Mentee],
    mentors: Sequence[Mentor],
    *,
    corpus: Sequence[str],
    configuration: Configuration,
) -> Mapping[str, Feature]:
    """Every feature by the name of its weight, except `top_criterion`, which reads the others.

    Parameters
    ----------
    mentees, mentors : sequences of n and m records
    corpus : texts among which the rarity of words is measured
    """
    least = configuration.working_language_level
    goals, expertise = [one.goals for one in mentees], [one.expertise for one in mentors]
    functions = [(one.function, one.stream.upper()) for one in mentees]
    return {
        "function": Lookup.of(
            functions, mentors, FunctionFit.of(configuration), lambda one: one.functions
        ),
        "mission_context": mission_context(mentees, mentors),
        "mandate_tasks": Coverage.of(mentees, mentors),
        "seniority": Lookup.of(
            [one.level for one in mentees],
            mentors,
            Seniority(configuration),
            lambda one: one.level,
        ),
        "languages": Languages.of(mentees, mentors, least),
        "time_zone": Lookup.of(
            [one.utc_offset_hours for one in mentees],
            mentors,
            time_zone,
            lambda one: one.utc_offset_hours,
        ),
        "goals": Texts.of(goals, expertise, corpus=corpus),
        "preferred_mentor": Preferences.of(mentees, mentors),
        "mentor_gender": Lookup.of(
            [one.mentor_gender_preference for one in mentees],
            mentors,
            mentor_gender,
            lambda one: one.gender,
        ),
    }


@dataclass(frozen=True)
class FunctionFit:
    """1 for the same function, the table's value for an adjacent one, a little for the stream."""

    adjacent: Mapping[tuple[str, str], float]
    streams: Mapping[str, str]

    @classmethod
    def of(cls, configuration: Configuration) -> "FunctionFit":
        """The fit the configuration's tables describe."""
        table = configuration.adjacent_functions
        forth = {(first, second): fit for first, second, fit in table}
        back = {(second, first): fit for first, second, fit in table}
        return cls(forth | back, dict(configuration.function_streams))

    def __call__(self, key: tuple[str | None, str], mentor: Mentor) -> float:
        """The best fit among the mentor's functions."""
        function, stream = key
        return max((self._fit(function, stream, held) for held in mentor.functions), default=0.0)

    def _fit(self, function: str | None, stream: str, held: str) -> float:
        if function == held:
            return 1.0
        known = self.streams.get(held)
        floor = SAME_STREAM if known is not None and known == stream else 0.0
        return max(floor, self.adjacent.get((function or "", held), 0.0))


@dataclass(frozen=True)
class Seniority:
    """0 below the mentee, half at the same level, 1 for one or two above, half for more."""

    configuration: Configuration

    def __call__(self, level: str | None, mentor: Mentor) -> float:
        """The value for a mentee of this level; an unknown level is no evidence."""
        levels = self.configuration.levels
        if level not in levels or mentor.level not in levels:
            return 0.0
        gap = levels.index(mentor.level) - levels.index(level)
        return 0.0 if gap < 0 else 1.0 if gap in {1, 2} else 0.5


def mission_context(mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> Lookup:
    """Half for having served in the region, 0.3 for the type of mission, 0.2 for the mission."""
    known = [(one.mission_region, one.mission_type, one.mission_id) for one in mentees]
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(known))}
    regions, types, missions = zip(*kinds, strict=True) if kinds else ((), (), ())
    table = (
        0.5 * _held(regions, [one.regions for one in mentors])
        + 0.3 * _held(types, [one.mission_types for one in mentors])
        + 0.2 * _held(missions, [one.mission_ids for one in mentors])
    )
    return Lookup(np.array([kinds[kind] for kind in known], dtype=np.int64), table)


def _held(labels: Sequence[str | None], sets: Sequence[Collection[str]]) -> Masks:
    """Whether each set holds each label, shape (labels, sets); nobody holds an unknown one.

    Each different label is looked up once, because missions are many and share few regions.
    """
    different = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    found = np.array(
        [[label is not None and label in held for held in sets] for label in different], dtype=bool
    )
    places = np.array([different[label] for label in labels], dtype=np.int64)
    return found.reshape(len(different), len(sets))[places]


def time_zone(offset: float | None, mentor: Mentor) -> float:
    """The part of an eight-hour day during which both work, if both keep local hours."""
    if offset is None or mentor.utc_offset_hours is None:
        return NEUTRAL
    apart = abs(offset - mentor.utc_offset_hours) % 24
    return max(0.0, WORKING_HOURS - min(apart, 24 - apart)) / WORKING_HOURS


def mentor_gender(wish: str | None, mentor: Mentor) -> float:
    """1 if the wish is known to be met, 0 if not, neutral without a wish."""
    return NEUTRAL if wish is None else float(wish == mentor.gender)


def _levels(
    spoken: Sequence[Mapping[str, int]], codes: Sequence[str], least: int
) -> npt.NDArray[np.uint8]:
    levels = np.zeros((len(spoken), len(codes)), dtype=np.uint8)
    for row, languages in enumerate(spoken):
        for column, code in enumerate(codes):
            level = languages.get(code, 0)
            levels[row, column] = level if level >= least else 0
    return levels
