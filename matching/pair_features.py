"""Pairs of people as named columns, for learners that speak scikit-learn.

Gender and nationality are wishes to honour and never evidence: no column here depends on them,
so nothing that is learnt from these columns can.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from matching.arrays import Floats, Integers
from matching.configurations import Configuration, Weights
from matching.features import NEUTRAL, Feature, build
from matching.people import CRITERIA, Mentee, Mentor

PROTECTED: Final = ("mentor_gender",)
"""Features of the score that no learner may see, for they are made of protected attributes."""

LEARNABLE: Final = tuple(one.name for one in fields(Weights) if one.name not in PROTECTED)
"""The columns, in the order of the experts' weights."""

Values = npt.NDArray[np.float32]
Column = Callable[[Integers, Integers], Floats]
"""A block of values, shape (r, c), for the places of r mentees and c mentors."""

_TOP: Final = "top_criterion"
# Pairs taken at once. A feature answers for blocks of rows by columns, of which the pairs are
# the diagonal; small blocks stay in the cache and waste little.
_TOGETHER: Final = 32


def are_people(given: Any) -> bool:
    """Whether these are records of people, and not numbers in some shape."""
    return isinstance(given, list | tuple) and any(
        isinstance(one, Mentee | Mentor) for one in given
    )


class TopCriterion:
    """The feature that matters most to the mentee; neutral where none is named or it is protected.

    Who names a protected feature still has the wish honoured by the score, but it teaches nothing.
    """

    def __init__(self, known: Mapping[str, Feature], named: Sequence[str | None]) -> None:
        self.features = [known.get(name) for name in CRITERIA]
        places = [CRITERIA.index(name) if name in known else -1 for name in named]
        self.named = np.array(places, dtype=np.int64)

    def __call__(self, rows: Integers, columns: Integers) -> Floats:
        """The block's values, shape (r, c)."""
        block = np.full((len(rows), len(columns)), NEUTRAL)
        chosen = self.named[rows]
        for place in np.unique(chosen[chosen >= 0]):
            feature, mine = self.features[place], chosen == place
            assert feature is not None
            block[mine] = feature(rows[mine], columns)
        return block


def columns(
    mentees: Sequence[Mentee], mentors: Sequence[Mentor], configuration: Configuration
) -> Mapping[str, Column]:
    """Each learnable feature of n mentees and m mentors by name, in the order of `LEARNABLE`."""
    goals = [mentee.goals for mentee in mentees]
    known = dict(build(mentees, mentors, corpus=goals, configuration=configuration))
    for name in PROTECTED:
        del known[name]
    top = TopCriterion(known, [mentee.top_criterion for mentee in mentees])
    return {name: top if name == _TOP else known[name] for name in LEARNABLE}


# The library is untyped.
class PairFeatures(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What speaks for each pair: fitted on people, asked about pairs by their places.

    Fitted on plain numbers instead, it hands them on as float32 under their own names, so that
    it stands in any pipeline. To put people into a pipeline, fit it first and freeze it:
    `make_pipeline(FrozenEstimator(PairFeatures().fit(mentees, mentors)), learner)`.

    Parameters
    ----------
    configuration : Configuration, optional
        Its tables, levels and languages; its weights play no part.

    Attributes
    ----------
    mentees_, mentors_ : tuples of n and m records, or None
        The people in the order given, which is the order of the places.
    n_features_in_ : int
        2 for people: the places of the mentee and of the mentor.
    feature_names_in_ : ndarray of str
        Only after numbers in a data frame.
    """

    def __init__(self, configuration: Configuration | None = None) -> None:
        self.configuration = configuration

    def __sklearn_tags__(self) -> Any:
        """What comes out is float32, whatever goes in."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def fit(self, X: Any, y: Any = None) -> Self:
        """Takes note of the people whose pairs will be asked about.

        Parameters
        ----------
        X : sequence of n Mentee, or array-like of numbers, shape (k, f)
        y : sequence of m Mentor
            Ignored where X are numbers.
        """
        if not are_people(X):
            validate_data(self, X, dtype=np.float32)
            self.mentees_, self.mentors_ = None, None
            return self
        self.mentees_, self.mentors_ = tuple(X), tuple(y)
        self.n_features_in_ = 2
        # Places have no names, also where a frame with names was fitted before.
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._columns = columns(self.mentees_, self.mentors_, self.configuration or Configuration())
        return self

    def transform(self, X: Any) -> Values:
        """The columns of k pairs.

        Parameters
        ----------
        X : array-like of int, shape (k, 2)
            The places of mentee and mentor; after plain numbers more of the same.

        Returns
        -------
        ndarray of float32, shape (k, columns)
            After people all in 0 to 1.

        Raises
        ------
        ValueError
            If a place is none of the people's.
        """
        check_is_fitted(self)
        if self.mentees_ is None or self.mentors_ is None:
            numbers: Values = validate_data(self, X, dtype=np.float32, reset=False)
            return numbers
        pairs = validate_data(self, X, dtype=np.int64, reset=False, ensure_min_samples=0)
        _refuse_strangers(pairs, (len(self.mentees_), len(self.mentors_)))
        return np.column_stack([_of_pairs(column, pairs) for column in self._columns.values()])

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[Any]:
        """The columns' names: those of `LEARNABLE`, or of the numbers handed on."""
        check_is_fitted(self)
        names: npt.NDArray[Any] = super().get_feature_names_out(input_features)
        return names if self.mentees_ is None else np.array(LEARNABLE, dtype=object)


def _refuse_strangers(pairs: Integers, sizes: tuple[int, int]) -> None:
    for side, places, size in zip(("mentee", "mentor"), pairs.T, sizes, strict=True):
        strange = places[(places < 0) | (places >= size)]
        if len(strange):
            message = f"{side} {strange[0]} is none of the {size} fitted: places count from 0"
            raise ValueError(message)


def _of_pairs(column: Column, pairs: Integers) -> Values:
    values = np.empty(len(pairs), dtype=np.float32)
    for first in range(0, len(pairs), _TOGETHER):
        rows, others = pairs[first : first + _TOGETHER].T
        values[first : first + _TOGETHER] = column(rows, others).diagonal()
    return values
