"""Orders of candidates: which places each may hold, how likely, and what is certain of the list.

It refuses an order without the joint covariance of its errors, and calls nothing certain that
rests on one comparison picked out of many.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from service.measurement.arrays import Floats, Integers
from service.measurement.families import holm
from service.measurement.measures import Measures
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

FEWEST_DRAWS: Final = 10_000
# Measures that differ by less than this, of the largest difference, are equal but for rounding.
_EQUAL: Final = 1e-9
_SHOWN: Final = 5
_METHOD: Final = (
    "places in {draws} draws from the normal distribution of the measures' errors (Goldstein and"
    " Spiegelhalter 1996); claims by Holm (1979) over one-sided z of all ordered pairs, turned"
    " into places as by Mogstad, Romano, Shaikh and Wilhelm (2024)"
)


@dataclass(frozen=True)
class Span:
    """The places from `best` to `worst`, both included; 1 is the top."""

    best: int
    worst: int

    def holds(self, place: int) -> bool:
        """Whether the place lies in it."""
        return self.best <= place <= self.worst


@dataclass(frozen=True)
class Place:
    """Where a candidate stands.

    Parameters
    ----------
    label : str
    place : int
        By the measure alone; equal measures share the better place.
    measure : Estimate
    expected : float
        The mean of the places drawn.
    likely : Span
        For whoever looks at this candidate alone. It holds as often as it claims where measures
        differ by about their errors or more, and less often where all are nearly alike.
    certain : Span
        True of all candidates together, at least as often as the level asks, however near they
        are to one another.
    """

    label: str
    place: int
    measure: Estimate
    expected: float
    likely: Span
    certain: Span


@dataclass(frozen=True)
class Ranks:
    """An order of n candidates, from the top; all tables have their rows in that order.

    Parameters
    ----------
    places : tuple of Place
    shares : ndarray of float64, shape (n, n)
        The probability that the row's candidate has place 1 to n.
    top : ndarray of float64, shape (n, n)
        The probability of being among the best 1 to n.
    above : ndarray of float64, shape (n, n)
        Holm's p-value of the claim that the row's candidate is better than the column's.
    """

    places: tuple[Place, ...]
    shares: Floats
    top: Floats
    above: Floats

    @property
    def labels(self) -> tuple[str, ...]:
        """The candidates from the top."""
        return tuple(one.label for one in self.places)


def rank(
    measures: Measures, *, seed: int, draws: int = FEWEST_DRAWS, level: float = 0.95
) -> Result[Ranks]:
    """The order of candidates, with the uncertainty of every place.

    Parameters
    ----------
    measures : Measures
        In any order, which changes nothing.
    seed : int
        Of the draws.
    draws : int
        At least 10,000, so that a probability is within 0.01 of what more would give.
    level : float
        Of all intervals.

    Returns
    -------
    Result of Ranks

    Raises
    ------
    ValueError
        For fewer draws than 10,000 and a level that is not between 0 and 1.

    References
    ----------
    Goldstein, H. & Spiegelhalter, D. J. (1996). League tables and their limitations. Journal of
    the Royal Statistical Society A 159(3), 385-443.
    Mogstad, M., Romano, J. P., Shaikh, A. M. & Wilhelm, D. (2024). Inference for ranks with
    applications to mobility across neighbourhoods and academic achievement across countries.
    Review of Economic Studies 91(1), 476-518.
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} draws are too few for a tail; ask for {FEWEST_DRAWS} or more")
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is none; give one between 0 and 1, such as 0.95")
    counts = {"candidates": len(measures), "draws": draws}
    method = _METHOD.format(draws=f"{draws:,}")
    if len(measures) < 2:
        none = Undefined(f"an order needs two candidates and there are {len(measures)}")
        refused = Convergence(Status.REFUSED)
        return Result("order", none, counts, method, seed=seed, convergence=refused)
    ranks = _ranks(measures.ordered(), seed=seed, draws=draws, level=level)
    cautions = _cautions(ranks, level)
    return Result("order", ranks, counts, method, seed=seed, cautions=cautions)


