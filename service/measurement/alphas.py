"""Krippendorff's alpha: whether the assessors' values can stand in for one another.

It takes any number of assessors, missing cells and four kinds of scale. It refuses to call
ratings that are all equal an agreement: they cannot show one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from service.measurement.arrays import Floats, Integers, seeded
from service.measurement.ratings import BadRatings, Ratings, Scale
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
DRAWS: Final = 1000
# Below, the same few candidates come up in nearly every draw.
FEWEST_FOR_AN_INTERVAL: Final = 5
# Krippendorff (2018), section 12.4: rely on .800 or more, conclude tentatively down to .667.
TENTATIVE: Final = 0.667
FIRM: Final = 0.8
_NAME: Final = "Krippendorff's alpha"
# How many draws are held at once, and how near to 1 an alpha may come in a draw.
_BLOCK: Final = 32
_NEAREST: Final = 1e-9
_USABLE_SHARE: Final = 0.9


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha and what it is made of.

    Parameters
    ----------
    alpha : Estimate
        1 is no disagreement, 0 what chance gives, below 0 is systematic disagreement. Its
        standard error is by the jackknife over candidates.
    metric : str
        Which differences count how much.
    observed_disagreement, expected_disagreement : float
        Mean difference within units, and between all pairable values; alpha is one minus
        their ratio.
    categories : tuple of int
        All values of the scale, also those that nobody gave.
    coincidences : tuple of tuple of float, shape (categories, categories)
        How often each pair of values met inside a unit, each unit weighted by its ratings.
    """

    alpha: Estimate
    metric: Metric
    observed_disagreement: float
    expected_disagreement: float
    categories: tuple[int, ...]
    coincidences: tuple[tuple[float, ...], ...]


def alpha(
    ratings: Ratings,
    *,
    metric: Metric = "ordinal",
    draws: int = DRAWS,
    seed: int = 1,
    level: float = 0.95,
) -> Result[Alpha]:
    """How far the assessors agree beyond chance on what each unit deserves.

    A unit is all that one assessor rates with one value: a candidate's competency in one
    instrument on one occasion. Units with fewer than two observed values cannot disagree; they
    fall away and are counted.

    Parameters
    ----------
    ratings : Ratings
    metric : {"nominal", "ordinal", "interval", "ratio"}
        How far apart two values are. The order of the categories is that of the scale.
    draws, seed : int
        Of the bootstrap, which draws candidates with all their units, because the units of one
        candidate resemble one another.
    level : float
        Of the interval.

    Raises
    ------
    BadRatings
        For the ratio metric on a scale with negative values.

    Notes
    -----
    The coefficient is that of Krippendorff (2018), Content Analysis, 4th edition, section 12.3.
    The interval is a bootstrap-t (Efron and Tibshirani 1993, section 12.5) of -log(1 - alpha),
    studentised by the jackknife over candidates. Of 200 panels of 8 to 30 candidates on a scale
    of five, 91 to 97 % held the true value where 95 % claim to; it is nearer to 91 % with few
    candidates. The percentile interval held it in 80 to 88 % with 8 to 12 candidates and was
    left.
    """
    if metric == "ratio" and ratings.scale.lowest < 0:
        raise BadRatings("the ratio metric needs a scale without negative values; take interval")
    counts = _unit_counts(ratings.observed)
    pairable = counts.sum(axis=1) >= 2
    told = {**ratings.counts, "units": int(pairable.sum())}
    method = f"Krippendorff's alpha, {metric} metric (Krippendorff 2018)"
    if not pairable.any():
        reason = "No unit has values of two assessors, so that nothing can agree or disagree."
        refused = Convergence(Status.REFUSED)
        return Result(_NAME, Undefined(reason), told, method=method, convergence=refused)
    spread = _Spread(metric, ratings.scale)
    by_candidate = _coincidences(ratings.observed, counts)
    found = _estimate(by_candidate, spread, _Draws(draws, seed, level))
    return Result(
        _NAME,
        _numbers(by_candidate.sum(axis=0), spread, found),
        told,
        method=f"{method}; bootstrap-t over {draws} draws of candidates",
        seed=seed,
        cautions=_cautions(found, told, metric=metric, alone=int((~pairable).sum())),
    )


