"""Newton's way up a concave likelihood of measures, with or without priors.

No step moves a measure by more than one logit, and none goes down. It refuses to call a climb
that has not arrived an estimate: that is a status.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from service.measurement.arrays import Floats
from service.measurement.eliminations import (
    Information,
    NotIdentified,
    Uncertainty,
    information,
)
from service.measurement.facet_models import Cells, Moments, Parameters, moments, totals
from service.measurement.frames import Frame
from service.measurement.results import Convergence, Status

# Below this loss of likelihood, relative to itself, a difference is rounding.
_ROUNDING = 1e-11


@dataclass(frozen=True)
class Limits:
    """When a climb stops.

    Parameters
    ----------
    tolerance : float
        The largest change of a measure, in logits, that counts as none.
    steps : int
        After how many steps it has not converged.
    longest : float
        The most that one step moves any measure, in logits.
    """

    tolerance: float = 1e-8
    steps: int = 100
    longest: float = 1.0


@dataclass(frozen=True)
class Precisions:
    """One over the variances of normal priors with the mean zero; 0 where there is none.

    Parameters
    ----------
    candidates : float
    shared : ndarray of float64, shape (Q,)
    """

    candidates: float
    shared: Floats


@dataclass(frozen=True)
class Fit:
    """Where a climb ended.

    Parameters
    ----------
    parameters : Parameters
    uncertainty : Uncertainty or None
        None where it did not converge.
    convergence : Convergence
    log_likelihood : float
        Of the ratings, without any prior.
    model_ses : tuple of ndarray of float64
        The standard error of each element were all others known, facet by facet.
    spread : tuple of float, optional
        The mean and standard deviation of candidates, where they are estimated.
    """

    parameters: Parameters
    uncertainty: Uncertainty | None
    convergence: Convergence
    log_likelihood: float
    model_ses: tuple[Floats, ...]
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Slope:
    """The cells, the frame and the priors that a climb goes by."""

    cells: Cells
    frame: Frame
    priors: Precisions

    def at(self, candidates: Floats, shared: Floats) -> "_Point":
        parameters = self.frame.parameters(self.cells, candidates, shared)
        found = moments(self.cells, parameters)
        penalty = self.priors.candidates * (candidates**2).sum()
        penalty += (self.priors.shared * shared**2).sum()
        height = found.log_likelihood - 0.5 * float(penalty)
        return _Point(candidates, shared, parameters, found, height)

    def gradient(self, point: "_Point") -> tuple[Floats, Floats]:
        own, *others = self.cells.sums(self.cells.scores - point.moments.expectations)
        shared = np.concatenate([*(-each for each in others), self._ladders(point.moments)])
        shared -= self.priors.shared * point.shared
        own -= self.priors.candidates * point.candidates
        return np.where(self.frame.held, 0.0, own), shared

    def _ladders(self, found: Moments) -> Floats:
        """The expected less the observed number of ratings of each group and value."""
        groups, size = self.cells.used.shape
        places = self.cells.groups * size + self.cells.scores
        sums = [totals(self.cells.groups, p, groups) for p in found.probabilities]
        return np.stack(sums, axis=1).ravel() - np.bincount(places, minlength=groups * size)

    def information(self, point: "_Point") -> Information:
        found = information(self.cells, point.moments)
        own = found.own + self.priors.candidates
        return Information(
            np.where(self.frame.held, np.inf, own),
            found.cross,
            found.shared + np.diag(self.priors.shared),
        )


@dataclass(frozen=True)
class _Point:
    candidates: Floats
    shared: Floats
    parameters: Parameters
    moments: Moments
    height: float


def climb(cells: Cells, frame: Frame, priors: Precisions, limits: Limits) -> Fit:
    """The measures where the likelihood, times the priors, is highest.

    Newton with the candidates eliminated, each step shortened to `limits.longest` and halved
    until it does not go down.
    """
    slope = _Slope(cells, frame, priors)
    here, change = slope.at(*_start(cells, frame)), np.inf
    for steps in range(1, limits.steps + 1):
        try:
            move = slope.information(here).solve(*slope.gradient(here), frame.basis)
        except NotIdentified:
            return _lost(here, steps, change)
        change = _longest(move)
        here = _moved(slope, here, move, min(1.0, limits.longest / max(change, 1e-300)))
        if change <= limits.tolerance:
            return _arrived(slope, here, Convergence(Status.CONVERGED, steps, change))
    return _lost(here, limits.steps, change)


def _arrived(slope: _Slope, here: _Point, convergence: Convergence) -> Fit:
    found = slope.information(here)
    return Fit(
        here.parameters,
        found.uncertainty(slope.frame.basis),
        convergence,
        here.moments.log_likelihood,
        _model_ses(slope.cells, found),
    )


def _model_ses(cells: Cells, found: Information) -> tuple[Floats, ...]:
    shared = np.split(np.diag(found.shared), np.cumsum(cells.sizes[1:]))[:-1]
    return tuple(1.0 / np.sqrt(each) for each in (found.own, *shared))


def _lost(here: _Point, steps: int, change: float) -> Fit:
    last = None if np.isinf(change) else change
    convergence = Convergence(Status.NOT_CONVERGED, steps, last)
    return Fit(here.parameters, None, convergence, here.moments.log_likelihood, ())


def _longest(move: tuple[Floats, Floats]) -> float:
    return max(float(np.abs(part).max(initial=0.0)) for part in move)


def _moved(slope: _Slope, here: _Point, move: tuple[Floats, Floats], share: float) -> _Point:
    allowed = _ROUNDING * (1.0 + abs(here.height))
    for _ in range(30):
        there = slope.at(here.candidates + share * move[0], here.shared + share * move[1])
        if there.height >= here.height - allowed:
            return there
        share /= 2
    return here


def _start(cells: Cells, frame: Frame) -> tuple[Floats, Floats]:
    """Log odds of the mean score for candidates; nothing for what they share."""
    top = cells.used.shape[1] - 1
    shares = (np.bincount(cells.candidates, cells.scores, minlength=cells.sizes[0]) + 0.5) / (
        top * cells.counts[0] + 1.0
    )
    candidates = np.where(frame.held, frame.candidates, special.logit(shares))
    return candidates, frame.offset
