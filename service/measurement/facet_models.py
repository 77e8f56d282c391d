"""The many-facet Rasch model: what ratings it expects of whom, and how they vary.

Rating-scale, partial-credit and rater-scale forms. It only evaluates the model for given
measures; it refuses to estimate any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np

from service.measurement.arrays import Floats, Integers, Masks
from service.measurement.ratings import FacetName, Ratings


class Form(StrEnum):
    """Whose steps from one value of the scale to the next are alike."""

    RATING_SCALE = "RATING_SCALE"
    """The same steps for all (Andrich 1978)."""
    PARTIAL_CREDIT = "PARTIAL_CREDIT"
    """Own steps for each competency (Masters 1982)."""
    RATER_SCALE = "RATER_SCALE"
    """Own steps for each assessor (Linacre 1989)."""


OWNERS: Final[dict[Form, FacetName | None]] = {
    Form.RATING_SCALE: None,
    Form.PARTIAL_CREDIT: "competency",
    Form.RATER_SCALE: "assessor",
}
"""The facet whose elements have steps of their own."""


@dataclass(frozen=True)
class Meetings:
    """Which candidates met which elements of another facet, in the order of sparse rows.

    Parameters
    ----------
    places : ndarray of int64, shape (R,)
        The meeting that each rating belongs to.
    columns : ndarray of int64, shape (meetings,)
        The other facet's element in each.
    starts : ndarray of int64, shape (N + 1,)
        Where each candidate's meetings begin.
    shape : tuple of int
        Numbers of candidates and of the other facet's elements.
    """

    places: Integers
    columns: Integers
    starts: Integers
    shape: tuple[int, int]

    @classmethod
    def of(cls, candidates: Integers, codes: Integers, shape: tuple[int, int]) -> "Meetings":
        """The meetings of ratings with these codes, shape (R,) each."""
        known, places = np.unique(candidates * shape[1] + codes, return_inverse=True)
        rows, columns = np.divmod(known, shape[1])
        starts = np.searchsorted(rows, np.arange(shape[0] + 1))
        return cls(places.astype(np.int64), columns, starts.astype(np.int64), shape)


@dataclass(frozen=True)
class Cells:
    """Observed ratings as the model reads them.

    Parameters
    ----------
    candidates : ndarray of int64, shape (R,)
    others : tuple of ndarray of int64, shape (R,) each
        The other facets, one code for each rating.
    groups : ndarray of int64, shape (R,)
        Whose steps each rating took.
    scores : ndarray of int64, shape (R,)
        Values counted from 0, the lowest of the scale.
    sizes : tuple of int
        How many candidates there are, and elements of each other facet.
    used : ndarray of bool, shape (G, K)
        Which values each group has used. One that it never used has the probability zero.
    """

    candidates: Integers
    others: tuple[Integers, ...]
    groups: Integers
    scores: Integers
    sizes: tuple[int, ...]
    used: Masks

    @classmethod
    def of(cls, ratings: Ratings, others: Sequence[FacetName], form: Form) -> "Cells":
        """The observed cells of these ratings."""
        seen = ratings.observed
        owner = OWNERS[form]
        groups = seen.facet(owner).codes if owner else np.zeros(len(seen), dtype=np.int64)
        count = len(seen.facet(owner)) if owner else 1
        scores = seen.values - seen.scale.lowest
        size = seen.scale.size
        counts = np.bincount(groups * size + scores, minlength=count * size)
        return cls(
            candidates=seen.candidate.codes,
            others=tuple(seen.facet(name).codes for name in others),
            groups=groups,
            scores=scores,
            sizes=(len(seen.candidate), *(len(seen.facet(name)) for name in others)),
            used=counts.reshape(count, size) > 0,
        )

    @property
    def facets(self) -> tuple[Integers, ...]:
        """The codes of the candidates, then of the other facets."""
        return (self.candidates, *self.others)

    @cached_property
    def counts(self) -> tuple[Integers, ...]:
        """How many ratings each element has, facet by facet."""
        return tuple(
            np.bincount(codes, minlength=size)
            for codes, size in zip(self.facets, self.sizes, strict=True)
        )

    @cached_property
    def met(self) -> tuple[Meetings, ...]:
        """Candidates with each other facet, and last with the groups of steps."""
        return tuple(
            Meetings.of(self.candidates, codes, (self.sizes[0], size))
            for codes, size in zip(
                (*self.others, self.groups), (*self.sizes[1:], len(self.used)), strict=True
            )
        )

    @cached_property
    def ends(self) -> tuple[Integers, Integers]:
        """The lowest and the highest value that each group has used, shape (G,) each."""
        size = self.used.shape[1]
        return self.used.argmax(axis=1), size - 1 - self.used[:, ::-1].argmax(axis=1)

    def sums(self, weights: Floats) -> tuple[Floats, ...]:
        """The sums of these weights, shape (R,), over each element's ratings."""
        return tuple(
            totals(codes, weights, size)
            for codes, size in zip(self.facets, self.sizes, strict=True)
        )


