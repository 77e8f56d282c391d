"""Invented markets of any size, and what is measured on them, each in a process of its own.

`python -m tests.bench.markets WHAT KIND MENTEES MENTORS THREADS` prints one line of JSON. The
same words and numbers are the same market everywhere; it refuses real people.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from matching import Configuration, Effort, Mentee, Mentor, explanations
from matching.arrays import Integers
from matching.choices import choose
from matching.markets import Market
from matching.optima import find, unwatched
from matching.settlements import Settlement
from matching.shortlists import everything, shortlist
from matching.worths import NEVER, Standing, Worths

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


# What keeping a proposal is worth, and how much scores move from one night to the next.
_STANDING, _NOISE = 0.01, 0.02
_ASKED = 40

People = tuple[list[Mentee], list[Mentor]]


def people(mentees: int, mentors: int) -> People:
    """So many of both, whose languages, refusals and conflicts forbid about half of all pairs."""
    draw = random.Random(f"{mentees} {mentors}")
    return (
        [_mentee(draw, k, mentors) for k in range(mentees)],
        [_mentor(draw, k) for k in range(mentors)],
    )


def contested(mentees: int, mentors: int) -> People:
    """The same, but some mentors fit nearly everybody, so that all want these: prices decide."""
    draw = random.Random(f"contested {mentees} {mentors}")
    everybody = people(mentees, mentors)
    return everybody[0], [_famed(draw, mentor, draw.random() ** 2) for mentor in everybody[1]]


def _famed(draw: random.Random, mentor: Mentor, fame: float) -> Mentor:
    """The mentor with the experience of a fame from 0 to 1."""
    return replace(
        mentor,
        functions=frozenset(draw.sample(_FUNCTIONS, 1 + round(fame * 5))),
        regions=frozenset(draw.sample(_REGIONS, 1 + round(fame * 4))),
        mission_types=frozenset(("PEACEKEEPING", "POLITICAL")[: 1 + round(fame)]),
        mandate_tasks=frozenset(draw.sample(_TASKS, 2 + round(fame * 20))),
        level=("D-1", "D-2", "ASG", "USG")[round(fame * 3)],
        utc_offset_hours=round((1 - fame) * draw.randint(-11, 12)) + 0.0,
    )


KINDS = {"usual": people, "contested": contested}


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


def cadre(sides: People, threads: int) -> dict[str, float]:
    """Rules, scores, shortlists, solutions, prices and the proof over all pairs."""
    with timed() as seconds:
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


def dense(sides: People, threads: int) -> dict[str, float]:
    """One bare flow over all allowed pairs of the same market; only the solver is timed."""
    market = _market(*sides)
    edges = everything(Worths.of(market, Effort(threads=threads)))
    worth = edges.scores + market.priorities[edges.rows] - market.minimum
    solver = network(
        edges.rows, edges.columns, worth, demands=len(market.mentees), places=market.free
    )
    with timed() as seconds:
        status = solver.solve()
    assert status == solver.OPTIMAL
    # Costs are gains over staying unmatched, counted downwards.
    objective = market.minimum * len(sides[0]) - solver.optimal_cost()
    return {"seconds": seconds[0], "objective": objective, "edges": len(worth)}


def pairs(sides: People, threads: int) -> dict[str, float]:
    """Pairs scored and listed in a second; and scored one by one, as a loop in Python would."""
    market, mentees, mentors = _market(*sides), len(sides[0]), len(sides[1])
    with timed() as together:
        shortlist(Worths.of(market, Effort(threads=threads)))
    draw = np.random.default_rng(1)
    rows = draw.integers(0, mentees, _SAMPLE)
    columns = draw.integers(0, mentors, _SAMPLE)
    with timed() as apart:
        for place in range(_SAMPLE):
            row, column = rows[place : place + 1], columns[place : place + 1]
            market.rules.broken(row, column)
            market.scores.totals(row, column)
    return {
        "pairs_per_second": mentees * mentors / together[0],
        "one_by_one_per_second": _SAMPLE / apart[0],
    }


def noise(sides: People, threads: int) -> dict[str, float]:
    """What becomes of proposals once all scores have moved a little: with a bonus, and without."""
    market = _market(*sides)
    worths = Worths.of(market, Effort(threads=threads))
    best, draw = find(worths), np.random.default_rng(1)
    assert worths.kept is not None
    moved = worths.kept * (1 + _NOISE * draw.standard_normal(worths.kept.shape, np.float32))
    kept = np.where(worths.kept == NEVER, NEVER, np.maximum(moved, market.minimum))
    chosen = best.problem.rows[best.chosen], best.problem.columns[best.chosen]
    later = replace(worths, kept=kept.astype(np.int32), standing=Standing(*chosen))
    found = {}
    for name, bonus in (("free", 0.0), ("steady", _STANDING)):
        choice = choose(later, replace(CONFIGURATION, standing_bonus=bonus), watch=unwatched)
        stability = choice.stability
        assert stability is not None
        found[f"{name}_changed"] = stability.changes / stability.keepable
        found[f"{name}_lost"] = stability.loss / (choice.utility + stability.loss)
    return found


def why_not(sides: People, threads: int) -> dict[str, float]:
    """The slowest and the usual exact answer to why not this mentor, beside the whole search."""
    market = _market(*sides)
    with timed() as whole:
        worths = Worths.of(market, Effort(threads=threads))
        best = find(worths)
    settlement, draw = Settlement.of(market, worths, best), random.Random(1)
    seconds = []
    for _ in range(_ASKED):
        mentee, mentor = draw.choice(market.mentees), draw.choice(market.mentors)
        with timed() as asked:
            explanations.why_not(settlement, mentee.id, mentor.id, exact=True)
        seconds.append(asked[0])
    return {"slowest": max(seconds), "usual": sorted(seconds)[_ASKED // 2], "search": whole[0]}


MEASURED: dict[str, Callable[[People, int], dict[str, float]]] = {
    "cadre": cadre,
    "dense": dense,
    "pairs": pairs,
    "noise": noise,
    "why_not": why_not,
}


def _market(mentees: list[Mentee], mentors: list[Mentor]) -> Market:
    return Market.of(
        mentees, mentors, fixed=(), closed_badly=frozenset(), configuration=CONFIGURATION
    )


def network(
    rows: Integers, columns: Integers, worth: Integers, *, demands: int, places: Integers
) -> SimpleMinCostFlow:
    """The bare flow: so many rows with one demand each, and the places of the columns."""
    n, m = demands, len(places)
    solver = SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    ones = np.ones(len(worth), dtype=np.int64)
    add(rows.astype(np.int32), (columns + n).astype(np.int32), ones, -worth)
    left, right = np.arange(n, dtype=np.int32), np.arange(n, n + m, dtype=np.int32)
    add(left, np.full(n, n + m, np.int32), np.ones(n, np.int64), np.zeros(n, np.int64))
    add(right, np.full(m, n + m, np.int32), places, np.zeros(m, np.int64))
    solver.set_nodes_supplies(left, np.ones(n, np.int64))
    solver.set_node_supply(n + m, -n)
    return solver


@contextmanager
def timed() -> Iterator[list[float]]:
    """The seconds that the block took, once it has ended."""
    seconds = [0.0]
    started = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - started


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    what, kind, *numbers = sys.argv[1:]
    size, against, side_by_side = map(int, numbers)
    measured = MEASURED[what](KINDS[kind](size, against), side_by_side)
    sys.stdout.write(json.dumps({**measured, "peak_mb": peak_mb()}))
