"""Labels moved apart: each as near to its place as the others leave room for."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from service.measurement.arrays import Floats


def spread(
    wanted: Sequence[float], sizes: Sequence[float], span: tuple[float, float]
) -> tuple[float, ...]:
    """Middles for labels so that none overlap, moved as little as possible in sum of squares.

    Parameters
    ----------
    wanted : sequence of float
        Where the middles should be, in any order; ties keep theirs.
    sizes : sequence of float
        How much room each takes about its middle.
    span : tuple of float
        Between which all must stay.

    Returns
    -------
    tuple of float
        In the order of `wanted`.

    Raises
    ------
    ValueError
        If they need more room than the span has.

    Notes
    -----
    With the order fixed and the room before each label taken off, this is isotonic regression
    (Best & Chakravarti 1990); clipping its solution keeps it optimal within bounds.
    """
    low, high = span
    if sum(sizes) > high - low + 1e-6:
        raise ValueError(f"labels of {sum(sizes):g} points do not fit into {high - low:g}")
    if not wanted:
        return ()
    order = np.argsort(np.array(wanted), kind="stable")
    heights = np.array(sizes, dtype=np.float64)[order]
    before = np.cumsum(heights) - heights / 2
    free = np.array(wanted, dtype=np.float64)[order] - before
    moved: Floats = isotonic_regression(free).x
    middles = np.empty(len(order))
    middles[order] = np.clip(moved, low, high - heights.sum()) + before
    return tuple(middles.tolist())