@dataclass(frozen=True)
class Parameters:
    """Measures in logits.

    Parameters
    ----------
    candidates : ndarray of float64, shape (N,)
        The higher, the better.
    others : tuple of ndarray of float64
        The higher, the stricter or the harder.
    ladders : ndarray of float64, shape (G, K)
        The sums of the steps up to each value; zero at both ends that a group has used, so
        that its steps sum to zero. What a value that nobody used has there means nothing.
    """

    candidates: Floats
    others: tuple[Floats, ...]
    ladders: Floats

    def etas(self, cells: Cells) -> Floats:
        """The candidate less all that is in the way, for each rating, shape (R,)."""
        total: Floats = self.candidates[cells.candidates]
        for measures, codes in zip(self.others, cells.others, strict=True):
            total = total - measures[codes]
        return total


@dataclass(frozen=True)
class Moments:
    """What the model says of each rating.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (K, R)
    expectations, variances : ndarray of float64, shape (R,)
        In points of the scale, counted from 0.
    slopes : ndarray of float64, shape (K, R)
        By how much each probability grows with the logit, which is also the covariance of
        having this value with the value.
    log_likelihood : float
        Of all ratings.
    """

    probabilities: Floats
    expectations: Floats
    variances: Floats
    slopes: Floats
    log_likelihood: float

    @property
    def fourth(self) -> Floats:
        """The fourth central moment of each rating, shape (R,)."""
        deviations = _deviations(self.probabilities, self.expectations)
        found: Floats = np.einsum("kr,kr->r", self.slopes, deviations**3)
        return found


def totals(codes: Integers, weights: Floats, size: int) -> Floats:
    """The sums of the weights of each of so many codes, shape (size,)."""
    found: Floats = np.bincount(codes, weights, minlength=size).astype(np.float64, copy=False)
    return found


def log_odds(etas: Floats, ladders: Floats, used: Masks, groups: Integers) -> Floats:
    """What each value's probability is proportional to the exponential of, shape (K, R).

    log P(h) - log P(h - 1) = eta - tau_h (Andrich 1978, Psychometrika 43, for any number of
    facets: Linacre 1989); `ladders` are the sums of the taus.
    """
    steep = np.where(used, ladders, np.inf).T
    values = np.arange(len(steep), dtype=np.float64)[:, None]
    found: Floats = values * etas
    found -= steep if steep.shape[1] == 1 else steep[:, groups]
    return found


def normalised(logits: Floats) -> tuple[Floats, Floats]:
    """Probabilities of the same shape, values first, and the logarithms of their sums."""
    highest = logits.max(axis=0)
    odds: Floats = np.exp(logits - highest)
    sums = odds.sum(axis=0)
    odds /= sums
    return odds, highest + np.log(sums)


def moments(cells: Cells, parameters: Parameters) -> Moments:
    """What the model with these parameters says of each of the cells."""
    logits = log_odds(parameters.etas(cells), parameters.ladders, cells.used, cells.groups)
    own = logits[cells.scores, np.arange(len(cells.scores))]
    probabilities, sums = normalised(logits)
    expectations = np.arange(len(logits)) @ probabilities
    deviations = _deviations(probabilities, expectations)
    slopes = probabilities * deviations
    variances: Floats = np.einsum("kr,kr->r", slopes, deviations)
    likelihood = float((own - sums).sum())
    return Moments(probabilities, expectations, variances, slopes, likelihood)


def _deviations(probabilities: Floats, expectations: Floats) -> Floats:
    values = np.arange(len(probabilities), dtype=np.float64)
    deviations: Floats = values[:, None] - expectations
    return deviations
