"""The restricted likelihood of variance components, and the way up to its highest point.

Every step stays inside the bounds and gains likelihood. It refuses to call a point the
highest while a step from it would still gain.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy import linalg, optimize, sparse
from threadpoolctl import threadpool_limits

from service.measurement.arrays import Floats, Integers
from service.measurement.results import Status

MOST_STEPS: Final = 200
# Below it the residual variance is none; values come with a variance of 1.
FLOOR: Final = 1e-8
# A step promises about half of this in log likelihood; smaller promises are rounding.
_ENOUGH: Final = 1e-14
_TINY: Final = 1e-8
_SHORTEST: Final = 1e-12
_LEAST_GAIN: Final = 1e-4
_FALL: Final = 0.5
_LEAST_CUT: Final = 0.1

Slopes = tuple[float, Floats, Floats]


class Likelihood(Protocol):
    """A restricted likelihood of variances; the last of them is the residual's."""

    @property
    def start(self) -> Floats:
        """Where to start from, shape (effects,)."""

    def at(self, variances: Floats) -> Slopes | None:
        """Its logarithm, the score and the expected information; None where it has none."""


@dataclass(frozen=True)
class Ascent:
    """Where the way up ended.

    Parameters
    ----------
    status : Status
    variances : ndarray of float64, shape (effects,)
    errors : tuple of float or None
        Standard errors; None for a variance at its bound.
    log_likelihood, change : float
        `change` is what a further step would gain, about.
    steps : int
    """

    status: Status
    variances: Floats
    errors: tuple[float | None, ...]
    log_likelihood: float
    change: float
    steps: int

    @property
    def has_no_residual(self) -> bool:
        """Whether the residual variance ended at its floor."""
        return bool(self.variances[-1] <= 2 * FLOOR)


@dataclass(frozen=True)
class SquaresLikelihood:
    """Of a complete layout, whose likelihood its mean squares hold whole.

    Searle, Casella and McCulloch (1992), Variance Components, section 4.7.
    """

    mean_squares: Floats
    degrees: Floats
    expectations: Floats

    @property
    def start(self) -> Floats:
        """Equal shares of a variance of 1."""
        return np.full(len(self.degrees), 1.0 / len(self.degrees))

    def at(self, variances: Floats) -> Slopes | None:
        """See `Likelihood`; it has no value where an expected mean square is none."""
        expected = self.expectations @ variances
        if (expected <= 0).any():
            return None
        cells = self.degrees.sum() + 1.0
        ratios = self.mean_squares / expected
        logarithm = (self.degrees * (np.log(expected) + ratios)).sum()
        logarithm += np.log(cells) + (cells - 1.0) * np.log(2 * np.pi)
        score = self.expectations.T @ (self.degrees * (ratios - 1.0) / expected) / 2.0
        weights = self.degrees / expected**2 / 2.0
        information = self.expectations.T @ (weights[:, None] * self.expectations)
        return -float(logarithm) / 2.0, score, information


class DenseLikelihood:
    """Of any layout, through the whole covariance of its cells.

    Searle, Casella and McCulloch (1992), section 6.6.
    """

    def __init__(self, values: Floats, levels: tuple[Integers, ...]) -> None:
        self._values = values
        cells = np.arange(len(values))
        # The residual's own indicator is the identity, and is left out.
        self._indicators = [
            sparse.csr_array((np.ones(len(values)), (codes, cells))) for codes in levels[:-1]
        ]
        self._same = [codes[:, None] == codes[None, :] for codes in levels[:-1]]

    @property
    def start(self) -> Floats:
        """Equal shares of a variance of 1."""
        return np.full(len(self._same) + 1, 1.0 / (len(self._same) + 1))

    def at(self, variances: Floats) -> Slopes | None:
        """See `Likelihood`; it has no value where the covariance is singular."""
        covariance = np.diag(np.full(len(self._values), variances[-1]))
        for variance, same in zip(variances[:-1], self._same, strict=True):
            covariance += variance * same
        try:
            root = linalg.cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        except linalg.LinAlgError:
            return None
        logarithm, projection = self._projection(root)
        projected = projection @ self._values
        logarithm += float(self._values @ projected)
        return -logarithm / 2.0, *self._slopes(projection, projected)

    def _projection(self, root: Floats) -> tuple[float, Floats]:
        """What the determinants give, and the inverse covariance less the mean's share."""
        logarithm = 2.0 * float(np.log(np.diag(root)).sum())
        # A third of the work of solving for each column; it fills the lower triangle only.
        inverse = np.tril(linalg.lapack.dpotri(root, lower=1, overwrite_c=1)[0])
        inverse += np.tril(inverse, -1).T
        weights = inverse.sum(axis=0)
        weight = float(weights.sum())
        logarithm += float(np.log(weight)) + (len(weights) - 1.0) * float(np.log(2 * np.pi))
        inverse -= np.outer(weights, weights / weight)
        return logarithm, inverse

    def _slopes(self, projection: Floats, projected: Floats) -> tuple[Floats, Floats]:
        halves = [indicator @ projection for indicator in self._indicators]
        count = len(halves) + 1
        score, information = np.empty(count), np.empty((count, count))
        for at, (indicator, half) in enumerate(zip(self._indicators, halves, strict=True)):
            whole = np.asarray(half @ indicator.T)
            score[at] = ((indicator @ projected) ** 2).sum() - np.trace(whole)
            information[at, -1] = information[-1, at] = (half**2).sum()
            for to in range(at, count - 1):
                block = half @ self._indicators[to].T
                information[at, to] = information[to, at] = (block**2).sum()
        score[-1] = projected @ projected - np.trace(projection)
        information[-1, -1] = (projection**2).sum()
        return score / 2.0, information / 2.0


