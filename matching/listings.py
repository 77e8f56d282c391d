"""A market given as a list of its pairs, most of them absent: never written out as a table.

The same steps as over blocks of rows, on the list. What is not listed is forbidden.
"""

import numpy as np

from matching.arrays import Integers, Masks
from matching.edges import Edges
from matching.prices import Prices
from matching.problems import mixed
from matching.worths import Effort, Sides


def first_listed(listed: Edges, sides: Sides, effort: Effort) -> Edges:
    """The best columns of each row and the best rows of each column, or all where they are few."""
    if len(listed.rows) <= effort.few_pairs:
        return listed
    mine = _best(listed, listed.rows, sides, effort.by_mentee)
    theirs = _best(listed, listed.columns, sides, effort.by_mentor)
    return listed.only(mine | theirs)


def unpaid_listed(listed: Edges, sides: Sides, prices: Prices, *, most: int) -> Edges:
    """Pairs worth more than surplus and prices together, the dearest `most` of each row."""
    over = over_listed(listed, sides, prices)
    unpaid = Edges(listed.rows, listed.columns, over).only(over > 0)
    kept = _best(unpaid, unpaid.rows, sides, most)
    return listed.only(np.flatnonzero(over > 0)[kept])


def over_listed(listed: Edges, sides: Sides, prices: Prices) -> Integers:
    """What each listed pair is worth beyond surplus and prices, shape (pairs,)."""
    asked = prices.paid(sides.limits, listed.rows, listed.columns)
    over: Integers = listed.scores + sides.priorities[listed.rows] - asked
    return over - prices.surpluses[listed.rows]


def _best(edges: Edges, lines: Integers, sides: Sides, most: int) -> Masks:
    """Whether each edge is among the best of its line; equal ones come in turn, by hash."""
    turns = mixed(sides.mine[edges.rows], sides.theirs[edges.columns])
    order = np.lexsort((turns, -edges.scores, lines))
    ordered = lines[order]
    ranks = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    best = np.zeros(len(ordered), dtype=np.bool_)
    best[order] = ranks < most
    return best
