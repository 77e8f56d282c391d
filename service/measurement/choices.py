"""Choices out of several, as a conditional logit, and the climb to where they are likeliest.

Bradley and Terry's pairs, Davidson's ties and Plackett and Luce's places are all such choices.
It refuses to call a climb done that did not settle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from service.measurement.arrays import Floats, Integers
from service.measurement.results import Convergence, Status

STEPS: Final = 100
_HALVINGS: Final = 30
_LONGEST: Final = 2.0
_PRECISION: Final = 1e-9
# Of the likelihood: what is less is rounding.
_TELLING: Final = 1e-14


class BadChoices(ValueError):  # noqa: N818 - it says what the choices are
    """Choices that cannot be read; the message names the row and the remedy."""


class Option(NamedTuple):
    """One way in which a stage could have gone: what it loads on, and how often it went so."""

    loads: Mapping[int, float]
    taken: float


Stage = Sequence[Option]


@dataclass(frozen=True)
class Choices:
    """Stages of options, of which a share proportional to exp(design @ parameters) is taken.

    Parameters
    ----------
    design : csr_array, shape (options, parameters)
    starts : ndarray of int64, shape (stages,)
        The first option of each stage.
    taken : ndarray of float64, shape (options,)
    """

    design: csr_array
    starts: Integers
    taken: Floats

    @classmethod
    def of(cls, stages: Sequence[Stage], parameters: int) -> "Choices":
        """The arrays of these stages."""
        options = [option for stage in stages for option in stage]
        rows = [row for row, option in enumerate(options) for _ in option.loads]
        columns = [column for option in options for column in option.loads]
        loads = [load for option in options for load in option.loads.values()]
        shape = len(options), parameters
        starts = np.cumsum([0, *(len(stage) for stage in stages[:-1])], dtype=np.int64)
        taken = np.array([option.taken for option in options], dtype=np.float64)
        return cls(csr_array((loads, (rows, columns)), shape=shape), starts, taken)

    @cached_property
    def _stages(self) -> Integers:
        lengths = np.diff(np.append(self.starts, len(self.taken)))
        return np.repeat(np.arange(len(self.starts)), lengths)

    @cached_property
    def _totals(self) -> Floats:
        return np.add.reduceat(self.taken, self.starts)

    def log_likelihood(self, parameters: Floats) -> float:
        """Of all that was taken."""
        return float(self.taken @ np.log(self._shares(parameters)))

    def _shares(self, parameters: Floats) -> Floats:
        logits = self.design @ parameters
        logits -= np.maximum.reduceat(logits, self.starts)[self._stages]
        odds = np.exp(logits)
        shares: Floats = odds / np.add.reduceat(odds, self.starts)[self._stages]
        return np.maximum(shares, np.finfo(np.float64).tiny)

    def slopes(self, parameters: Floats) -> tuple[Floats, Floats]:
        """The gradient of the log-likelihood, and the information: its curvature, negated."""
        shares = self._shares(parameters)
        expected = shares * self._totals[self._stages]
        gradient: Floats = self.design.T @ (self.taken - expected)
        of_stage = csr_array(
            (shares, (self._stages, np.arange(len(shares)))),
            shape=(len(self.starts), len(shares)),
        )
        means = of_stage @ self.design
        second = self.design.T @ self.design.multiply(expected[:, np.newaxis])
        first = means.T @ means.multiply(self._totals[:, np.newaxis])
        return gradient, (second - first).toarray()


def climb(choices: Choices, worths: Floats) -> tuple[Floats, Convergence]:
    """Newton's steps to the only summit of the likelihood, none longer than two logits.

    Parameters
    ----------
    choices : Choices
    worths : ndarray of float64, shape (parameters,)
        1 for the parameters that only differ from one another, which then sum to 0, otherwise 0.

    Returns
    -------
    parameters : ndarray of float64
    Convergence
        Settled where the step is small, or gains less than the likelihood can tell.
    """
    values = np.zeros(len(worths))
    height = choices.log_likelihood(values)
    free = np.outer(worths, worths) / worths.sum()
    for steps in range(1, STEPS + 1):
        gradient, information = choices.slopes(values)
        step = np.linalg.solve(information + free, gradient)
        change = float(np.abs(step).max())
        room = _TELLING * (1 + abs(height))
        if change < _PRECISION or float(gradient @ step) < room:
            return values + step, Convergence(Status.CONVERGED, steps, change)
        step *= min(1.0, _LONGEST / change)
        for _ in range(_HALVINGS):
            reached = choices.log_likelihood(values + step)
            if reached >= height - room:
                break
            step /= 2
        values, height = values + step, reached
    return values, Convergence(Status.NOT_CONVERGED, STEPS, change)
