"""The same run on a cluster: Dask through joblib, behind an unchanged interface, to the last byte."""

from collections.abc import Iterator
from typing import Any

import distributed
import joblib
import pytest

from matching import worths
from matching.worths import Effort
from tests.matching.test_optima import written
from tests.matching.worlds import contested

# It is half typed.
_LIBRARY: Any = distributed


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on the loopback, which nobody else can reach."""
    with (
        _LIBRARY.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            protocol="tcp://",
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=True,
        ) as workers,
        _LIBRARY.Client(workers) as client,
    ):
        yield client


@pytest.mark.parametrize("kept_pairs", [0, 10**8], ids=["scored anew", "kept"])
def test_a_cluster_writes_the_same_bytes_as_threads(
    cluster: Any, kept_pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stretches so small that there is something to share out.
    monkeypatch.setattr(worths, "STRETCH_PAIRS", 64 * 40)
    effort = Effort(few_pairs=0, by_mentee=3, by_mentor=5, kept_pairs=kept_pairs)
    world = contested(1, 150, 40)
    alone, before = written(world, effort), tasks(cluster)
    with joblib.parallel_config("dask"):
        assert written(world, effort) == alone
    assert tasks(cluster) > before


def tasks(cluster: Any) -> int:
    """How many steps of tasks the cluster ever took."""
    found = cluster.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    assert isinstance(found, int)
    return found
