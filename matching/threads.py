"""One thread for linear algebra and trees, so that learning does not fight the work beside it.

Two threads of OpenMP next to a busy process took ten times as long as one (scikit-learn #30662),
and sums split over threads differ in their last bits. It refuses to touch any other setting.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def single_threaded() -> Iterator[None]:
    """While it lasts, the pools of OpenMP and BLAS of this thread have one thread each."""
    with threadpool_limits(limits=1):
        yield
