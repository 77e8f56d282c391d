"""Measures of candidates with the joint covariance of their errors: what every order rests on.

It refuses names given twice, what is not finite, and a covariance that is none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from service.measurement.arrays import Floats, seeded

# Of the largest variance: what is nearer to zero than this is the machine's rounding.
_ROUNDING: Final = 1e-9
# And what a covariance printed to four digits may lack.
_PRINTING: Final = 1e-4
_BLOCK: Final = 1_000


class BadMeasures(ValueError):  # noqa: N818 - it says what the measures are
    """Measures that say nothing of an order; the message names the candidate and the remedy."""


@dataclass(frozen=True)
class Measures:
    """Higher is better; only differences are used, so that the origin may lie anywhere.

    Parameters
    ----------
    labels : tuple of str
        The n candidates.
    values : ndarray of float64, shape (n,)
    covariance : ndarray of float64, shape (n, n)
        Of the errors of `values`, jointly; it may be singular, as it is where they sum to zero.

    Raises
    ------
    BadMeasures
    """

    labels: tuple[str, ...]
    values: Floats
    covariance: Floats

    def __post_init__(self) -> None:
        _check_labels(self.labels)
        _check_shapes(self)
        _check_covariance(self.covariance)

    @classmethod
    def of(
        cls, labels: Sequence[str], values: npt.ArrayLike, covariance: npt.ArrayLike
    ) -> "Measures":
        """Measures from anything that numpy takes for an array."""
        numbers, matrix = (np.asarray(each, dtype=np.float64) for each in (values, covariance))
        return cls(tuple(labels), numbers, matrix)

    def __len__(self) -> int:
        return len(self.labels)

    def ordered(self) -> "Measures":
        """The same from the top; equal ones by label, so that the order of the input is lost."""
        order = sorted(range(len(self)), key=lambda i: (-self.values[i], self.labels[i]))
        return Measures(
            tuple(self.labels[i] for i in order),
            self.values[order],
            self.covariance[np.ix_(order, order)],
        )

    def differences(self) -> Floats:
        """Row minus column, shape (n, n)."""
        return np.subtract.outer(self.values, self.values)

    def standard_errors(self) -> Floats:
        """Of the differences, shape (n, n): the root of V_ii + V_jj - 2 V_ij."""
        of_pairs = difference_variances(self.covariance)
        room = _ROUNDING * np.diag(self.covariance).max(initial=0.0)
        return np.sqrt(np.where(of_pairs < room, 0.0, of_pairs))

    def draws(self, seed: int, count: int) -> Iterator[Floats]:
        """Values as they might have come out, in blocks of shape (at most 1,000, n).

        The symmetric root of the covariance is the only one, whatever basis the machine's
        linear algebra finds, and it needs no covariance of full rank.
        """
        spread, axes = np.linalg.eigh(self.covariance)
        root = (axes * np.sqrt(np.maximum(spread, 0.0))) @ axes.T
        normal = seeded(seed)
        for start in range(0, count, _BLOCK):
            size = min(_BLOCK, count - start)
            yield self.values + normal.standard_normal((size, len(self))) @ root


def difference_variances(covariance: Floats) -> Floats:
    """The variance of each difference, V_ii + V_jj - 2 V_ij, shape (n, n)."""
    variances = np.diag(covariance)
    return np.add.outer(variances, variances) - 2 * covariance


def _check_labels(labels: tuple[str, ...]) -> None:
    for label in labels:
        if labels.count(label) > 1:
            raise BadMeasures(f"{label} is measured twice; give every candidate one measure")


def _check_shapes(measures: Measures) -> None:
    n = len(measures.labels)
    if measures.values.shape != (n,) or measures.covariance.shape != (n, n):
        raise BadMeasures(
            f"{n} labels need {n} values and a covariance of {n} by {n}, and came with"
            f" {measures.values.shape} and {measures.covariance.shape}"
        )
    finite = np.isfinite(measures.values) & np.isfinite(measures.covariance).all(axis=1)
    for label, known in zip(measures.labels, finite, strict=True):
        if not known:
            raise BadMeasures(f"{label} has a measure that is not finite; leave such people out")


def _check_covariance(covariance: Floats) -> None:
    if not covariance.size:
        return
    size = float(np.abs(covariance).max())
    if not np.allclose(covariance, covariance.T, rtol=0.0, atol=_ROUNDING * size):
        raise BadMeasures("the covariance is not symmetric; give that of the errors, by pairs")
    if np.linalg.eigvalsh(covariance).min() < -_PRINTING * size:
        raise BadMeasures(
            "the covariance makes some variance negative; give that of the errors as estimated"
        )
