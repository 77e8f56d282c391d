"""Families of claims: how sure each must be where the panel may rely on all of them at once.

It refuses nothing but knows only p-values: whoever makes a family must say what is in it.
"""

import numpy as np

from service.measurement.arrays import Floats


def holm(p: Floats) -> Floats:
    """The p-values of a family, adjusted so that one false claim in it is rare.

    Parameters
    ----------
    p : ndarray of float64, shape (m,)
        From 0 to 1, however they depend on one another.

    Returns
    -------
    ndarray of float64, shape (m,)
        Claim all below 0.05 together, and some claim is false in at most 5 of 100 families.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian
    Journal of Statistics 6(2), 65-70.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
