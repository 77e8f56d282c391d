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
from matching.edges import Edges
from matching.flows import NotSolved, solve
from matching.listings import over_listed, unpaid_listed
from matching.loads import needs, refuse_lacking
from matching.overlaps import relax, settle
from matching.prices import NotOptimal, Prices, bound, recover
from matching.problems import Problem, mixed
from matching.shortlists import Turns, best_of_rows, chosen_few, columns_of, shortlist
from matching.worths import NEVER, Effort, Sides, Worths

# How many pairs a mentee may add in one round; more would only slow the next solution.
_MOST_ADDED = 15
# For each of both sides so many edges are solved again once there are prices: dearer ones hardly
# ever come back, and then as unpaid.
_SOLVED_AGAIN = 6
# What is hardly paid for comes along, as the next prices may no longer cover it: in millionths.
_ALONG = 10_000
_AMOUNT_SHIFT = 32
# How many times fewer pairs are few where groups overlap, as each of them takes longer.
_DEARER = 10
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
    """A proved optimum: the problem last solved, its chosen edges, and prices for all pairs.

    Where groups overlap, the bound that the prices prove can lie above the objective.
    """

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
        chosen, prices = _solved(problem, worths.effort)
        step = replace(step, phase="price")
        watch(step)
        more = _unpaid(worths, prices, turns, pause=partial(watch, step)).besides(edges, wide)
        over = _excess(worths.sides, prices, more)
        gap, unpaid = _gap(worths.sides, more.rows, over), int(np.count_nonzero(over > 0))
        step = replace(step, phase="priced", open_pairs=unpaid, gap=gap)
        watch(step)
        if not unpaid:
            break
        if step.rounds == 1 and not worths.sides.limits.overlap:
            edges = _cheap(problem, prices, edges)
        edges = edges.with_more(more, wide)
    made = problem.pinned() if chosen is None else chosen
    found = Optimum(problem, made, prices, problem.objective(made), step.rounds)
    if worths.sides.limits.overlap:
        return _whole(worths, found, edges, chosen)
    objective, limit = found.objective, bound(problem, prices)
    if limit != objective:
        raise NotOptimal(f"objective {objective} differs from its bound {limit}")
    return found


def _solved(problem: Problem, effort: Effort) -> tuple[Masks | None, Prices]:
    """A solution of these edges with its prices; perhaps no whole one where groups overlap."""
    if problem.limits.overlap:
        relaxed = relax(problem, seconds=effort.seconds)
        return relaxed.whole, relaxed.prices
    chosen = solve(problem)
    return chosen, recover(problem, chosen)


def _whole(worths: Worths, priced: Optimum, edges: Edges, chosen: Masks | None) -> Optimum:
    """The best answer found where groups overlap, to be compared with the bound of the prices.

    A pair that costs more than the gap to the bound stands in no better answer. So the
    cheapest pairs are solved, and more of them until the next one would cost more than the
    gap; then those that were not on the list are looked for once, where they are few enough.
    """
    problem, prices, seconds = priced.problem, priced.prices, worths.effort.seconds
    limit = bound(problem, prices)
    chosen = _cheapest(problem, prices, seconds) if chosen is None else chosen
    found = replace(priced, chosen=chosen, objective=problem.objective(chosen))
    gap = limit - found.objective
    near = _near(worths, prices, gap).besides(edges, worths.shape[1])
    if not 0 < len(near.rows) <= worths.effort.few_pairs // _DEARER:
        return found
    wider = _problem(worths.sides, edges.with_more(near, worths.shape[1]))
    better = settle(wider, _costs(wider, prices) < gap, seconds=seconds)
    if better is None or wider.objective(better) <= found.objective:
        return found
    return replace(found, problem=wider, chosen=better, objective=wider.objective(better))


def _cheapest(problem: Problem, prices: Prices, seconds: float) -> Masks:
    """The best answer among ever more of the edges, the cheapest first, until that is enough."""
    limit, costs = bound(problem, prices), _costs(problem, prices)
    ranked = np.sort(costs)
    count = int(np.searchsorted(ranked, 0, side="right")) * 5 // 4
    best: Masks | None = None
    while True:
        dearest = int(ranked[min(count, len(ranked) - 1)])
        found = settle(problem, costs <= dearest, seconds=seconds)
        if found is not None and (
            best is None or problem.objective(found) > problem.objective(best)
        ):
            best = found
        if best is not None and limit - problem.objective(best) <= dearest:
            return best
        if count >= len(ranked):
            break
        count = 2 * count + 1
    if best is None:
        raise NotSolved(
            f"HiGHS found no pairing in {seconds:g} seconds; give it more, or fewer caps"
        )
    return best