@dataclass(frozen=True)
class _Draws:
    count: int
    seed: int
    level: float


@dataclass(frozen=True)
class _Spread:
    """The squared distances between the values of a scale, by metric."""

    metric: Metric
    scale: Scale

    def distances(self, totals: Floats) -> Floats:
        """Shape (..., K, K), from how often each value was given, shape (..., K)."""
        if self.metric == "ordinal":
            # The distance of two ranks in the middle of their ties.
            ranks = np.cumsum(totals, axis=-1) - totals / 2
            ordinal: Floats = (ranks[..., :, None] - ranks[..., None, :]) ** 2
            return ordinal
        return self._fixed()

    def _fixed(self) -> Floats:
        values = self.scale.values.astype(np.float64)
        one, other = values[:, None], values[None, :]
        if self.metric == "nominal":
            return np.asarray(one != other, dtype=np.float64)
        if self.metric == "interval":
            return np.asarray((one - other) ** 2)
        sums = np.where(one + other > 0, one + other, 1.0)
        return np.asarray(((one - other) / sums) ** 2)

    def disagreements(self, coincidences: Floats) -> tuple[Floats, Floats]:
        """Observed and expected mean distance; each shape (...), expected 0 if all are equal."""
        totals = coincidences.sum(axis=-1)
        n = totals.sum(axis=-1)
        distances = self.distances(totals)
        observed = (coincidences * distances).sum(axis=(-2, -1))
        chance = (totals[..., :, None] * totals[..., None, :] * distances).sum(axis=(-2, -1))
        pairs = np.maximum(n * (n - 1), 1.0)
        return observed / np.maximum(n, 1.0), chance / pairs

    def alphas(self, coincidences: Floats) -> Floats:
        """Alpha for each of a stack of coincidence matrices, NaN where all values are equal."""
        observed, expected = self.disagreements(coincidences)
        varied = expected > 0
        ratio = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=varied)
        return np.asarray(1.0 - ratio)


def _unit_counts(observed: Ratings) -> Integers:
    """How often each value was given in each unit, shape (units, K)."""
    units = observed.units
    counts = np.zeros((int(units.max(initial=-1)) + 1, observed.scale.size), dtype=np.int64)
    np.add.at(counts, (units, observed.values - observed.scale.lowest), 1)
    return counts


def _coincidences(observed: Ratings, counts: Integers) -> Floats:
    """Ordered pairs of values inside units over m - 1, shape (candidates, K, K)."""
    # A value that stands alone in its unit pairs with nothing but itself, which is taken off.
    pairs = (counts[:, :, None] * counts[:, None, :]).astype(np.float64)
    places = np.arange(counts.shape[1])
    pairs[:, places, places] -= counts
    pairs /= np.maximum(counts.sum(axis=1) - 1.0, 1.0)[:, None, None]
    candidates = np.empty(len(counts), dtype=np.int64)
    candidates[observed.units] = observed.candidate.codes
    by_candidate = np.zeros((len(observed.candidate), *pairs.shape[1:]))
    np.add.at(by_candidate, candidates, pairs)
    return by_candidate


def _estimate(by_candidate: Floats, spread: _Spread, draws: _Draws) -> Estimate:
    value = float(spread.alphas(by_candidate.sum(axis=0)[None])[0])
    if not np.isfinite(value):
        reason = "All values are equal: without differences there is nothing to agree on."
        return Estimate(Undefined(reason), Undefined(reason), Undefined(reason))
    told = by_candidate[by_candidate.sum(axis=(1, 2)) > 0]
    if len(told) < FEWEST_FOR_AN_INTERVAL:
        reason = f"Fewer than {FEWEST_FOR_AN_INTERVAL} candidates are too few to draw from."
        return Estimate(value, Undefined(reason), Undefined(reason))
    error = _jackknife(np.ones((1, len(told))), told, spread)[0]
    if value >= 1 - _NEAREST or not np.isfinite(error) or error == 0:
        reason = "The candidates do not differ in how far the assessors agree on them."
        return Estimate(value, Undefined(reason), Undefined(reason))
    interval = _interval(told, spread, draws, centre=(_stretched(value), float(error)))
    return Estimate(value, float((1.0 - value) * error), interval)


