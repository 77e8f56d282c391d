"""Agreement inside each panel: how near the values stand that one candidate was given.

Against chance by r_wg, in points of the scale by the average deviation, and by counting equal
values. It refuses a test of r_wg: three to five assessors can produce a few values only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from service.measurement.arrays import Floats, Integers, Masks
from service.measurement.ratings import BadRatings, Ratings, Scale
from service.measurement.results import Convergence, Result, Status, Undefined

# LeBreton and Senter (2008), Organizational Research Methods 11, table 2: the variance of random
# ratings that lean a little towards the upper end, by the number of values.
SLIGHTLY_SKEWED: Final[Mapping[int, float]] = {
    5: 1.34,
    6: 1.85,
    7: 2.90,
    8: 3.47,
    9: 5.66,
    10: 6.30,
    11: 7.31,
}
# From this far above what a model expects, equal values are unlikely to be chance.
_REMARKABLE: Final = 2.58
_ROUNDING: Final = 1e-6
_ALONE: Final = "Only one assessor gave a value."


@dataclass(frozen=True)
class Agreement:
    """One r_wg.

    Parameters
    ----------
    raw : float or Undefined
        By the formula; below zero where the values differ more than random ones would.
    value : float or Undefined
        The same, set to 0 where it lies below.
    is_worse_than_random : bool
    """

    raw: float | Undefined
    value: float | Undefined
    is_worse_than_random: bool = False


@dataclass(frozen=True)
class UnitAgreement:
    """Agreement on one candidate's competency in one instrument on one occasion.

    Parameters
    ----------
    candidate, competency, instrument, occasion : str
    assessors : int
    mean : float
    variance : float or Undefined
        With one less than the number of assessors below the line.
    uniform, skewed : Agreement
        r_wg against evenly spread random values, and against slightly lenient ones.
    average_deviation : float or Undefined
        Mean distance from the mean, in points of the scale.
    is_within_limit : bool or Undefined
        Whether it is at most a sixth of the number of values.
    """

    candidate: str
    competency: str
    instrument: str
    occasion: str
    assessors: int
    mean: float
    variance: float | Undefined
    uniform: Agreement
    skewed: Agreement
    average_deviation: float | Undefined
    is_within_limit: bool | Undefined


@dataclass(frozen=True)
class CandidateAgreement:
    """Agreement on one candidate over all units together.

    Parameters
    ----------
    candidate : str
    units : int
        With values of two assessors or more; the others cannot count.
    uniform, skewed : Agreement
        r_wg(J), J being `units`.
    average_deviation : float or Undefined
        The mean of that of the units.
    """

    candidate: str
    units: int
    uniform: Agreement
    skewed: Agreement
    average_deviation: float | Undefined


@dataclass(frozen=True)
class WithinGroups:
    """Agreement inside panels.

    Parameters
    ----------
    units : tuple of UnitAgreement
    candidates : tuple of CandidateAgreement
    null_variances : mapping of str to float or Undefined
        What random ratings would vary by.
    deviation_limit : float
        Of the average deviation.
    """

    units: tuple[UnitAgreement, ...]
    candidates: tuple[CandidateAgreement, ...]
    null_variances: Mapping[str, float | Undefined]
    deviation_limit: float


def within_groups(ratings: Ratings) -> Result[WithinGroups]:
    """How near the assessors' values stand, for each unit and each candidate.

    Notes
    -----
    r_wg = 1 - S2 / random variance, and r_wg(J) by its Spearman-Brown form: James, Demaree and
    Wolf (1984), Journal of Applied Psychology 69. Even null (K2 - 1) / 12; slightly skewed null
    of LeBreton and Senter (2008), which they give for 5 to 11 values. Average deviation: Burke,
    Finkelstein and Dusig (1999), Organizational Research Methods 2, and its limit K / 6: Burke
    and Dunlap (2002), the same 5.
    """
    observed = ratings.observed
    counts = {**ratings.counts, "units": int(observed.units.max(initial=-1)) + 1}
    method = (
        "r_wg and r_wg(J) (James, Demaree and Wolf 1984), average deviation (Burke, Finkelstein"
        " and Dusig 1999)"
    )
    if not len(observed):
        reason = Undefined("Nothing was observed.")
        ended = Convergence(Status.REFUSED)
        return Result("within-group agreement", reason, counts, method=method, convergence=ended)
    nulls = _Nulls.of(ratings.scale)
    units = tuple(_units(observed, nulls))
    numbers = WithinGroups(
        units=units,
        candidates=tuple(_candidates(observed, units, nulls)),
        null_variances={"uniform": nulls.uniform, "slightly skewed": nulls.skewed},
        deviation_limit=nulls.deviation_limit,
    )
    cautions = tuple(_cautions(numbers))
    return Result("within-group agreement", numbers, counts, method=method, cautions=cautions)


@dataclass(frozen=True)
class _Nulls:
    """What random ratings on a scale would vary by."""

    uniform: float
    skewed: float | Undefined
    deviation_limit: float

    @classmethod
    def of(cls, scale: Scale) -> "_Nulls":
        outside = "The slightly skewed null is published for scales of 5 to 11 values only."
        skewed: float | Undefined = SLIGHTLY_SKEWED.get(scale.size, Undefined(outside))
        return cls((scale.size**2 - 1) / 12.0, skewed, scale.size / 6.0)


def _units(observed: Ratings, nulls: _Nulls) -> Iterator[UnitAgreement]:
    units, values = observed.units, observed.values.astype(np.float64)
    counts = np.bincount(units)
    means = np.bincount(units, weights=values) / counts
    apart = values - means[units]
    squares = np.bincount(units, weights=apart**2)
    deviations = np.bincount(units, weights=np.abs(apart)) / counts
    first = np.unique(units, return_index=True)[1]
    for at, row in enumerate(first.tolist()):
        several = bool(counts[at] > 1)
        variance = float(squares[at] / (counts[at] - 1)) if several else Undefined(_ALONE)
        deviation = float(deviations[at]) if several else Undefined(_ALONE)
        yield UnitAgreement(
            **_labels(observed, row),
            assessors=int(counts[at]),
            mean=float(means[at]),
            variance=variance,
            uniform=_agreement(variance, nulls.uniform, items=1),
            skewed=_agreement(variance, nulls.skewed, items=1),
            average_deviation=deviation,
            is_within_limit=_within(deviation, nulls.deviation_limit),
        )


def _labels(observed: Ratings, row: int) -> dict[str, str]:
    facets = {
        "candidate": observed.candidate,
        "competency": observed.competency,
        "instrument": observed.instrument,
        "occasion": observed.occasion,
    }
    return {name: facet.labels[facet.codes[row]] for name, facet in facets.items()}


def _within(deviation: float | Undefined, limit: float) -> bool | Undefined:
    return deviation if isinstance(deviation, Undefined) else deviation <= limit


def _agreement(variance: float | Undefined, null: float | Undefined, *, items: int) -> Agreement:
    """r_wg(J) of a mean variance over J items; with one item it is r_wg."""
    for given in (variance, null):
        if isinstance(given, Undefined):
            return Agreement(given, given)
    ratio = float(variance) / float(null)  # type: ignore[arg-type] # both are defined by now
    above = items * (1.0 - ratio)
    if above + ratio <= 0:
        none = Undefined("The values differ so much more than random ones that r_wg(J) has none.")
        return Agreement(none, 0.0, is_worse_than_random=True)
    raw = above / (above + ratio)
    return Agreement(raw, max(raw, 0.0), is_worse_than_random=raw < 0)


def _candidates(
    observed: Ratings, units: tuple[UnitAgreement, ...], nulls: _Nulls
) -> Iterator[CandidateAgreement]:
    of_candidate: dict[str, list[UnitAgreement]] = {name: [] for name in observed.candidate.labels}
    for unit in units:
        if unit.assessors > 1:
            of_candidate[unit.candidate].append(unit)
    for candidate, rated in of_candidate.items():
        variance = _mean([unit.variance for unit in rated])
        yield CandidateAgreement(
            candidate=candidate,
            units=len(rated),
            uniform=_agreement(variance, nulls.uniform, items=len(rated)),
            skewed=_agreement(variance, nulls.skewed, items=len(rated)),
            average_deviation=_mean([unit.average_deviation for unit in rated]),
        )


def _mean(values: list[float | Undefined]) -> float | Undefined:
    defined = [value for value in values if not isinstance(value, Undefined)]
    return float(np.mean(defined)) if defined else Undefined(_ALONE)


def _cautions(found: WithinGroups) -> Iterator[str]:
    yield (
        "The even null flatters, as nobody's random values are even: read r_wg against the"
        " slightly skewed null beside it."
    )
    yield "r_wg is described and not tested: so few assessors can produce a few values only."
    several = [unit for unit in found.units if unit.assessors > 1]
    if any(one.units > 1 for one in found.candidates):
        yield "r_wg(J) rises with the number of units alone: compare it for equal numbers only."
    worse = sum(unit.uniform.is_worse_than_random for unit in several)
    if worse:
        yield f"On {worse} of {len(several)} units the values differ more than random ones would."
    if len(several) < len(found.units):
        alone = len(found.units) - len(several)
        yield f"Units with one value only, which tell nothing about agreement: {alone}."


@dataclass(frozen=True)
class ExactAgreement:
    """How many pairs of assessors gave the same value, and how many were to be expected.

    Parameters
    ----------
    pairs : int
        Of values that two assessors gave one unit.
    observed, expected : float
        How many of them are equal, and how many would be.
    expected_by : {"chance", "model"}
    beyond : float or Undefined
        The share of what is not expected that is observed: (observed - expected) / (pairs -
        expected). By chance it is Conger's kappa where everybody rated everything.
    z : float or Undefined
        How many standard deviations `observed` lies above a model's expectation.
    """

    pairs: int
    observed: int
    expected: float
    expected_by: Literal["chance", "model"]
    beyond: float | Undefined
    z: float | Undefined


def exact_agreement(
    ratings: Ratings, *, probabilities: Floats | None = None
) -> Result[ExactAgreement]:
    """How often two assessors gave the same value, beside how often they would.

    Parameters
    ----------
    ratings : Ratings
    probabilities : ndarray of float64, shape (cells of `ratings.observed`, values), optional
        How likely a model makes each value of each cell, independently. Without them it is
        chance: how often the assessor gave each value at all (Cohen 1960; for more than two
        assessors Conger 1980, Psychological Bulletin 88).

    Raises
    ------
    BadRatings
        For probabilities of another shape, and rows that do not sum to 1.
    """
    observed = ratings.observed
    by: Literal["chance", "model"] = "chance" if probabilities is None else "model"
    shares = _chances(observed) if probabilities is None else _checked(observed, probabilities)
    given, likely, seen = _padded(observed, shares)
    pairs = int((seen.sum(axis=1) * (seen.sum(axis=1) - 1)).sum()) // 2
    method = f"exact agreement of pairs, expected by {by} (Conger 1980; Linacre, Facets)"
    if not pairs:
        reason = Undefined("No unit has values of two assessors.")
        ended = Convergence(Status.REFUSED)
        return Result("exact agreement", reason, ratings.counts, method=method, convergence=ended)
    expected, variance = _moments(likely)
    equal = int(_equal_pairs(given))
    numbers = ExactAgreement(
        pairs=pairs,
        observed=equal,
        expected=expected,
        expected_by=by,
        beyond=_beyond(equal, expected, pairs),
        z=_z(equal - expected, variance, by),
    )
    return Result(
        "exact agreement",
        numbers,
        {**ratings.counts, "pairs": pairs},
        method=method,
        cautions=_on_equals(numbers),
    )


def _chances(observed: Ratings) -> Floats:
    """How often the assessor of each cell gave each value, shape (cells, K)."""
    table = np.zeros((len(observed.assessor), observed.scale.size))
    np.add.at(table, (observed.assessor.codes, observed.values - observed.scale.lowest), 1.0)
    return np.asarray((table / table.sum(axis=1, keepdims=True))[observed.assessor.codes])


def _checked(observed: Ratings, probabilities: Floats) -> Floats:
    shape = (len(observed), observed.scale.size)
    if probabilities.shape != shape:
        raise BadRatings(f"the probabilities have shape {probabilities.shape}; give {shape}")
    sums = probabilities.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1.0) > _ROUNDING) | (probabilities < 0).any(axis=1))
    if len(wrong):
        row = int(wrong[0])
        raise BadRatings(
            f"row {row + 1} of the probabilities sums to {sums[row]:.6f}; each must be none below"
            " zero and sum to 1"
        )
    return probabilities


def _padded(observed: Ratings, shares: Floats) -> tuple[Integers, Floats, Masks]:
    """Values given and their likelihoods by unit and rater, zeros where there is no rater."""
    units = observed.units
    order = np.argsort(units, kind="stable")
    sizes = np.bincount(units)
    seats = np.arange(len(units)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = (units[order], seats)
    shape = (len(sizes), int(sizes.max(initial=0)))
    given = np.zeros((*shape, observed.scale.size), dtype=np.int64)
    given[(*places, observed.values[order] - observed.scale.lowest)] = 1
    likely, seen = np.zeros(given.shape), np.zeros(shape, dtype=np.bool_)
    likely[places], seen[places] = shares[order], True
    return given, likely, seen


def _equal_pairs(given: Integers) -> int:
    counts = given.sum(axis=1)
    return int((counts * (counts - 1)).sum()) // 2


def _moments(likely: Floats) -> tuple[float, float]:
    """Mean and variance of the number of equal pairs, if values are drawn independently.

    Pairs that share an assessor are not independent: three assessors add what all three agree
    by, less the product of what two pairs do.
    """
    meet = np.einsum("ujh,ukh->ujk", likely, likely)
    seats = np.arange(likely.shape[1])
    meet[:, seats, seats] = 0.0
    expected, squares = meet.sum() / 2.0, (meet**2).sum() / 2.0
    one, two, three = (np.asarray((likely**power).sum(axis=1)) for power in (1, 2, 3))
    triples = ((one**3 - 3.0 * one * two + 2.0 * three) / 6.0).sum()
    rows = meet.sum(axis=2)
    products = (rows**2 - (meet**2).sum(axis=2)).sum() / 2.0
    return float(expected), float(expected - squares + 2.0 * (3.0 * triples - products))


def _beyond(observed: int, expected: float, pairs: int) -> float | Undefined:
    if pairs - expected < _ROUNDING:
        return Undefined("Everybody always gives the same value: agreement cannot be told.")
    return (observed - expected) / (pairs - expected)


def _z(excess: float, variance: float, by: Literal["chance", "model"]) -> float | Undefined:
    if by == "chance":
        return Undefined("Panels are to agree beyond chance; only a model's number is tested.")
    if variance < _ROUNDING:
        return Undefined("The model leaves no room for another number.")
    return float(excess / np.sqrt(variance))


def _on_equals(found: ExactAgreement) -> tuple[str, ...]:
    if isinstance(found.z, Undefined) or found.z < _REMARKABLE:
        return ()
    told = (
        f"{found.observed} of {found.pairs} pairs are equal where the model expects"
        f" {found.expected:.1f}: ask whether the assessors rated independently."
    )
    return (told,)