def _costs(problem: Problem, prices: Prices) -> Integers:
    """What making each edge costs beside its price, shape (edges,)."""
    asked = prices.paid(problem.limits, problem.rows, problem.columns)
    costs: Integers = prices.surpluses[problem.rows] + asked - problem.weights
    return costs


def _cheap(problem: Problem, prices: Prices, edges: Edges) -> Edges:
    """The edges of the problem that cost least at these prices; those chosen cost nothing."""
    costs = np.where(problem.pinned(), 0, _costs(problem, prices))
    most = _SOLVED_AGAIN * (len(problem.demands) + len(problem.capacities))
    return edges if len(costs) <= most else edges.only(costs <= np.partition(costs, most)[most])


def _near(worths: Worths, prices: Prices, gap: int) -> Edges:
    """All pairs whose making would cost less than the gap."""
    if worths.listed is not None:
        over = over_listed(worths.listed, worths.sides, prices)
        return worths.listed.only(over > -gap)
    limits = prices.surpluses - worths.sides.priorities - gap

    def work(rows: slice, block: Amounts) -> Edges:
        over = _over(block, prices.asked(worths.sides.limits, rows), limits[rows, None])
        places, columns = np.nonzero(over > 0)
        return Edges(places + rows.start, columns, block[places, columns].astype(np.int64))

    return Edges.joined(worths.stretches(work))


def _first(worths: Worths, *, pause: Callable[[], None]) -> Edges:
    """A shortlist, with all pins, and with pairs by which each column gets its least load.

    Where groups overlap it holds what the caps of one grouping alone take as well, which is
    found much faster than any round of the whole.
    """
    limits = worths.sides.limits
    if limits.overlap:
        few = worths.effort.few_pairs // _DEARER
        worths = replace(worths, effort=replace(worths.effort, few_pairs=few))
    edges = shortlist(worths, pause=pause)
    if len(limits.pinned_rows):
        order = np.lexsort((limits.pinned_columns, limits.pinned_rows))
        pins = chosen_few(worths, limits.pinned_rows[order], limits.pinned_columns[order])
        edges = edges.with_more(pins, worths.shape[1])
    if limits.least.any():
        found = find(needs(worths))
        rows, columns = found.problem.rows[found.chosen], found.problem.columns[found.chosen]
        refuse_lacking(worths, columns)
        edges = edges.with_more(chosen_few(worths, rows, columns), worths.shape[1])
    if limits.overlap and len(edges.rows):
        alone = replace(limits, groupings=limits.groupings[:1])
        flow = replace(worths, sides=replace(worths.sides, limits=alone))
        edges = edges_of(find(flow, first=edges), flow, now=worths)
    return edges


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
        Of equal costs the higher score, then the first id; -1 where there is none, or pins and
        caps leave no room for any.
    """
    problem, chosen = optimum.problem, optimum.chosen
    taken = np.full(len(problem.demands), -1, dtype=np.int64)
    taken[problem.rows[chosen]] = problem.columns[chosen]

    def work(rows: slice, block: Amounts) -> Integers:
        worth = block.astype(np.int64)
        np.copyto(worth, NEVER, where=problem.limits.shut(rows, problem.capacities))
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


def _excess(sides: Sides, prices: Prices, pairs: Edges) -> Integers:
    """What each pair is worth beyond surplus and price, shape (pairs,)."""
    paid = prices.paid(sides.limits, pairs.rows, pairs.columns) + prices.surpluses[pairs.rows]
    over: Integers = pairs.scores + sides.priorities[pairs.rows] - paid
    return over


def _gap(sides: Sides, rows: Integers, over: Integers) -> int:
    """How much all unpaid pairs together could add, as each row holds no more than it asks for."""
    most = np.zeros(len(sides.demands), dtype=np.int64)
    np.maximum.at(most, rows, over)
    return int(sides.demands @ most)


def _unpaid(worths: Worths, prices: Prices, turns: Turns, *, pause: Callable[[], None]) -> Edges:
    """Pairs worth more than surplus and price together, and what is hardly paid for, by row.

    Of each row that has any those of the most. Whoever asks for several may hold such pairs
    already, so as many more are looked for.
    """
    wide = len(prices.prices)
    limits = prices.surpluses - worths.sides.priorities - _ALONG
    most = _MOST_ADDED + int(worths.sides.demands.max(initial=1)) - 1
    if worths.listed is not None:
        return unpaid_listed(worths.listed, worths.sides, prices, most=most)

    def work(rows: slice, block: Amounts) -> Edges:
        over = _over(block, prices.asked(worths.sides.limits, rows), limits[rows, None])
        busy = np.flatnonzero((over > _ALONG).any(axis=1))
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
