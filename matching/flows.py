"""The exact optimum, by min-cost flow with capacities as they are.

No slots are copied and nothing is rounded here. It refuses to answer at all
rather than to answer without a proved optimum.
"""

from typing import Final

import numpy as np

from matching.arrays import Integers, Masks
from matching.problems import Gates, Problem

try:
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
except ImportError:
    SimpleMinCostFlow = None

FINEST_TIES: Final = 4096
# The solver multiplies costs by the number of nodes in 64 bits; this leaves a margin of four.
ROOM: Final = 2**61
LESS_ROOM: Final = 8


class NoSolver(RuntimeError):  # noqa: N818 - it says what is missing
    """The solver is not installed; nothing else is taken in its place, as it could be worse."""


class NotSolved(RuntimeError):  # noqa: N818 - the solver answered, and not with an optimum
    """The solver found no proved optimum; the message holds its own word for it."""


def solve(problem: Problem) -> Masks:
    """The edges of an optimal answer.

    Among optima the one with the largest sum of ties wins, which no answer
    worse by a single millionth can reach: weights are scaled beyond all ties.

    Returns
    -------
    ndarray of bool, shape (edges,)

    Raises
    ------
    NoSolver
        If OR-Tools is not installed.
    NotSolved
        If the solver reports anything but an optimum, nothing is left by which to keep
        least loads, or the worth of pairs is too large for 64 bits at this size.
    """
    if SimpleMinCostFlow is None:
        raise NoSolver("OR-Tools is not installed, and only it proves a pairing; install ortools")
    pinned = problem.pinned()
    rest = problem.without(pinned)
    if len(rest.rows):
        pinned[~pinned] = _solved(rest)
    elif rest.limits.least.any():
        raise NotSolved("the pinned pairs alone keep no least load that is larger")
    return pinned


def _solved(problem: Problem) -> Masks:
    gates = Gates.of(problem)
    for room in (ROOM, ROOM // LESS_ROOM):
        solver = _network(problem, gates, _worth(problem, gates, room))
        status = solver.solve()
        # How much the solver takes depends on the shape of the network, too.
        if status != solver.BAD_COST_RANGE:
            break
    if status != solver.OPTIMAL:
        raise NotSolved(str(status))
    chosen: Masks = solver.flows(np.arange(len(problem.rows), dtype=np.int32)) > 0
    return chosen


def _worth(problem: Problem, gates: Gates, most: int) -> Integers:
    """Worth over staying unmatched, with ties as digits below the millionth where there is room.

    Each tie is at least 1, so that a pair exactly as good as none is made.
    """
    over = problem.weights - problem.unmatched
    units = int(problem.demands.sum())
    nodes = len(problem.demands) + len(problem.capacities) + len(gates.columns) + 2
    dearest = int(np.abs(over).max()) + 1
    room = most // nodes // dearest // (units + 1)
    if room < 1 and over.min() > 0 and dearest * nodes < most:
        # Bonuses leave no digits for ties, and each pair is better than none without them.
        return over
    if room < 1:
        raise NotSolved("weights too large for exact arithmetic at this size")
    grain = min(FINEST_TIES, room)
    ties = (problem.ties % np.uint64(grain)).astype(np.int64) + 1
    return over * (units * grain + 1) + ties


def _network(problem: Problem, gates: Gates, worth: Integers) -> SimpleMinCostFlow:
    n, m = len(problem.demands), len(problem.capacities)
    # First the rows, then the columns and the gates before them, and last the sink.
    sink = n + m + len(gates.columns)
    least = problem.limits.least_of(m)
    rows, columns = np.arange(n, dtype=np.int32), np.arange(n, n + m, dtype=np.int32)
    solver = SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    add(
        problem.rows.astype(np.int32),
        (gates.arrivals + n).astype(np.int32),
        np.ones(len(worth), dtype=np.int64),
        -worth,
    )
    add(rows, np.full(n, sink, np.int32), problem.demands, np.zeros(n, np.int64))
    add(columns, np.full(m, sink, np.int32), problem.capacities - least, np.zeros(m, np.int64))
    before = np.arange(n + m, sink, dtype=np.int32)
    add(before, columns[gates.columns], gates.caps, np.zeros(len(before), np.int64))
    solver.set_nodes_supplies(rows, problem.demands)
    # What a column must get stays with it, so that no answer can pass it by.
    solver.set_nodes_supplies(columns, -least)
    solver.set_node_supply(sink, int(least.sum() - problem.demands.sum()))
    return solver
