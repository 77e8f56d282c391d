"""The kinds of arrays that measurement speaks, and what all of its sums rest on.

Everything is whole double precision on one machine; it refuses generators without a seed.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Masks = npt.NDArray[np.bool_]


def seeded(seed: int) -> np.random.Generator:
    """The draws of a seed, the same on every machine and in every version of numpy."""
    return np.random.Generator(np.random.PCG64(seed))
