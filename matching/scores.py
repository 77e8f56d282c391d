"""The additive score: weight times feature, in whole millionths that sum exactly.

Scores are advice between eligible pairs; whether a pair may be made at all is
for the rules, and never said by a score of zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from matching.arrays import ALL, MICROS, Amounts, Integers, Selection
from matching.configurations import Configuration
from matching.curves import Curve, Curved
from matching.features import NEUTRAL, Feature, LookedUp, Shares, build, rounded
from matching.people import CRITERIA, Mentee, Mentor

_TOP = "top_criterion"
# Kinds of mentees in one table: it stays in the cache, and is read once for all its features.
_MOST_KINDS = 250
_NO_CRITERION, _ELSEWHERE = -1, -2


@dataclass(frozen=True)
class Scores:
    """Contributions and totals of any block of n mentees and m mentors.

    `shares` are by feature; `top` are those of each mentee's top criterion, by its place in
    `CRITERIA`. `criteria` (n,) is that place, or -1, which is neutral.
    """

    shares: Mapping[str, Shares]
    top: Sequence[Shares]
    neutral: int
    criteria: Integers
    size: int

    @classmethod
    def of(
        cls,
        mentees: Sequence[Mentee],
        mentors: Sequence[Mentor],
        *,
        corpus: Sequence[str],
        configuration: Configuration,
    ) -> "Scores":
        """Scores of these people; `corpus` is as in `features.build`."""
        features = build(mentees, mentors, corpus=corpus, configuration=configuration)
        criteria = [
            CRITERIA.index(one.top_criterion) if one.top_criterion else _NO_CRITERION
            for one in mentees
        ]
        factors = {name: weight * MICROS for name, weight in asdict(configuration.weights).items()}
        top = factors.pop(_TOP)
        curves = {curve.name: curve for curve in configuration.curves}
        curved = curves.get(_TOP)
        return cls(
            shares={
                name: _shares(features[name], factor, curves.get(name))
                for name, factor in factors.items()
            },
            top=[_shares(features[name], top, curved) for name in CRITERIA],
            neutral=int(rounded(NEUTRAL, top) if curved is None else curved.at(np.array(NEUTRAL))),
            criteria=np.array(criteria, dtype=np.int64),
            size=len(mentors),
        )

    def contributions(self, rows: Selection, columns: Selection = ALL) -> Mapping[str, Amounts]:
        """What each feature adds, by name.

        Parameters
        ----------
        rows, columns : slice or ndarray of int64
            Positions of r mentees and c mentors.

        Returns
        -------
        mapping of name to ndarray of int32, shape (r, c), in millionths
            `rint(1e6 * weight * value)`, each rounded on its own; their sum is
            the score by definition.
        """
        found = {}
        for name, shares in self.shares.items():
            found[name] = self._nothing(rows, columns)
            shares.add_to(found[name], rows, columns)
        found[_TOP] = self._nothing(rows, columns)
        self._add_top(found[_TOP], rows, columns, self.criteria)
        return found

    def totals(self, rows: Selection, columns: Selection = ALL) -> Amounts:
        """Scores of the block in millionths, shape (r, c)."""
        total = self._nothing(rows, columns)
        tables, others, criteria = self._folded
        for shares in (*tables, *others):
            shares.add_to(total, rows, columns)
        self._add_top(total, rows, columns, criteria)
        return total

    @cached_property
    def _folded(self) -> tuple[Sequence[Shares], Sequence[Shares], Integers]:
        """What is looked up by kind of mentee in few tables, all else, and the criteria left."""
        everything = self.shares.values()
        tables = [shares for shares in everything if isinstance(shares, LookedUp)]
        others = [shares for shares in everything if not isinstance(shares, LookedUp)]
        top, criteria = self._top_by_kind()
        return _few([*tables, top]), others, criteria

    def _top_by_kind(self) -> tuple[LookedUp, Integers]:
        """The top criteria that are looked up by kind of mentee, and those that are not."""
        nothing = np.zeros(self.size, dtype=np.int32)
        tables, size = [nothing[None], nothing[None] + self.neutral], 2
        codes = np.where(self.criteria == _NO_CRITERION, 1, 0)
        for criterion, shares in enumerate(self.top):
            if isinstance(shares, LookedUp):
                codes = np.where(self.criteria == criterion, size + shares.codes, codes)
                tables.append(shares.table)
                size += len(shares.table)
        left = np.where(codes == 0, self.criteria, _ELSEWHERE)
        kinds, places = np.unique(codes, return_inverse=True)
        return LookedUp(places, np.concatenate(tables)[kinds]), left

    def _nothing(self, rows: Selection, columns: Selection) -> Amounts:
        wide = self.size if columns is ALL else len(np.arange(self.size)[columns])
        return np.zeros((len(self.criteria[rows]), wide), dtype=np.int32)

    def _add_top(
        self, block: Amounts, rows: Selection, columns: Selection, criteria: Integers
    ) -> None:
        places = np.arange(len(criteria))[rows]
        chosen = criteria[places]
        block[chosen == _NO_CRITERION] += self.neutral
        for criterion in np.unique(chosen[chosen >= 0]):
            named = np.flatnonzero(chosen == criterion)
            part = np.zeros((len(named), block.shape[1]), dtype=np.int32)
            self.top[criterion].add_to(part, places[named], columns)
            block[named] += part


def _few(tables: Sequence[LookedUp]) -> Sequence[LookedUp]:
    """The same tables folded into each other, the smallest first, while kinds stay few."""
    first, *others = sorted(tables, key=lambda one: len(one.table))
    found = [first]
    for table in others:
        both = found[-1].with_more(table)
        found[-1:] = [both] if len(both.table) <= _MOST_KINDS else [found[-1], table]
    return found


def _shares(feature: Feature, factor: float, curve: Curve | None) -> Shares:
    return feature.shares(factor) if curve is None else Curved(feature, curve)
