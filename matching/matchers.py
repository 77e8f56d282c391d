"""The matcher as an estimator: fitted on people, or on a plain matrix of scores.

A face for notebooks, pipelines and searches over settings. It refuses to be another solver:
`pair` and `assign` do all the work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from matching.arrays import MICROS, Floats, Integers, micros
from matching.configurations import Configuration
from matching.matrices import assign
from matching.pair_features import are_people
from matching.people import Fixed
from matching.runs import Run, pair
from matching.terms import NO_TERMS, Terms
from matching.threads import single_threaded
from matching.worths import Effort

NOBODY = -1
"""Stands for no column where rows of a matrix are matched."""


class CapacitatedMatcher(BaseEstimator):  # type: ignore[misc] # untyped library
    """The best pairing of everybody at once, with the prices that prove it.

    Fitted on plain numbers instead of people, it takes them for scores: rows are matched with
    columns. This makes it usable without our records, and checkable by scikit-learn.

    Parameters
    ----------
    configuration : Configuration, optional
        Of a run with people.
    effort : Effort, optional
        How to go about it; one thread by default, so that work beside it is left alone.
    capacity : int
        How many rows a column takes, where plain numbers are fitted.
    unmatched_value : float
        The least acceptable score, where plain numbers are fitted.

    Attributes
    ----------
    run_ : Run or None
        The whole run, after people.
    pairs_ : tuple of pairs
        Of mentee and mentor ids in the order of mentees, or of row and column.
    prices_, surplus_ : mapping of mentor or mentee id to int, or ndarrays of int64, (m,) and (n,)
        In millionths: no pair is worth more than its surplus and price together.
    gap_ : int
        How much better any other pairing can be, in millionths: 0.
    unmatched_ : tuple of Unmatched, or of int
        Who stays alone, with the reason; or the rows.
    n_features_in_ : int
        After plain numbers, how many columns there are.
    """

    def __init__(
        self,
        *,
        configuration: Configuration | None = None,
        effort: Effort | None = None,
        capacity: int = 1,
        unmatched_value: float = 0.0,
    ) -> None:
        self.configuration = configuration
        self.effort = effort
        self.capacity = capacity
        self.unmatched_value = unmatched_value

    def fit(  # noqa: PLR0913 - the people, and each thing that binds them
        self,
        mentees: Any,
        mentors: Any = None,
        incumbents: Any = None,
        *,
        fixed: Iterable[Fixed] = (),
        closed_badly: Iterable[tuple[str, str]] = (),
        terms: Terms = NO_TERMS,
    ) -> Self:
        """Finds the best pairing.

        Parameters
        ----------
        mentees : sequence of n Mentee, or array-like of numbers, shape (n, m)
        mentors : sequence of m Mentor
            Ignored with plain numbers.
        incumbents : iterable of (mentee id, mentor id), optional
            Proposals that stand; `Configuration.standing_bonus` and `most_changes` say how
            firmly. Ignored with plain numbers, as all that follows.
        fixed, closed_badly, terms
            As for `pair`: active mentorships stay and take their places.

        Raises
        ------
        InvalidPeople, Infeasible, NotSolved, NotOptimal
            As `pair` and `assign` do.
        """
        effort = Effort(threads=1) if self.effort is None else self.effort
        held = frozenset(fixed)
        with single_threaded():
            if not (are_people(mentees) or are_people(mentors)):
                return self._fit_scores(mentees, effort)
            run = pair(
                mentees,
                mentors,
                fixed=held,
                closed_badly=closed_badly,
                terms=replace(terms, standing=terms.standing | frozenset(incumbents or ())),
                configuration=self.configuration or Configuration(),
                effort=effort,
            )
        return self._told(run, held)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """With whom each is matched.

        Parameters
        ----------
        X : sequence of mentee ids; after plain numbers array-like, shape (r, m)

        Returns
        -------
        ndarray, shape (r,)
            Mentor ids, or None for whoever stays alone. After plain numbers the column that is
            worth most after its price, the first of equal ones, or `NOBODY`: what a row would
            choose for itself, and for the rows fitted as good as what they were given.

        Raises
        ------
        ValueError
            If an id is none of the mentees fitted.
        """
        check_is_fitted(self)
        if self.run_ is None:
            return self._chosen(validate_data(self, X, dtype=np.float64, reset=False))
        strange = [one for one in X if one not in self._mentor]
        if strange:
            raise ValueError(f"mentee {strange[0]!r} is none of those fitted")
        return np.array([self._mentor[one] for one in X], dtype=object)

    def _told(self, run: Run, fixed: frozenset[Fixed]) -> Self:
        self.run_: Run | None = run
        self.pairs_: tuple[tuple[Any, Any], ...] = tuple(
            (one.mentee_id, one.mentor_id) for one in run.proposals
        )
        self.prices_: Any = run.prices
        self.surplus_: Any = run.surpluses
        self.gap_ = run.gap
        self.unmatched_: Any = run.unmatched
        kept = {one.mentee_id: one.mentor_id for one in fixed}
        alone = dict.fromkeys(one.mentee_id for one in run.unmatched)
        self._mentor: Mapping[str, str | None] = alone | kept | dict(self.pairs_)
        return self

    def _fit_scores(self, scores: Any, effort: Effort) -> Self:
        worth = validate_data(self, scores, dtype=np.float64)
        n, m = worth.shape
        found = assign(
            worth,
            np.full(m, self.capacity),
            unmatched_value=self.unmatched_value,
            forbidden=worth < self.unmatched_value,
            effort=effort,
        )
        self.run_ = None
        self.pairs_ = found.pairs
        self.prices_, self.surplus_ = found.prices.prices, found.prices.surpluses
        self.gap_ = found.bound - found.objective
        self.unmatched_ = tuple(sorted(set(range(n)) - {row for row, _ in found.pairs}))
        return self

    def _chosen(self, worth: Floats) -> Integers:
        gain = np.rint(worth * MICROS).astype(np.int64) - self.prices_
        best = gain.argmax(axis=1)
        enough = gain[np.arange(len(gain)), best] >= micros(self.unmatched_value)
        return np.where(enough, best, NOBODY)