def _ranks(measures: Measures, *, seed: int, draws: int, level: float) -> Ranks:
    shares = _shares(measures, seed=seed, draws=draws)
    top = np.minimum(np.cumsum(shares, axis=1), 1.0)
    above = _claims(measures)
    certain = above < 1 - level
    places = _placed(measures.values[np.newaxis, :])[0]
    errors = np.sqrt(np.diag(measures.covariance))
    width = float(ndtri((1 + level) / 2))
    return Ranks(
        places=tuple(
            Place(
                label=label,
                place=int(places[i]),
                measure=_estimate(float(measures.values[i]), float(errors[i]), width, level),
                expected=float(shares[i] @ np.arange(1, len(measures) + 1)),
                likely=_likely(top[i], level),
                certain=Span(1 + int(certain[:, i].sum()), len(measures) - int(certain[i].sum())),
            )
            for i, label in enumerate(measures.labels)
        ),
        shares=shares,
        top=top,
        above=above,
    )


def _estimate(value: float, se: float, width: float, level: float) -> Estimate:
    return Estimate(value, se, Interval(value - width * se, value + width * se, level))


def _shares(measures: Measures, *, seed: int, draws: int) -> Floats:
    n = len(measures)
    counts = np.zeros(n * n, dtype=np.int64)
    for block in measures.draws(seed, draws):
        spots = np.arange(n) * n + _placed(block) - 1
        counts += np.bincount(spots.ravel(), minlength=n * n)
    return counts.reshape(n, n) / draws


def _placed(values: Floats) -> Integers:
    """One more than how many are above, in each row; the same for equal ones."""
    unit = _EQUAL * max(float(np.ptp(values)), 1e-300)
    steps = np.rint((values - values.min()) / unit)
    return rankdata(-steps, method="min", axis=1).astype(np.int64)


def _likely(top: Floats, level: float) -> Span:
    """The places between which the middle of the draws lies, in whole places."""
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    best, worst = np.searchsorted(top, ends - _EQUAL) + 1
    return Span(int(best), int(worst))


def _claims(measures: Measures) -> Floats:
    """Holm's p-values; a claim has a direction, so that each pair enters twice."""
    gaps, errors = measures.differences(), measures.standard_errors()
    known = errors > 0
    z = np.divide(gaps, errors, where=known, out=np.zeros_like(gaps))
    # What is known without error is so or is not.
    p = np.where(known, ndtr(-z), np.where(gaps > 0, 0.0, 1.0))
    others = ~np.eye(len(measures), dtype=np.bool_)
    adjusted = np.ones_like(p)
    adjusted[others] = holm(p[others])
    return adjusted


def _cautions(ranks: Ranks, level: float) -> tuple[str, ...]:
    said = []
    first = ranks.shares[:, 0]
    if first[0] < level:
        rivals = ", ".join(
            f"{one.label} in {100 * share:.0f}"
            for one, share in zip(ranks.places, first, strict=True)
            if share >= 0.01
        )
        said.append(f"Who is first is not settled: in 100 draws within the error, {rivals}.")
    if (ranks.above >= 1 - level).all():
        said.append(
            "No candidate is shown to be better than any other; with all so near to one another"
            " the likely places are too narrow, and only the certain ones hold."
        )
    elif unsettled := _unsettled(ranks, level):
        told = "; ".join(unsettled[:_SHOWN])
        more = f"; and {len(unsettled) - _SHOWN} pairs more" if len(unsettled) > _SHOWN else ""
        said.append(f"These neighbours may as well stand the other way round: {told}{more}.")
    said.append(
        "The likely places hold for a candidate looked at alone; for a claim about the whole list"
        " take the certain places."
    )
    return tuple(said)


def _unsettled(ranks: Ranks, level: float) -> list[str]:
    labels = ranks.labels
    neighbours = zip(labels, labels[1:], np.diagonal(ranks.above, 1), strict=False)
    return [f"{one} and {other}" for one, other, p in neighbours if p >= 1 - level]
