"""How well ratings fit the measures, and how well the measures tell elements apart.

It looks only at ratings that were calibrated: what lies at an end fits any measure. It refuses
to read anything into fewer than ten ratings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy import special

from service.measurement.arrays import Floats
from service.measurement.calibrations import Calibration
from service.measurement.expectations import Expected, expect
from service.measurement.facet_models import totals
from service.measurement.ratings import FacetName, Ratings
from service.measurement.results import Result, Undefined
from service.measurement.tables import Row

FEWEST: Final = 10
"""Mean squares of fewer ratings are not interpretable."""
SOUND: Final = 30
"""Below this many ratings nearly any mean square occurs by chance."""
_LOW, _HIGH = 0.5, 1.5
# Agreement this many standard errors beyond what is expected asks for a look.
_FAR: Final = 3.0


class Reading(StrEnum):
    """What the mean squares of an element say."""

    USABLE = "USABLE"
    MUTED = "MUTED"
    """One is under 0.5: its ratings vary less than the model expects."""
    NOISY = "NOISY"
    """One is over 1.5: they vary more."""
    NOT_INTERPRETABLE = "NOT_INTERPRETABLE"
    """There are fewer than 10."""


@dataclass(frozen=True)
class MeanSquare:
    """A mean square, which the model expects to be 1, and its standardised value."""

    value: float
    z: float | Undefined


@dataclass(frozen=True)
class ElementFit:
    """How the ratings of one element fit.

    Parameters
    ----------
    label : str
    ratings : int
    infit : MeanSquare
        Each rating by what it tells.
    outfit : MeanSquare
        Each rating alike, so that one surprise moves it.
    reading : Reading
    """

    label: str
    ratings: int
    infit: MeanSquare
    outfit: MeanSquare
    reading: Reading


@dataclass(frozen=True)
class Separation:
    """How far a facet's elements lie apart beside their errors.

    Parameters
    ----------
    elements : int
        But extreme and anchored ones.
    deviation, error : float
        The standard deviation of the measures, these being all there are, and the root mean
        square of their model standard errors, in logits.
    separation, reliability, strata : float
        Zero where the measures lie no further apart than their errors.
    sample_reliability : float
        The same with the elements as a sample of those there could be.
    chi_squared, degrees, p : float, int, float
        Of the hypothesis that all elements have one measure.
    """

    elements: int
    deviation: float
    error: float
    separation: float
    reliability: float
    strata: float
    sample_reliability: float
    chi_squared: float
    degrees: int
    p: float


@dataclass(frozen=True)
class Agreement:
    """How often two assessors gave the same value for the same thing.

    Parameters
    ----------
    pairs, exact : int
    expected : float
        How many the model expects of assessors who judge by themselves.
    z : float or Undefined
        The difference in standard errors, pairs counted as independent.
    """

    pairs: int
    exact: int
    expected: float
    z: float | Undefined


@dataclass(frozen=True)
class Fits:
    """Fit of all elements, separation of all facets, and agreement of assessors."""

    elements: Mapping[FacetName, tuple[ElementFit, ...]]
    separations: Mapping[FacetName, Separation | Undefined]
    agreement: Agreement | Undefined


def examine(ratings: Ratings, calibration: Calibration) -> Result[Fits]:
    """Mean squares, separation, the test of equal measures, and exact agreement.

    Mean squares, their standardisation and separation: Wright and Masters 1982, Rating Scale
    Analysis, ch. 5; strata: Wright and Masters 2002; the test and exact agreement: Linacre 1989.

    Parameters
    ----------
    ratings : Ratings
        Those that were calibrated; those of extreme elements are left out.
    calibration : Calibration

    Raises
    ------
    BadRatings
        Where none of them was calibrated.
    """
    looked = expect(ratings, calibration)
    elements = {
        name: _elements(looked, place, name) for place, name in enumerate(calibration.ruler.names)
    }
    separations = {name: _separation(rows) for name, rows in calibration.facets.items()}
    agreement = _agreement(looked)
    return Result(
        "fit to the many-facet Rasch model",
        Fits(elements, separations, agreement),
        dict(ratings.counts) | {"looked_at": len(looked.ratings)},
        method="mean squares with z by Wilson and Hilferty, separation by model standard errors "
        "(Wright and Masters 1982); exact agreement of pairs of assessors (Linacre 1989)",
        cautions=(
            *_of_elements(elements),
            *_of_separations(separations),
            *_of_agreement(agreement),
        ),
    )


def _elements(looked: Expected, place: int, name: FacetName) -> tuple[ElementFit, ...]:
    codes, size = looked.cells.facets[place], looked.cells.sizes[place]
    variances, fourth = looked.moments.variances, looked.moments.fourth
    squares, counts = looked.residuals**2, looked.cells.counts[place]
    told = totals(codes, variances, size)
    infit = totals(codes, squares, size) / told
    outfit = totals(codes, squares / variances, size) / counts
    # The standard deviations of both mean squares, from the fourth moments.
    spreads = (
        np.sqrt(totals(codes, fourth - variances**2, size)) / told,
        np.sqrt(totals(codes, fourth / variances**2 - 1.0, size)) / counts,
    )
    squared = [
        [
            MeanSquare(value, _standardised(value, spread, int(count)))
            for value, spread, count in zip(each.tolist(), by.tolist(), counts, strict=True)
        ]
        for each, by in zip((infit, outfit), spreads, strict=True)
    ]
    labels = looked.ratings.facet(name).labels
    return tuple(map(_element, labels, counts.tolist(), *squared))


def _standardised(value: float, spread: float, count: int) -> float | Undefined:
    """A mean square as a standard normal value (Wilson and Hilferty 1931)."""
    if count < FEWEST:
        return Undefined(f"of {count} ratings; fewer than {FEWEST} tell nothing")
    if spread <= 0.0:
        return Undefined("the mean square cannot vary: each rating had two values that were alike")
    return float((np.cbrt(value) - 1.0) * 3.0 / spread + spread / 3.0)


def _element(label: str, count: int, infit: MeanSquare, outfit: MeanSquare) -> ElementFit:
    values = (infit.value, outfit.value)
    reading = Reading.USABLE
    if count < FEWEST:
        reading = Reading.NOT_INTERPRETABLE
    elif max(values) > _HIGH:
        reading = Reading.NOISY
    elif min(values) < _LOW:
        reading = Reading.MUTED
    return ElementFit(label, count, infit, outfit, reading)


def _separation(rows: Sequence[Row]) -> Separation | Undefined:
    known = [
        (row.measure.value, row.model_se)
        for row in rows
        if isinstance(row.measure.value, float)
        and isinstance(row.model_se, float)
        and row.model_se > 0
        and not row.is_set_aside
    ]
    if len(known) < 2:
        return Undefined("there are no two elements to tell apart")
    values, ses = np.array(known).T
    variance, error = float(values.var()), float((ses**2).mean())
    if not error:
        return Undefined("the measures have no error")
    apart = np.sqrt(max(variance - error, 0.0) / error)
    chi_squared, degrees = _equal(values, ses)
    return Separation(
        elements=len(known),
        deviation=variance**0.5,
        error=error**0.5,
        separation=float(apart),
        reliability=_reliability(variance, error),
        strata=float(4 * apart + 1) / 3,
        sample_reliability=_reliability(float(values.var(ddof=1)), error),
        chi_squared=chi_squared,
        degrees=degrees,
        p=float(special.chdtrc(degrees, chi_squared)),
    )


def _reliability(variance: float, error: float) -> float:
    return max(1.0 - error / variance, 0.0) if variance else 0.0


def _equal(values: Floats, ses: Floats) -> tuple[float, int]:
    """The chi-squared of one measure for all, and its degrees of freedom."""
    weights = ses**-2
    common = (weights @ values) ** 2 / weights.sum()
    return max(float(weights @ values**2 - common), 0.0), len(values) - 1


def _agreement(looked: Expected) -> Agreement | Undefined:
    """Pairs of ratings of one candidate on one thing: how many are alike, and should be."""
    names: tuple[FacetName, ...] = ("candidate", "competency", "instrument", "occasion")
    codes = np.stack([looked.ratings.facet(name).codes for name in names])
    _, places = np.unique(codes, axis=1, return_inverse=True)
    cells, count = places.ravel(), int(places.max()) + 1
    size = len(looked.moments.probabilities)
    same = np.bincount(cells * size + looked.cells.scores, minlength=count * size)
    sums = np.stack([totals(cells, each, count) for each in looked.moments.probabilities])
    alone = np.stack([totals(cells, each**2, count) for each in looked.moments.probabilities])
    # Of a pair, both have the value with the product of their probabilities.
    likely = (sums**2 - alone).sum(axis=0) / 2
    met = np.bincount(cells, minlength=count)
    pairs = met * (met - 1) / 2
    if not pairs.any():
        return Undefined("no two assessors rated the same thing")
    expected, exact = float(likely.sum()), int((same * (same - 1)).sum()) // 2
    shares = likely[pairs > 0] / pairs[pairs > 0]
    variance = float((pairs[pairs > 0] * shares * (1 - shares)).sum())
    if variance <= 0.0:
        return Agreement(int(pairs.sum()), exact, expected, Undefined("agreement was certain"))
    return Agreement(int(pairs.sum()), exact, expected, (exact - expected) / variance**0.5)


def _of_elements(elements: Mapping[FacetName, tuple[ElementFit, ...]]) -> Iterator[str]:
    for name, fits in elements.items():
        few = [each for each in fits if each.ratings < FEWEST]
        if few:
            yield (
                f"{len(few)} of {len(fits)} in the facet {name} have fewer than {FEWEST} ratings: "
                "their fit is not interpretable."
            )
        thin = [each for each in fits if FEWEST <= each.ratings < SOUND]
        if thin:
            yield (
                f"{len(thin)} of {len(fits)} in the facet {name} have fewer than {SOUND} ratings: "
                "nearly any mean square occurs by chance."
            )


def _of_separations(separations: Mapping[FacetName, Separation | Undefined]) -> Iterator[str]:
    found = separations.get("assessor")
    if isinstance(found, Separation) and found.p < 0.05:
        chance = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
        yield (
            f"Assessors differ in strictness beyond chance ({chance}): raw means favour whom mild "
            "assessors rated."
        )
    found = separations["candidate"]
    if isinstance(found, Separation) and found.p >= 0.05:
        yield "The ratings do not show that candidates differ at all."


def _of_agreement(agreement: Agreement | Undefined) -> Iterator[str]:
    if isinstance(agreement, Undefined) or isinstance(agreement.z, Undefined):
        return
    if agreement.z > _FAR:
        yield (
            f"Assessors gave the same value {agreement.exact} times where {agreement.expected:.1f} "
            "were expected of independent judges: ask whether they conferred."
        )
