"""An independent look at the assignment of a plain matrix: is it allowed, and is it the best?

It adds up for itself over every allowed pair. It refuses to use the solver or the code that
found the prices.
"""

from collections.abc import Iterator

import numpy as np

from matching.arrays import Integers, Masks
from matching.prices import Prices
from matching.questions import Question


def faults_of(question: Question, pairs: Integers, prices: Prices) -> Iterator[str]:
    """Everything that is wrong with pairs (k, 2) and prices, in words."""
    n, m = question.shape
    rows, columns = pairs.T
    if (pairs < 0).any() or (pairs >= (n, m)).any():
        yield "a pair lies outside the matrix"
        return
    if len(np.unique(rows * m + columns)) != len(pairs):
        yield "a pair is made twice"
    if len(pairs) != sum(len(worth) for worth in _worths(question, pairs)):
        yield "a pair is made that is forbidden"
    yield from _counted(question, rows, columns)
    if _misshapen(question, prices):
        yield "prices do not fit the matrix"
        return
    least = question.limits.least_of(m)
    signed = (prices.prices[least == 0], *prices.groups)
    if any((some < 0).any() for some in signed):
        yield "a price is negative"
    if (prices.surpluses[_open(question)] < question.minimum).any():
        yield "a surplus lies below the unmatched value"


def totals_of(question: Question, pairs: Integers, prices: Prices) -> tuple[int, int]:
    """The objective of the pairs and the bound of the prices, in millionths."""
    gained = sum(int(worth.sum()) for worth in _worths(question, pairs))
    left_open = int(question.demands.sum()) - len(pairs)
    objective = gained + question.minimum * left_open
    if _misshapen(question, prices):
        return objective, 0
    return objective, _bound(question, prices)


def _counted(question: Question, rows: Integers, columns: Integers) -> Iterator[str]:
    n, m = question.shape
    limits = question.limits
    loads = np.bincount(columns, minlength=m)
    if (np.bincount(rows, minlength=n) > question.demands).any():
        yield "a row has more partners than it asks for"
    if (loads > question.capacities).any():
        yield "a column has more partners than its capacity"
    if (loads < limits.least_of(m)).any():
        yield "a column has fewer partners than its least load"
    if not np.isin(limits.pinned_rows * m + limits.pinned_columns, rows * m + columns).all():
        yield "a pinned pair is not made"
    for grouping in limits.groupings:
        counts = np.zeros_like(grouping.caps)
        np.add.at(counts, (grouping.labels[rows], columns), 1)
        if (counts > grouping.caps).any():
            yield "a column has more partners of one group than the cap"


def _bound(question: Question, prices: Prices) -> int:
    """What no answer can exceed; for the formula see `matching.prices.bound`."""
    _, m = question.shape
    limits, gains = question.limits, prices.surpluses
    p, least = prices.prices, limits.least_of(m)
    total = int(question.demands @ gains)
    total += int(question.capacities @ np.maximum(p, 0)) + int(least @ np.minimum(p, 0))
    for grouping, extra in zip(limits.groupings, prices.groups, strict=True):
        total += int((grouping.caps * extra).sum())
    pins, free = limits.pinned_rows * m + limits.pinned_columns, _open(question)
    for edges in question.allowed():
        left = edges.scores - gains[edges.rows] - p[edges.columns]
        for grouping, extra in zip(limits.groupings, prices.groups, strict=True):
            left = left - extra[grouping.labels[edges.rows], edges.columns]
        pinned = np.isin(edges.rows * m + edges.columns, pins)
        choosing = ~pinned & free[edges.rows]
        total += int(left[pinned].sum()) + int(np.maximum(left[choosing], 0).sum())
    return total


def _worths(question: Question, pairs: Integers) -> Iterator[Integers]:
    """The worth of those of the pairs that are allowed, some rows at a time."""
    _, m = question.shape
    made = pairs[:, 0] * m + pairs[:, 1]
    for edges in question.allowed():
        yield edges.scores[np.isin(edges.rows * m + edges.columns, made)]


def _open(question: Question) -> Masks:
    """Which rows have anything to decide beside their pins."""
    n, _ = question.shape
    return np.bincount(question.limits.pinned_rows, minlength=n) < question.demands


def _misshapen(question: Question, prices: Prices) -> bool:
    n, m = question.shape
    tables = [grouping.caps.shape for grouping in question.limits.groupings]
    return (
        prices.prices.shape != (m,)
        or prices.surpluses.shape != (n,)
        or [extra.shape for extra in prices.groups] != tables
    )
