"""What assessors do beside judging: strictness, playing safe, halo, and a candidate they favour.

Signs to ask about, not proofs: an assessor who saw something else rates otherwise. It refuses
a term of fewer than five ratings.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from service.measurement.arrays import Floats, Integers, Masks, seeded
from service.measurement.calibrations import Calibration
from service.measurement.expectations import Expected, expect
from service.measurement.facet_models import Form, totals
from service.measurement.families import holm
from service.measurement.ratings import FacetName, Ratings
from service.measurement.results import Estimate, Result, Undefined
from service.measurement.tables import estimate

FEWEST: Final = 5
"""Terms of fewer ratings are not told."""
SAFE: Final = 0.7
"""An assessor whose ratings vary by less than this share of what is expected plays safe."""
ALIKE: Final = 0.5
"""Below this share of what is expected, competencies are hardly told apart."""
_LEVEL: Final = 0.05


@dataclass(frozen=True)
class Deviate:
    """A difference from nothing, in standard errors, with Holm's probability over all of them."""

    z: float
    p: float
    adjusted: float


@dataclass(frozen=True)
class Severity:
    """How much stricter than the mean of all an assessor is, in logits."""

    assessor: str
    severity: Estimate
    test: Deviate | Undefined


@dataclass(frozen=True)
class Ratio:
    """Something observed beside what the model expects of it.

    Parameters
    ----------
    assessor : str
    observed, expected : float
    ratio : float
    p : float
        Of so small a ratio, among panels drawn from the model.
    adjusted : float
        The same by Holm over all assessors.
    """

    assessor: str
    observed: float
    expected: float
    ratio: float
    p: float
    adjusted: float


@dataclass(frozen=True)
class Bias:
    """How much better than expected one assessor rated one candidate.

    Parameters
    ----------
    candidate, assessor : str
    ratings : int
    residual : float
        The sum of what was observed less what was expected, in points.
    bias : Estimate
        In logits; above zero in favour of the candidate.
    test : Deviate
    """

    candidate: str
    assessor: str
    ratings: int
    residual: float
    bias: Estimate
    test: Deviate


@dataclass(frozen=True)
class Effects:
    """Of all assessors.

    Parameters
    ----------
    severities : tuple of Severity
    tendencies : tuple of Ratio
        The standard deviation of an assessor's ratings: under 0.7 of what is expected, they
        crowd together.
    own_spreads : mapping of str to float
        The standard deviation of an assessor's own steps, in logits, where each has own ones:
        wide where values in the middle are preferred.
    halos : tuple of Ratio
        The mean variance over competencies within a candidate: near 0, one impression.
    biases : tuple of Bias
        Of each candidate and assessor with five ratings or more.
    left_out : int
        How many candidates and assessors met in fewer.
    """

    severities: tuple[Severity, ...]
    tendencies: tuple[Ratio, ...]
    own_spreads: Mapping[str, float]
    halos: tuple[Ratio, ...]
    biases: tuple[Bias, ...]
    left_out: int


def examine(
    ratings: Ratings, calibration: Calibration, *, draws: int = 499, seed: int = 0
) -> Result[Effects]:
    """Severity, central tendency, halo, and bias terms of candidate by assessor.

    Severity against the mean with the joint standard error, Holm over assessors; central
    tendency and halo as ratios to the model's expectation (Myford and Wolfe 2004, J. Applied
    Measurement 5) with the share of panels drawn from the model that are as extreme; bias as
    sum of residuals over sum of information (Linacre 1989), Holm over all terms.

    Parameters
    ----------
    ratings : Ratings
        Those that were calibrated; those of extreme elements are left out.
    calibration : Calibration
    draws : int
        How many panels are drawn.
    seed : int

    Raises
    ------
    BadRatings
        Where none of the ratings was calibrated.
    """
    looked = expect(ratings, calibration)
    drawn = _Drawn(looked, draws, seed)
    biases, left_out = _biases(looked)
    effects = Effects(
        _severities(calibration),
        drawn.ratios(*_spread(looked)),
        _own_spreads(calibration),
        drawn.ratios(*_halo(looked)),
        biases,
        left_out,
    )
    return Result(
        "effects of assessors",
        effects,
        dict(ratings.counts) | {"looked_at": len(looked.ratings)},
        method="severity by joint standard error; ratios to the expectation of the many-facet "
        "Rasch model (Myford and Wolfe 2004); bias terms from residuals (Linacre 1989); Holm 1979",
        seed=seed,
        cautions=tuple(_cautions(effects)),
    )


