"""Measurements of loads, and their ratios: within a round first, then the median of rounds.

A busy machine slows neighbours in time alike, so only what stood side by side is compared.
"""

import statistics
from dataclasses import dataclass, field

WORKER = "worker CPU"
DATABASE = "database CPU"
THROUGHPUT = "throughput"
P50 = "p50"
P99 = "p99"
METRICS = (WORKER, DATABASE, THROUGHPUT, P50, P99)


@dataclass(frozen=True)
class Cell:
    """What was measured: a target with a question over so many connections."""

    question: str
    connections: int
    target: str


@dataclass
class Results:
    """Every measurement of a run, by cell and then by round."""

    measured: dict[Cell, dict[int, dict[str, float]]] = field(default_factory=dict)
    # How the database was set up.
    facts: dict[str, str] = field(default_factory=dict)

    def note(self, cell: Cell, number: int, values: dict[str, float]) -> None:
        """Keeps the values of this round by metric."""
        self.measured.setdefault(cell, {})[number] = values

    def ratio(self, cell: Cell, base: str, metric: str) -> float | None:
        """The median over rounds of this target's value over the base's; None without either."""
        own = self.measured.get(cell, {})
        others = self.measured.get(Cell(cell.question, cell.connections, base), {})
        ratios = [
            values[metric] / others[number][metric]
            for number, values in own.items()
            if number in others and others[number][metric] > 0
        ]
        return statistics.median(ratios) if ratios else None

    def targets(self, question: str) -> list[str]:
        """The targets that answered this question, in the order of their first round."""
        return list(dict.fromkeys(c.target for c in self.measured if c.question == question))
