"""What this process counts of itself, for whoever watches it.

Numbers only: it refuses labels that a client could make up, and anything personal. It counts
on the event loop's thread alone, and so without the locks that would cost more than a count.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import REGISTRY, Gauge
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

# Upper bounds in seconds, from an answer out of memory to the end of anybody's patience.
_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tally:
    """One number that only grows."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Tallies(Collector):
    """The numbers of one thing, by their labels."""

    def __init__(self, name: str, words: str, labels: list[str]) -> None:
        self._name, self._words, self._labels = name, words, labels
        self._tallies: dict[tuple[str, ...], Tally] = {}
        REGISTRY.register(self)

    def of(self, *values: str) -> Tally:
        """The number with these labels; to be kept by whoever counts often."""
        return self._tallies.setdefault(values, Tally())

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The numbers as they are now."""
        family = CounterMetricFamily(self._name, self._words, labels=self._labels)
        for values, tally in self._tallies.items():
            family.add_metric(values, tally.count)
        yield family


class Durations(Collector):
    """How often something took how long."""

    def __init__(self, name: str, words: str) -> None:
        self._name, self._words = name, words
        self._counts = [0] * (len(_BOUNDS) + 1)
        self._sum = 0.0
        REGISTRY.register(self)

    def observe(self, seconds: float) -> None:
        """Counts one more."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self._sum += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The durations so far."""
        bounds = [*map(str, _BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(self._name, self._words, buckets, self._sum)


REQUESTS = Tallies("cadre_requests", "GraphQL requests answered.", ["transport", "status"])
OPERATIONS = Tallies("cadre_operations", "Operations run, by the way they took.", ["way"])
REFUSALS = Tallies("cadre_refusals", "Errors told to clients, by their code.", ["code"])
SECONDS = Durations("cadre_request_seconds", "Time from an HTTP request to its answer.")
DOCUMENTS = Tallies("cadre_documents", "Documents looked up among the remembered.", ["found"])
DOCUMENTS_HELD = Gauge("cadre_documents_held", "Documents remembered now.")
PLANS = Tallies("cadre_plans", "Plans looked up among the remembered.", ["found"])
PLANS_HELD = Gauge("cadre_plans_held", "Plans remembered now.")