def tested(values: Floats, ses: Floats) -> tuple[Deviate, ...]:
    """Differences from nothing as normal deviates, a family by Holm."""
    z = values / ses
    p = 2 * special.ndtr(-np.abs(z))
    return tuple(map(Deviate, z.tolist(), p.tolist(), holm(p).tolist()))


def _severities(calibration: Calibration) -> tuple[Severity, ...]:
    rows, covariance = calibration.facets["assessor"], calibration.covariances["assessor"]
    free = [place for place, row in enumerate(rows) if isinstance(row.model_se, float)]
    free = [place for place in free if not rows[place].is_set_aside]
    if len(free) < 2 or isinstance(covariance, Undefined):
        why = Undefined("there are no two assessors whose severities were estimated")
        return tuple(Severity(row.label, Estimate(why), why) for row in rows)
    values = np.array([rows[place].measure.value for place in free])
    centre = np.eye(len(free)) - 1 / len(free)
    ses = np.sqrt(np.diag(centre @ covariance[np.ix_(free, free)] @ centre))
    tests = dict(zip(free, tested(values - values.mean(), ses), strict=True))
    apart = dict(
        zip(free, zip((values - values.mean()).tolist(), ses.tolist(), strict=True), strict=True)
    )
    out = Undefined("it was not estimated with the others: extreme, or held at its anchor")
    return tuple(
        Severity(row.label, estimate(*apart[place], 0.95), tests[place])
        if place in apart
        else Severity(row.label, Estimate(out), out)
        for place, row in enumerate(rows)
    )


def _own_spreads(calibration: Calibration) -> dict[str, float]:
    if calibration.form is not Form.RATER_SCALE:
        return {}
    found = {}
    for owner, steps in calibration.steps.items():
        known = [step.step.value for step in steps if isinstance(step.step, Estimate)]
        if len(known) > 1:
            found[owner] = float(np.std(np.array(known, dtype=np.float64)))
    return found


Statistic = Callable[[Integers], Floats]
"""Something of each assessor, shape (J,), of scores, shape (R,)."""


def _spread(looked: Expected) -> tuple[Statistic, Floats, Masks]:
    """The standard deviation of each assessor's ratings, expected, and where there are enough."""
    codes, size = looked.ratings.assessor.codes, len(looked.ratings.assessor)
    counts = np.bincount(codes, minlength=size)
    expectations, variances = looked.moments.expectations, looked.moments.variances

    def variance(values: Floats) -> Floats:
        squares = totals(codes, values**2, size) / counts
        found: Floats = squares - (totals(codes, values, size) / counts) ** 2
        return np.maximum(found, 0.0)

    expected = np.sqrt(totals(codes, variances, size) / counts + variance(expectations))
    return lambda scores: np.sqrt(variance(scores.astype(np.float64))), expected, counts >= FEWEST


def _halo(looked: Expected) -> tuple[Statistic, Floats, Masks]:
    """The mean variance over competencies within what each assessor rated of a candidate."""
    assessors = looked.ratings.assessor
    names: tuple[FacetName, ...] = ("candidate", "assessor", "instrument", "occasion")
    codes = np.stack([looked.ratings.facet(name).codes for name in names])
    known, places = np.unique(codes, axis=1, return_inverse=True)
    cells, owners, count = places.ravel(), known[1], known.shape[1]
    met = np.bincount(cells, minlength=count)
    many = met > 1
    size = len(assessors)
    rated = np.bincount(owners[many], minlength=size)

    def variance(values: Floats) -> Floats:
        sums, squares = totals(cells, values, count), totals(cells, values**2, count)
        within = (squares[many] - sums[many] ** 2 / met[many]) / (met[many] - 1)
        return totals(owners[many], within, size) / np.maximum(rated, 1)

    noise = totals(cells, looked.moments.variances, count)[many] / met[many]
    expected = variance(looked.moments.expectations)
    expected = expected + totals(owners[many], noise, size) / np.maximum(rated, 1)
    return lambda scores: variance(scores.astype(np.float64)), expected, rated >= FEWEST


