"""The additive score: weight times feature, in whole millionths that sum exactly.

Scores are advice between eligible pairs; whether a pair may be made at all is
for the rules, and never said by a score of zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from matching.arrays import ALL, MICROS, Floats, Integers, Selection
from matching.configurations import Configuration
from matching.features import NEUTRAL, Feature, build
from matching.people import CRITERIA, Mentee, Mentor


@dataclass(frozen=True)
class Scores:
    """Contributions and totals of any block of n mentees and m mentors.

    `criteria` (n,) is the place of each mentee's top criterion in `CRITERIA`, or -1.
    """

    features: Mapping[str, Feature]
    weights: Mapping[str, float]
    criteria: Integers

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
            CRITERIA.index(one.top_criterion) if one.top_criterion else -1 for one in mentees
        ]
        weights = asdict(configuration.weights)
        return cls(features, weights, np.array(criteria, dtype=np.int64))

    def contributions(self, rows: Selection, columns: Selection = ALL) -> Mapping[str, Integers]:
        """What each feature adds, by name.

        Parameters
        ----------
        rows, columns : slice or ndarray of int64
            Positions of r mentees and c mentors.

        Returns
        -------
        mapping of name to ndarray of int64, shape (r, c), in millionths
            `rint(1e6 * weight * value)`, each rounded on its own; their sum is
            the score by definition.
        """
        values = {name: feature(rows, columns) for name, feature in self.features.items()}
        values["top_criterion"] = self._top(values, rows)
        return {
            name: np.rint(weight * MICROS * values[name]).astype(np.int64)
            for name, weight in self.weights.items()
        }

    def totals(self, rows: Selection, columns: Selection = ALL) -> Integers:
        """Scores of the block in millionths, shape (r, c)."""
        first, *others = self.contributions(rows, columns).values()
        total = first.copy()
        for part in others:
            total += part
        return total

    def _top(self, values: Mapping[str, Floats], rows: Selection) -> Floats:
        chosen = self.criteria[rows]
        top = np.full(values["function"].shape, NEUTRAL)
        for place in np.unique(chosen[chosen >= 0]):
            named = chosen == place
            top[named] = values[CRITERIA[place]][named]
        return top
