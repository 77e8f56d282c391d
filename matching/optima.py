"""The best pairing of a whole market, proved against every pair though few of them are solved.

Solve what is on the shortlist, price it, look in one pass over all pairs for whoever would pay
more than the price, and again with those, until nobody would: the prices then prove the answer
(column generation; Gilmore and Gomory 1961). It refuses to stop before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from matching.arrays import Amounts, Integers, Masks
from matching.flows import solve
from matching.loads import needs, refuse_lacking
from matching.prices import NotOptimal, Prices, bound, recover
from matching.problems import Problem, mixed
from matching.shortlists import Edges, Turns, best_of_rows, chosen_few, columns_of, shortlist
from matching.worths import NEVER, Sides, Worths

# How many pairs a mentee may add in one round; more would only slow the next solution.
_MOST_ADDED = 15
_AMOUNT_SHIFT = 32
# What a block of pairs of half width holds, however dear they are beside what they cost.
_MOST_OVER = 2**30
_LEAST = -(2**62)


@dataclass(frozen=True)
class Progress:
    """How far a run has come: its phase, its rounds of pricing so far, and the pairs solved.

    `open_pairs` are the pairs that the last prices did not yet cover, and `gap` is how much
    better than the last solution, in millionths, any other can be at most; at 0 it is proved.
    A step that takes long is told again while it lasts.
    """

    phase: str
    rounds: int = 0
    edges: int = 0
    open_pairs: int | None = None
    gap: int | None = None


Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Optimum:
    """A proved optimum: the problem last solved, its chosen edges, and prices for all pairs."""

    problem: Problem
    chosen: Masks
    prices: Prices
    objective: int
    rounds: int


def unwatched(_: Progress) -> None:
    """Nobody watches."""


def find(worths: Worths, *, watch: Watch = unwatched, first: Edges | None = None) -> Optimum:
    """The optimum over all allowed pairs of the market.

    Parameters
    ----------
    worths : Worths
        Of n mentees and m mentors.
    watch : callable
        Told of each step; whatever it raises ends the search.
    first : Edges, optional
        What to begin with instead of a shortlist, such as `edges_of` an earlier optimum.

    Raises
    ------
    Lacking
        If not every column can get its least load.
    NotSolved, NotOptimal
        If a solution was not proved.
    """
    _, wide = worths.shape
    step = Progress("shortlist")
    watch(step)
    edges = _first(worths, pause=partial(watch, step)) if first is None else first
    turns = Turns.of(worths)
    while True:
        step = replace(step, phase="solve", rounds=step.rounds + 1, edges=len(edges.rows))
        watch(step)
        problem = _problem(worths.sides, edges)
        chosen = solve(problem)
        prices = recover(problem, chosen)
        step = replace(step, phase="price")
        watch(step)
        unpaid = _unpaid(worths, prices, turns, pause=partial(watch, step)).besides(edges, wide)
        gap = _gap(worths.sides, prices, unpaid)
        step = replace(step, phase="priced", open_pairs=len(unpaid.rows), gap=gap)
        watch(step)
        if not len(unpaid.rows):
            break
        edges = edges.with_more(unpaid, wide)
    objective, limit = problem.objective(chosen), bound(problem, prices)
    if limit != objective:
        raise NotOptimal(f"objective {objective} differs from its bound {limit}")
    return Optimum(problem, chosen, prices, objective, step.rounds)


def _first(worths: Worths, *, pause: Callable[[], None]) -> Edges:
    """A shortlist, with pairs by which each column gets its least load."""
    edges = shortlist(worths, pause=pause)
    if not worths.sides.limits.least.any():
        return edges
    found = find(needs(worths))
    rows, columns = found.problem.rows[found.chosen], found.problem.columns[found.chosen]
    refuse_lacking(worths, columns)
    return edges.with_more(chosen_few(worths, rows, columns), worths.shape[1])


def edges_of(optimum: Optimum, worths: Worths, *, now: Worths) -> Edges:
    """The edges last solved, as they are worth now that bonus or reward have changed."""
    problem = optimum.problem
    rows, columns = problem.rows, problem.columns
    scores = problem.weights - worths.sides.priorities[rows]
    more = now.standing.bonuses(rows, columns) - worths.standing.bonuses(rows, columns)
    return Edges(rows, columns, scores + more)


def runners_up(worths: Worths, optimum: Optimum) -> Integers:
    """For each mentee the column they could have at the least cost to all besides the one taken.

    Returns
    -------
    ndarray of int64, shape (n,)
        Of equal costs the higher score, then the first id; -1 where there is none.
    """
    problem, chosen = optimum.problem, optimum.chosen
    taken = np.full(len(problem.demands), -1, dtype=np.int64)
    taken[problem.rows[chosen]] = problem.columns[chosen]

    def work(rows: slice, block: Amounts) -> Integers:
        worth = block.astype(np.int64)
        held = np.flatnonzero(taken[rows] >= 0)
        worth[held, taken[rows][held]] = NEVER
        found = _dearest(worth, optimum.prices.asked(problem.limits, rows))
        found[worth[np.arange(len(worth)), found] == NEVER] = -1
        return found

    if not len(problem.capacities):
        return np.full(len(taken), -1, dtype=np.int64)
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *worths.stretches(work)])


def _dearest(worth: Integers, asked: Integers) -> Integers:
    """For each row the column that leaves it most; of equal ones the higher worth, the first."""
    if np.abs(asked).max(initial=0) < _MOST_OVER // 2:
        keys = ((worth - asked) << _AMOUNT_SHIFT) + worth
        found: Integers = keys.argmax(axis=1)
        return found
    # Beyond what a key holds: once for what is left, and once for the worth of those.
    left = np.where(worth == NEVER, _LEAST, worth - asked)
    best = left == left.max(axis=1, keepdims=True)
    found = np.where(best, worth, _LEAST).argmax(axis=1)
    return found  # noqa: RET504 - it tells the type


def _gap(sides: Sides, prices: Prices, unpaid: Edges) -> int:
    """How much all unpaid pairs together could add, as each row holds no more than it asks for."""
    worth = unpaid.scores + sides.priorities[unpaid.rows]
    most = np.zeros(len(sides.demands), dtype=np.int64)
    paid = prices.paid(sides.limits, unpaid.rows, unpaid.columns) + prices.surpluses[unpaid.rows]
    np.maximum.at(most, unpaid.rows, worth - paid)
    return int(sides.demands @ most)


def _unpaid(worths: Worths, prices: Prices, turns: Turns, *, pause: Callable[[], None]) -> Edges:
    """Pairs worth more than surplus and price together, those of the most first.

    Whoever asks for several may hold such pairs already, so as many more are looked for.
    """
    wide = len(prices.prices)
    limits = prices.surpluses - worths.sides.priorities
    most = _MOST_ADDED + int(worths.sides.demands.max(initial=1)) - 1

    def work(rows: slice, block: Amounts) -> Edges:
        over = _over(block, prices.asked(worths.sides.limits, rows), limits[rows, None])
        busy = np.flatnonzero((over > 0).any(axis=1))
        starts = turns.mine[rows][busy]
        keys = best_of_rows(over[busy], starts, most)
        places, spots = np.nonzero(keys >> _AMOUNT_SHIFT > 0)
        columns = columns_of(keys, starts, wide)[places, spots]
        scores = block[busy[places], columns].astype(np.int64)
        return Edges(busy[places] + rows.start, columns, scores)

    return Edges.joined(worths.stretches(work, pause=pause) if wide else ())


def _over(block: Amounts, asked: Integers, limits: Integers) -> Amounts:
    """How much each pair is worth above price and surplus, up to _MOST_OVER, and so below 0."""
    highest = int(asked.max(initial=0)) + int(limits.max(initial=0))
    lowest = int(asked.min(initial=0)) + int(limits.min(initial=0))
    if lowest >= -_MOST_OVER and highest <= _MOST_OVER:
        over = block - asked.astype(np.int32)
        over -= limits.astype(np.int32)
        return over
    # Bonuses beyond any score: half the width no longer holds them.
    wide = block - asked - limits
    wide[block == NEVER] = NEVER
    clipped: Amounts = np.clip(wide, NEVER, _MOST_OVER).astype(np.int32)
    return clipped


def _problem(sides: Sides, edges: Edges) -> Problem:
    return Problem(
        rows=edges.rows,
        columns=edges.columns,
        weights=edges.scores + sides.priorities[edges.rows],
        demands=sides.demands,
        capacities=sides.capacities,
        unmatched=sides.minimum,
        ties=mixed(sides.mine[edges.rows], sides.theirs[edges.columns]),
        limits=sides.limits,
    )
