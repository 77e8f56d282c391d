"""The best assignment of a plain matrix: for whoever has scores and no people.

The same search and the same proof as for a market. It refuses what does not fit together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.certificates import Certificate
from matching.limits import Infeasible, Lacking
from matching.optima import find
from matching.prices import Prices, bound
from matching.questions import Asked, Cap, Matrix, Question
from matching.rechecks import faults_of, totals_of
from matching.worths import Effort


@dataclass(frozen=True)
class Assignment:
    """The optimum of a plain matrix, with its proof.

    `pairs` are (row, column) in row order; `objective` and `bound` are in
    millionths and equal, which is the proof. Only where caps overlap can they
    differ, and then `gap` says how much better anything else can be at most.
    """

    pairs: tuple[tuple[int, int], ...]
    objective: int
    bound: int
    prices: Prices

    @property
    def gap(self) -> int:
        """How much better any other assignment can be at most, in millionths."""
        return self.bound - self.objective


def assign(  # noqa: PLR0913 - the matrix, what binds it, and how to go about it
    scores: Matrix,
    capacities: npt.ArrayLike,
    *,
    forbidden: Matrix | None = None,
    demands: npt.ArrayLike | None = None,
    unmatched_value: float = 0.0,
    pins: Iterable[tuple[int, int]] = (),
    least: npt.ArrayLike | None = None,
    caps: Sequence[Cap] = (),
    effort: Effort = Effort(),  # noqa: B008 - frozen
) -> Assignment:
    """The best assignment of rows to columns, each pair at most once.

    Parameters
    ----------
    scores : array-like of float, or sparse, shape (n, m)
        Rounded to millionths. Of a sparse matrix only the entries it holds are
        allowed, those that are 0 among them, and it is never written out.
    capacities : array-like of int, shape (m,)
    forbidden : array-like of bool, or sparse, shape (n, m), optional
        Pairs that must not be made, whatever their score.
    demands : array-like of int, shape (n,), optional
        Partners each row asks for; one by default.
    unmatched_value : float
        The worth of a unit of demand left open.
    pins : iterable of (row, column)
        Pairs that must be made.
    least : array-like of int, shape (m,), optional
        How many partners each column must get.
    caps : sequence of (labels, most)
        For each, the group of every row, None for none, and how many of one group
        a column may have. Two or more overlap and may leave a gap.
    effort : Effort

    Returns
    -------
    Assignment

    Raises
    ------
    ValueError
        If shapes do not fit, or what is asked for cannot be kept (`Infeasible`).
    NotSolved
        If the solver finds no proved optimum, or an amount is too large to be exact.
    """
    terms = Asked(
        forbidden=forbidden,
        demands=demands,
        unmatched_value=unmatched_value,
        pins=pins,
        least=least,
        caps=caps,
    )
    return _answered(Question.of(scores, capacities, terms, threads=effort.threads), effort)


def recheck(
    assignment: Assignment, scores: Matrix, capacities: npt.ArrayLike, **asked: Any
) -> Certificate:
    """Checks an assignment against what it claims to answer, without the solver.

    Feasible: each pair is allowed and made once, and demands, capacities, pins, least
    loads and caps are kept. Optimal: the prices bound every answer by weak duality, summed
    anew over all allowed pairs, and that bound is the total of the pairs.

    Parameters
    ----------
    assignment : Assignment
    scores, capacities, **asked
        As given to `assign`.

    Returns
    -------
    Certificate
        It holds where nothing is wrong and the bound meets the objective.
    """
    question = Question.of(scores, capacities, Asked(**asked))
    pairs = np.array(assignment.pairs, dtype=np.int64).reshape(-1, 2)
    faults = tuple(faults_of(question, pairs, assignment.prices))
    objective, limit = totals_of(question, pairs, assignment.prices)
    if (assignment.objective, assignment.bound) != (objective, limit):
        faults = (*faults, f"totals differ from {objective} and {limit}")
    return Certificate(objective, limit, faults)


def _answered(question: Question, effort: Effort) -> Assignment:
    try:
        best = find(question.worths(effort))
    except Lacking as lacking:
        column = int(np.flatnonzero(lacking.short)[0])
        raise Infeasible(
            f"not every column can get its least load: column {column} lacks"
            f" {lacking.short[column]} of {question.limits.least[column]}; lower `least`"
        ) from lacking
    problem, chosen = best.problem, best.chosen
    pairs = zip(problem.rows[chosen].tolist(), problem.columns[chosen].tolist(), strict=True)
    return Assignment(tuple(pairs), best.objective, bound(problem, best.prices), best.prices)
