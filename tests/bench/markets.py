"""Invented markets of any size, and what is measured on them, each in a process of its own.

`python -m tests.bench.markets WHAT MENTEES MENTORS THREADS` prints one line of JSON. The same
numbers are the same market everywhere; it refuses real people.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching import Configuration, Effort, Mentee, Mentor
from matching.arrays import Integers
from matching.markets import Market
from matching.optima import find
from matching.shortlists import everything, shortlist
from matching.worths import Worths

CONFIGURATION = Configuration(unmatched_value=0.2)
_FUNCTIONS = (
    "HEAD_OF_MISSION",
    "DEPUTY_HEAD_OF_MISSION",
    "CHIEF_OF_STAFF",
    "FORCE_COMMANDER",
    "POLICE_COMMISSIONER",
    "DIRECTOR_OF_MISSION_SUPPORT",
)
_TASKS = [f"task {k}" for k in range(24)]
_WORDS = [f"word{k}" for k in range(400)]
_LANGUAGES = ("en", "fr", "es", "ar", "pt", "ru")
_REGIONS = ("AFRICA", "AMERICAS", "ASIA", "EUROPE", "MIDDLE_EAST")
_SAMPLE = 2_000


def people(mentees: int, mentors: int) -> tuple[list[Mentee], list[Mentor]]:
    """So many of both, whose languages, refusals and conflicts forbid about half of all pairs."""
    draw = random.Random(f"{mentees} {mentors}")
    return (
        [_mentee(draw, k, mentors) for k in range(mentees)],
        [_mentor(draw, k) for k in range(mentors)],
    )


def _mentee(draw: random.Random, k: int, mentors: int) -> Mentee:
    return Mentee(
        id=f"e{k}",
        function=draw.choice(_FUNCTIONS),
        stream=draw.choice(("CIVILIAN", "MILITARY", "POLICE")),
        mission_id=f"mission {draw.randrange(40)}",
        mission_region=draw.choice(_REGIONS),
        mission_type=draw.choice(("PEACEKEEPING", "POLITICAL")),
        preferred_mentors=tuple(f"m{draw.randrange(mentors)}" for _ in range(2)),
        mentor_gender_preference=draw.choice(("F", None, None)),
        top_criterion=draw.choice(("goals", "function", "languages", None)),
        vetoed_mentors=frozenset({f"m{draw.randrange(mentors)}"}),
        goals=" ".join(draw.choices(_WORDS, k=12)),
        waiting_days=draw.randrange(300),
        **_anybody(draw, f"e{k}"),
    )


def _mentor(draw: random.Random, k: int) -> Mentor:
    return Mentor(
        id=f"m{k}",
        capacity=draw.choice((1, 1, 2)),
        available=draw.random() < 0.95,
        functions=frozenset(draw.sample(_FUNCTIONS, 2)),
        mission_ids=frozenset(f"mission {draw.randrange(40)}" for _ in range(3)),
        regions=frozenset(draw.sample(_REGIONS, 2)),
        mission_types=frozenset({draw.choice(("PEACEKEEPING", "POLITICAL"))}),
        expertise=" ".join(draw.choices(_WORDS, k=12)),
        **_anybody(draw, f"m{k}"),
    )


def _anybody(draw: random.Random, key: str) -> dict[str, Any]:
    return {
        "person_id": f"person {key}",
        "level": draw.choice(("D-1", "D-2", "ASG", "USG")),
        "mandate_tasks": frozenset(draw.sample(_TASKS, 4)),
        "languages": {code: draw.randint(3, 6) for code in draw.sample(_LANGUAGES, 2)},
        "nationalities": frozenset({f"C{draw.randrange(120)}"}),
        "refused_nationalities": frozenset(
            {f"C{draw.randrange(120)}"} if draw.random() < 0.2 else ()
        ),
        "utc_offset_hours": float(draw.randint(-11, 12)),
        "gender": draw.choice(("F", "M")),
        "conflicts": frozenset(),
    }


def cadre(mentees: int, mentors: int, threads: int) -> dict[str, float]:
    """Rules, scores, shortlists, solutions, prices and the proof over all pairs."""
    sides = people(mentees, mentors)
    with _timed() as seconds:
        market = _market(*sides)
        worths = Worths.of(market, Effort(threads=threads))
        best = find(worths)
    return {
        "seconds": seconds[0],
        "objective": best.objective,
        "rounds": best.rounds,
        "edges": len(best.problem.rows),
        "eligible": worths.eligible,
    }


def dense(mentees: int, mentors: int, threads: int) -> dict[str, float]:
    """One bare flow over all allowed pairs of the same market; only the solver is timed."""
    market = _market(*people(mentees, mentors))
    edges = everything(Worths.of(market, Effort(threads=threads)))
    worth = edges.scores + market.priorities[edges.rows] - market.minimum
    solver = _network(edges.rows, edges.columns, worth, market)
    with _timed() as seconds:
        status = solver.solve()
    assert status == solver.OPTIMAL
    # Costs are gains over staying unmatched, counted downwards.
    objective = market.minimum * mentees - solver.optimal_cost()
    return {"seconds": seconds[0], "objective": objective, "edges": len(worth)}


def pairs(mentees: int, mentors: int, threads: int) -> dict[str, float]:
    """Pairs scored and listed in a second; and scored one by one, as a loop in Python would."""
    market = _market(*people(mentees, mentors))
    with _timed() as together:
        shortlist(Worths.of(market, Effort(threads=threads)))
    draw = np.random.default_rng(1)
    rows = draw.integers(0, mentees, _SAMPLE)
    columns = draw.integers(0, mentors, _SAMPLE)
    with _timed() as apart:
        for place in range(_SAMPLE):
            row, column = rows[place : place + 1], columns[place : place + 1]
            market.rules.broken(row, column)
            market.scores.totals(row, column)
    return {
        "pairs_per_second": mentees * mentors / together[0],
        "one_by_one_per_second": _SAMPLE / apart[0],
    }


MEASURED: dict[str, Callable[[int, int, int], dict[str, float]]] = {
    "cadre": cadre,
    "dense": dense,
    "pairs": pairs,
}


def _market(mentees: list[Mentee], mentors: list[Mentor]) -> Market:
    return Market.of(
        mentees, mentors, fixed=(), closed_badly=frozenset(), configuration=CONFIGURATION
    )


def _network(
    rows: Integers, columns: Integers, worth: Integers, market: Market
) -> SimpleMinCostFlow:
    n, m = len(market.mentees), len(market.mentors)
    solver = SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    ones = np.ones(len(worth), dtype=np.int64)
    add(rows.astype(np.int32), (columns + n).astype(np.int32), ones, -worth)
    left, right = np.arange(n, dtype=np.int32), np.arange(n, n + m, dtype=np.int32)
    add(left, np.full(n, n + m, np.int32), np.ones(n, np.int64), np.zeros(n, np.int64))
    add(right, np.full(m, n + m, np.int32), market.free, np.zeros(m, np.int64))
    solver.set_nodes_supplies(left, np.ones(n, np.int64))
    solver.set_node_supply(n + m, -n)
    return solver


@contextmanager
def _timed() -> Iterator[list[float]]:
    seconds = [0.0]
    started = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - started


if __name__ == "__main__":
    what, *numbers = sys.argv[1:]
    measured = MEASURED[what](*map(int, numbers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({**measured, "peak_mb": peak}))