def climb(likelihood: Likelihood, *, most_steps: int = MOST_STEPS) -> Ascent:
    """The highest point of the likelihood with no variance below zero.

    Each step is that of Fisher scoring inside the bounds, which is a least-squares problem with
    bounds (Lawson and Hanson 1974), halved until it gains likelihood. It ends where the best
    step promises nothing, so that variances at zero are there because the likelihood falls
    above them.
    """
    # Sums that are split over threads differ in their last bits, and threads of linear algebra
    # beside a busy process took a hundred times as long as one.
    with threadpool_limits(limits=1):
        return _climbed(likelihood, most_steps)


def _climbed(likelihood: Likelihood, most_steps: int) -> Ascent:
    floor = np.zeros(len(likelihood.start))
    floor[-1] = FLOOR
    variances = likelihood.start
    here = likelihood.at(variances)
    promise = np.inf
    for step in range(most_steps):
        if here is None:
            break
        aim = _aim(variances - floor, here[1], here[2])
        if aim is None:
            break
        promise = float(here[1] @ (aim + floor - variances))
        if promise < _ENOUGH:
            errors = _errors(variances - floor, here[2])
            return Ascent(Status.CONVERGED, variances, errors, here[0], max(promise, 0.0), step)
        variances, here = _walk(likelihood, (variances, here), aim + floor, promise)
    nothing: tuple[float | None, ...] = (None,) * len(floor)
    height = 0.0 if here is None else here[0]
    ended = promise if np.isfinite(promise) else 0.0
    return Ascent(Status.NOT_CONVERGED, variances, nothing, height, ended, step + 1)


def _aim(above: Floats, score: Floats, information: Floats) -> Floats | None:
    """The highest point of the parabola that fits here, with no variance below its floor."""
    own = np.sqrt(np.diag(information))
    try:
        root = linalg.cholesky(information / np.outer(own, own))
        wanted = root @ (above * own) + linalg.solve_triangular(root, score / own, trans="T")
        return np.asarray(optimize.nnls(root, wanted)[0] / own)
    except (linalg.LinAlgError, RuntimeError):
        return None


def _walk(
    likelihood: Likelihood, place: tuple[Floats, Slopes], aim: Floats, promise: float
) -> tuple[Floats, Slopes | None]:
    """As far towards the aim as gains likelihood; no further than here if nothing does.

    Where it falls again at the end of the step, as steeply as half of how it rose at the start,
    the step is cut to where the slope between vanishes: else it would go to and fro for ever.
    """
    variances, here = place
    way, share = aim - variances, 1.0
    while share > _SHORTEST:
        there = variances + share * way
        found = likelihood.at(there)
        slope = -np.inf if found is None else float(found[1] @ way)
        # Likelihoods differ by less than their rounding where a step promises so little.
        owed = -np.inf if promise < _TINY else here[0] + _LEAST_GAIN * share * promise
        if found is not None and slope >= -_FALL * promise and found[0] >= owed:
            return there, found
        share *= min(max(promise / max(promise - slope, promise), _LEAST_CUT), 0.5)
    return variances, None


def _errors(above: Floats, information: Floats) -> tuple[float | None, ...]:
    free = above > 0
    errors = np.full(len(above), np.nan)
    errors[free] = np.sqrt(np.diag(np.linalg.inv(information[np.ix_(free, free)])))
    return tuple(None if np.isnan(error) else error for error in errors.tolist())