def _stretched(alphas: Floats | float) -> Floats:
    """-log(1 - alpha), in which alpha's sampling distribution is near symmetric."""
    return np.asarray(-np.log(np.maximum(1.0 - np.asarray(alphas), _NEAREST)))


def _jackknife(weights: Floats, by_candidate: Floats, spread: _Spread) -> Floats:
    """The standard error of -log(1 - alpha) under each row of weights, shape (draws,)."""
    n = by_candidate.shape[0]
    totals = np.tensordot(weights, by_candidate, axes=1)
    without = _stretched(spread.alphas(totals[:, None] - by_candidate[None]))
    # Candidates that were not drawn cannot be left out either.
    without = np.where(weights > 0, without, 0.0)
    centres = (weights * without).sum(axis=1, keepdims=True) / n
    squares = (weights * (without - centres) ** 2).sum(axis=1)
    return np.asarray(np.sqrt((n - 1) / n * squares))


def _interval(
    by_candidate: Floats, spread: _Spread, draws: _Draws, *, centre: tuple[Floats, float]
) -> Interval | Undefined:
    n = len(by_candidate)
    drawn = seeded(draws.seed).multinomial(n, np.full(n, 1.0 / n), size=draws.count)
    pivots = np.concatenate(
        [
            _pivots(drawn[first : first + _BLOCK].astype(np.float64), by_candidate, spread, centre)
            for first in range(0, draws.count, _BLOCK)
        ]
    )
    if len(pivots) < _USABLE_SHARE * draws.count:
        return Undefined("In too many draws all values are equal to give an interval.")
    tail = (1.0 - draws.level) / 2.0
    low, high = np.quantile(pivots, [tail, 1.0 - tail])
    place, error = centre
    # Alpha is never below -1: two assessors who always contradict one another come near.
    exponents = np.minimum(error * np.array([high, low]) - place, np.log(2.0))
    ends = 1.0 - np.exp(exponents)
    return Interval(float(ends[0]), float(ends[1]), draws.level)


def _pivots(
    weights: Floats, by_candidate: Floats, spread: _Spread, centre: tuple[Floats, float]
) -> Floats:
    """How many of its own standard errors each draw lies off; undefined draws are left out."""
    places = _stretched(spread.alphas(np.tensordot(weights, by_candidate, axes=1)))
    errors = _jackknife(weights, by_candidate, spread)
    usable = np.isfinite(places) & np.isfinite(errors) & (errors > 0)
    return np.asarray((places[usable] - centre[0]) / errors[usable])


def _numbers(coincidences: Floats, spread: _Spread, found: Estimate) -> Alpha:
    observed, expected = spread.disagreements(coincidences[None])
    return Alpha(
        alpha=found,
        metric=spread.metric,
        observed_disagreement=float(observed[0]),
        expected_disagreement=float(expected[0]),
        categories=tuple(spread.scale.values.tolist()),
        coincidences=tuple(tuple(row) for row in coincidences.tolist()),
    )


def _cautions(
    found: Estimate, counts: Mapping[str, int], *, metric: Metric, alone: int
) -> tuple[str, ...]:
    told = []
    if alone:
        told.append(f"Units with one value only, which tell nothing about agreement: {alone}.")
    if metric == "ratio":
        told.append("The ratio metric means that a 4 is twice a 2, which few rating scales mean.")
    if isinstance(found.value, Undefined):
        return (*told, found.value.reason)
    if found.value < 0:
        told.append("Alpha is below zero: the assessors disagree more than chance would.")
    if isinstance(found.interval, Interval):
        told += _cautions_on(found.interval)
    if counts["candidates"] < 10:
        told.append(
            f"With {counts['candidates']} candidates the interval is rough; it may hold the true"
            " value less often than it claims."
        )
    return tuple(told)


def _cautions_on(interval: Interval) -> list[str]:
    if interval.low <= 0:
        return ["The interval includes zero: agreement is not shown."]
    if interval.low < TENTATIVE:
        return [f"The interval reaches below {TENTATIVE}: even tentative conclusions are unsafe."]
    if interval.low < FIRM:
        return [f"The interval reaches below {FIRM}: conclusions are tentative."]
    return []
