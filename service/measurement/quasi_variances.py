"""Quasi-variances: one number for each candidate, from which every difference's error follows.

It refuses to tell any where one would be negative, and says how far they are off.
"""

from typing import Final

import numpy as np

from service.measurement.arrays import Floats
from service.measurement.measures import difference_variances
from service.measurement.results import Undefined

_STEPS: Final = 100
_PRECISION: Final = 1e-9


def quasi_variances(covariance: Floats) -> Floats | Undefined:
    """One variance for each, the sum of two of which is nearly that of their difference.

    The squared errors of the logarithms are least over all pairs, so that small variances count
    as much as large ones. Two have the same, as only their sum is known.

    Parameters
    ----------
    covariance : ndarray of float64, shape (n, n)

    Returns
    -------
    ndarray of float64, shape (n,), or Undefined where one would be negative

    References
    ----------
    Firth, D. & de Menezes, R. X. (2004). Quasi-variances. Biometrika 91(1), 65-80.
    """
    sought = difference_variances(covariance)
    others = ~np.eye(len(covariance), dtype=np.bool_)
    if (sought[others] <= 0).any():
        return Undefined("some difference is known without error")
    quasi = np.full(len(covariance), sought[others].mean() / 2)
    for _ in range(_STEPS):
        sums = np.where(others, np.add.outer(quasi, quasi), 1.0)
        slopes = np.where(others, 1 / sums, 0.0)
        misses = np.where(others, np.log(sums / np.where(others, sought, 1.0)), 0.0)
        square = slopes**2
        turn = square + np.diag(square.sum(axis=1))
        step: Floats = np.linalg.lstsq(turn, -(misses * slopes).sum(axis=1), rcond=1e-12)[0]
        while (np.add.outer(quasi + step, quasi + step)[others] <= 0).any():
            step /= 2
        quasi = quasi + step
        if np.abs(step).max() < _PRECISION * np.abs(quasi).max():
            break
    else:
        return Undefined("the search for variances near those of the differences did not settle")
    if (quasi <= 0).any():
        return Undefined("no positive variances come near those of the differences")
    return quasi


def largest_error(quasi: Floats, covariance: Floats) -> float:
    """The largest relative error of a difference's standard error by quasi-variances."""
    pairs = np.triu_indices(len(quasi), 1)
    told, true = np.add.outer(quasi, quasi)[pairs], difference_variances(covariance)[pairs]
    return float(np.abs(np.sqrt(told / true) - 1).max())
