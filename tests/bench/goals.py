"""What reads are meant to reach, as bounds on ratios: met, missed, or not measured."""

from dataclasses import dataclass

from tests.bench import measures
from tests.bench.measures import Cell, Results
from tests.bench.targets import ANCHOR, CADRE, FLOOR, LARGE, PERSISTED

READS = ("Q1", "Q2", "Q3")
EVERY = (*READS, "Q4", "Q5")
BOTH = (1, 32)


@dataclass(frozen=True)
class Goal:
    """A bound on one target's value over another's, for each of these questions."""

    target: str
    base: str
    metric: str
    questions: tuple[str, ...]
    bound: float
    is_least: bool = False
    connections: tuple[int, ...] = BOTH

    def says(self) -> str:
        """The goal in words."""
        sign = "at least" if self.is_least else "at most"
        return f"{self.metric} of {self.target}, {sign} {self.bound:g} x {self.base}"

    def ratios(self, results: Results, question: str) -> list[float]:
        """What was measured, by connections; empty where either side was not."""
        cells = (Cell(question, n, self.target) for n in self.connections)
        found = [results.ratio(cell, self.base, self.metric) for cell in cells]
        return [ratio for ratio in found if ratio is not None]

    def is_met(self, ratios: list[float]) -> bool:
        """Whether every number of connections keeps the bound."""
        if self.is_least:
            return min(ratios) >= self.bound
        return max(ratios) <= self.bound


def _faster(target: str, questions: tuple[str, ...], bound: float) -> Goal:
    return Goal(
        target, ANCHOR, measures.THROUGHPUT, questions, bound, is_least=True, connections=(32,)
    )


GOALS = (
    Goal(CADRE, FLOOR, measures.WORKER, ("Q1",), 2.1),
    Goal(CADRE, FLOOR, measures.WORKER, ("Q2", "Q3"), 1.5),
    Goal(PERSISTED, FLOOR, measures.WORKER, READS, 1.2),
    _faster(CADRE, ("Q1",), 1.2),
    _faster(CADRE, ("Q2", "Q3"), 2),
    _faster(PERSISTED, ("Q4",), 1),
    _faster(CADRE, ("Q5",), 1),
    Goal(CADRE, ANCHOR, measures.P99, EVERY, 1),
    *(
        Goal(LARGE, CADRE, metric, READS, 1.3)
        for metric in (measures.WORKER, measures.DATABASE, measures.P50)
    ),
)
