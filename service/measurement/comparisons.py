"""Paired comparisons: who was preferred to whom, with ties, as worths with their errors.

It refuses no data that a prior can complete, but names the prior, and tells apart candidates
who were tied from those who were never compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph, csr_array

from service.measurement.arrays import Floats
from service.measurement.choices import BadChoices, Option, Stage
from service.measurement.results import Convergence, Result, Status, Undefined
from service.measurement.worths import Contest, Worths, estimate

_PLAIN: Final = "Bradley and Terry (1952), maximum likelihood, errors by observed information"
_TIED: Final = "Davidson (1970), maximum likelihood, errors by observed information"


class Comparison(NamedTuple):
    """One comparison; where it `is_tie`, which of the two comes first means nothing."""

    better: str
    worse: str
    is_tie: bool = False


@dataclass(frozen=True)
class Comparisons:
    """How often each was preferred to each.

    Parameters
    ----------
    labels : tuple of str
        The n candidates, sorted.
    wins : ndarray of float64, shape (n, n)
        Of the row over the column.
    ties : ndarray of float64, shape (n, n)
        Symmetric; each tie counts once in either half.
    """

    labels: tuple[str, ...]
    wins: Floats
    ties: Floats

    @classmethod
    def of(cls, records: Iterable[Comparison | Sequence[str]]) -> "Comparisons":
        """Comparisons from records of the better and the worse.

        Raises
        ------
        BadChoices
            For a candidate compared with itself or without a name; rows count from 1.
        """
        given = [Comparison(*record) for record in records]
        for row, one in enumerate(given, start=1):
            if not (one.better and one.worse):
                raise BadChoices(f"row {row} names only one candidate; a comparison needs two")
            if one.better == one.worse:
                raise BadChoices(f"row {row} compares {one.better} with itself; leave it out")
        labels = sorted({label for one in given for label in one[:2]})
        places = {label: place for place, label in enumerate(labels)}
        wins, ties = np.zeros((2, len(labels), len(labels)))
        for one in given:
            pair = places[one.better], places[one.worse]
            if one.is_tie:
                ties[pair] += 1
                ties[pair[::-1]] += 1
            else:
                wins[pair] += 1
        return cls(tuple(labels), wins, ties)

    @classmethod
    def from_tables(
        cls, labels: Sequence[str], wins: npt.ArrayLike, ties: npt.ArrayLike | None = None
    ) -> "Comparisons":
        """Comparisons from tables of counts, row over column.

        Raises
        ------
        BadChoices
            For tables of another shape, negative counts, counts on the diagonal, names given
            twice, and ties that are not symmetric.
        """
        n = len(labels)
        won = np.asarray(wins, dtype=np.float64)
        tied = np.zeros((n, n)) if ties is None else np.asarray(ties, dtype=np.float64)
        if len(set(labels)) < n:
            raise BadChoices("some label is given twice; add its rows and columns up")
        for name, table in (("wins", won), ("ties", tied)):
            if table.shape != (n, n):
                raise BadChoices(f"{n} labels need {name} of {n} by {n}, not {table.shape}")
            if not (np.isfinite(table).all() and (table >= 0).all()) or table.diagonal().any():
                raise BadChoices(f"{name} must be counts from 0, and 0 of anybody over itself")
        if not np.array_equal(tied, tied.T):
            raise BadChoices("ties must be the same for row and column; give each in both halves")
        order = sorted(range(n), key=lambda i: labels[i])
        spots = np.ix_(order, order)
        return cls(tuple(labels[i] for i in order), won[spots], tied[spots])


def compare(
    comparisons: Comparisons,
    *,
    ghost: float | None = None,
    reference: str | None = None,
    level: float = 0.95,
) -> Result[Worths]:
    """The worth of each candidate behind paired comparisons.

    i is preferred to j with probability w_i / (w_i + w_j + nu sqrt(w_i w_j)), and the tie takes
    the last term; without any tie in the data nu is 0 and there is no such parameter.

    Parameters
    ----------
    comparisons : Comparisons
    ghost : float, optional
        Wins and losses of each against a ghost; by default 1 where the estimate would be
        infinite, and none elsewhere.
    reference : str, optional
        Whose log worth is 0; by default they sum to 0.
    level : float
        Of the intervals.

    Returns
    -------
    Result of Worths
        Refused where everything is a tie, and where there are no two candidates.

    Raises
    ------
    BadChoices

    References
    ----------
    Bradley, R. A. & Terry, M. E. (1952). Rank analysis of incomplete block designs. Biometrika
    39(3/4), 324-345.
    Davidson, R. R. (1970). On extending the Bradley-Terry model to accommodate ties in paired
    comparison experiments. Journal of the American Statistical Association 65(329), 317-328.
    """
    contest = _contest(comparisons)
    if contest.ties and not comparisons.wins.any():
        none = Undefined("every comparison is a tie, so that nothing tells the candidates apart")
        refused = Convergence(Status.REFUSED)
        return Result(contest.analysis, none, contest.counts, contest.method, convergence=refused)
    return estimate(contest, ghost=ghost, reference=reference, level=level)


def _contest(comparisons: Comparisons) -> Contest:
    wins, ties = comparisons.wins, comparisons.ties
    has_ties = bool(ties.any())
    return Contest(
        labels=comparisons.labels,
        stages=tuple(_stages(comparisons)),
        beats=(wins > 0) | (ties > 0),
        analysis="paired comparisons",
        method=_TIED if has_ties else _PLAIN,
        counts={
            "candidates": len(comparisons.labels),
            "comparisons": round(wins.sum() + ties.sum() / 2),
            "ties": round(ties.sum() / 2),
        },
        ties=has_ties,
        is_finite=not has_ties or _bounds_ties(comparisons),
    )


def _stages(comparisons: Comparisons) -> Iterator[Stage]:
    n, wins, ties = len(comparisons.labels), comparisons.wins, comparisons.ties
    has_ties = ties.any()
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        if not wins[i, j] + wins[j, i] + ties[i, j]:
            continue
        stage = [Option({int(i): 1.0}, wins[i, j]), Option({int(j): 1.0}, wins[j, i])]
        if has_ties:
            stage.append(Option({int(i): 0.5, int(j): 0.5, n: 1.0}, ties[i, j]))
        yield stage


def _bounds_ties(comparisons: Comparisons) -> bool:
    """Whether wins keep nu from growing without end: some circle holds more wins than ties.

    Without one, candidates can be spaced so that every win spans two units or more and every
    tie two or less, and the likelihood grows for ever as the unit does.
    """
    wins, ties = comparisons.wins, comparisons.ties
    lengths = np.where(wins > 0, -1.0, np.where(ties > 0, 1.0, 0.0))
    try:
        csgraph.bellman_ford(csr_array(lengths))
    except csgraph.NegativeCycleError:
        return True
    return False