@dataclass(frozen=True)
class _Drawn:
    """Panels drawn from the model, beside which what was observed is looked at."""

    looked: Expected
    draws: int
    seed: int

    def ratios(self, statistic: Statistic, expected: Floats, enough: Masks) -> tuple[Ratio, ...]:
        """Of each assessor with enough to tell."""
        observed = statistic(self.looked.cells.scores)
        chosen = np.flatnonzero(enough & (expected > 0))
        less = np.zeros(len(observed))
        for scores in self._scores():
            less += statistic(scores) <= observed
        p = (1 + less[chosen]) / (1 + self.draws)
        labels = self.looked.ratings.assessor.labels
        return tuple(
            Ratio(labels[at], *numbers)
            for at, *numbers in zip(
                chosen.tolist(),
                observed[chosen].tolist(),
                expected[chosen].tolist(),
                (observed[chosen] / expected[chosen]).tolist(),
                p.tolist(),
                holm(p).tolist(),
                strict=True,
            )
        )

    def _scores(self) -> Iterator[Integers]:
        draw = seeded(self.seed)
        rising = np.cumsum(self.looked.moments.probabilities, axis=0)[:-1]
        for _ in range(self.draws):
            yield (draw.random(rising.shape[1]) > rising).sum(axis=0)


def _biases(looked: Expected) -> tuple[tuple[Bias, ...], int]:
    people, assessors = looked.ratings.candidate, looked.ratings.assessor
    known, places = np.unique(people.codes * len(assessors) + assessors.codes, return_inverse=True)
    counts = np.bincount(places)
    residuals = totals(places.astype(np.int64), looked.residuals, len(known))
    informed = totals(places.astype(np.int64), looked.moments.variances, len(known))
    chosen = np.flatnonzero(counts >= FEWEST)
    tests = tested(residuals[chosen], np.sqrt(informed[chosen]))
    found = (
        Bias(
            people.labels[known[at] // len(assessors)],
            assessors.labels[known[at] % len(assessors)],
            int(counts[at]),
            float(residuals[at]),
            estimate(float(residuals[at] / informed[at]), float(informed[at] ** -0.5), 0.95),
            test,
        )
        for at, test in zip(chosen, tests, strict=True)
    )
    return tuple(found), int((counts < FEWEST).sum())


def _cautions(effects: Effects) -> Iterator[str]:
    for severity in effects.severities:
        if isinstance(severity.test, Deviate) and severity.test.adjusted < _LEVEL:
            word = "stricter" if severity.test.z > 0 else "milder"
            yield f"The assessor {severity.assessor} is {word} than the others beyond chance."
    for each in _small(effects.tendencies, SAFE):
        yield (
            f"The ratings of the assessor {each.assessor} vary by {each.ratio:.0%} of what is "
            "expected: extreme values may be avoided."
        )
    for each in _small(effects.halos, ALIKE):
        yield (
            f"The assessor {each.assessor} tells competencies apart by {each.ratio:.0%} of what is "
            "expected: one impression may have coloured all."
        )
    for bias in effects.biases:
        if bias.test.adjusted < _LEVEL:
            word = "better" if bias.residual > 0 else "worse"
            yield (
                f"The assessor {bias.assessor} rated {bias.candidate} {word} than both explain "
                f"({bias.residual:+.1f} points in {bias.ratings} ratings): ask why."
            )
    if effects.left_out:
        yield (
            f"{effects.left_out} meetings of a candidate and an assessor have fewer than {FEWEST} "
            "ratings: no bias term is told."
        )


def _small(ratios: Sequence[Ratio], least: float) -> list[Ratio]:
    return [each for each in ratios if each.ratio < least and each.adjusted < _LEVEL]
