"""Worths behind choices: how much each candidate is chosen over others, on a scale of logits.

Bradley and Terry's pairs, Davidson's ties and Plackett and Luce's rankings are one model, the
conditional logit, and are estimated here once. It refuses to pass off as data what a prior adds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csgraph, csr_array
from scipy.special import ndtri

from service.measurement.arrays import Floats, Integers, Masks
from service.measurement.choices import STEPS, BadChoices, Choices, Option, Stage, climb
from service.measurement.measures import Measures
from service.measurement.quasi_variances import largest_error, quasi_variances
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined


@dataclass(frozen=True)
class Contest:
    """Who was chosen over whom, and the model of it.

    Parameters
    ----------
    labels : tuple of str
        The n candidates, which are the first n parameters.
    stages : tuple of Stage
    beats : ndarray of bool, shape (n, n)
        Whether the row was ever chosen over the column, or tied with it.
    analysis, method : str
    counts : mapping of str to int
    ties : bool
        Whether there is a parameter for ties, at n.
    is_finite : bool
        Whether the estimate is, as far as strong connection does not say.
    """

    labels: tuple[str, ...]
    stages: tuple[Stage, ...]
    beats: Masks
    analysis: str
    method: str
    counts: Mapping[str, int]
    ties: bool = False
    is_finite: bool = True


@dataclass(frozen=True)
class Worth:
    """A candidate's worth.

    Parameters
    ----------
    label : str
    log_worth : Estimate
        In logits, against what the result's identification names.
    quasi_se : float or Undefined
        The standard error of a difference is about the root of the sum of two squares of these.
    """

    label: str
    log_worth: Estimate
    quasi_se: float | Undefined


@dataclass(frozen=True)
class Worths:
    """What choices say of candidates, from the top.

    Parameters
    ----------
    worths : tuple of Worth
    covariance : ndarray of float64, shape (n, n)
        Of the log worths, from the observed information.
    tie : Estimate or None
        Davidson's nu: how likely a tie of equals is, by the chance of either winning.
    log_likelihood : float
        Of the choices, without what the prior adds.
    quasi_error : float or Undefined
        The largest relative error of a difference's standard error by `quasi_se`.
    """

    worths: tuple[Worth, ...]
    covariance: Floats
    tie: Estimate | None
    log_likelihood: float
    quasi_error: float | Undefined

    def measures(self) -> Measures:
        """The same as measures, to ask for places and bands."""
        told = [(one.label, one.log_worth.value) for one in self.worths]
        known = {label: value for label, value in told if not isinstance(value, Undefined)}
        return Measures.of(list(known), list(known.values()), self.covariance)


def estimate(
    contest: Contest, *, ghost: float | None, reference: str | None, level: float
) -> Result[Worths]:
    """The worths of a contest by Newton's steps, with errors from the observed information.

    Parameters
    ----------
    contest : Contest
    ghost : float, optional
        So many wins and as many losses of everybody against a ghost are added: a logistic prior
        on each worth. By default 1 where the estimate would be infinite, and none elsewhere.
    reference : str, optional
        Whose log worth is 0; by default they sum to 0.
    level : float
        Of the intervals.

    Raises
    ------
    BadChoices
        For an unknown reference, a negative ghost, and a level that is none.

    References
    ----------
    Ford, L. R. (1957). Solution of a ranking problem from binary comparisons. American
    Mathematical Monthly 64(8), 28-33; Hunter, D. R. (2004). MM algorithms for generalized
    Bradley-Terry models. Annals of Statistics 32(1), 384-406: an estimate exists where the
    graph of who beats whom is strongly connected.
    """
    _check(contest, ghost, reference, level)
    needed = not (contest.is_finite and _is_connected(contest.beats))
    added = float(needed) if ghost is None else ghost
    fixed = "log worths sum to 0" if reference is None else f"the log worth of {reference} is 0"
    prior = f"{added:g} wins and {added:g} losses of each against a ghost" if added else None
    if (needed and not added) or len(contest.labels) < 2 or not contest.stages:
        return _refused(contest, _why_none(contest), fixed)
    solution = _solve(contest, added)
    if solution.convergence.status is Status.NOT_CONVERGED:
        none = Undefined(f"Newton's steps did not settle within {STEPS}")
        return _result(contest, none, fixed, prior, solution.convergence)
    found = _told(contest, solution, reference, level)
    cautions = tuple(_cautions(contest, found, needed=needed, added=added, level=level))
    return _result(contest, found, fixed, prior, solution.convergence, cautions)


def _check(contest: Contest, ghost: float | None, reference: str | None, level: float) -> None:
    if reference is not None and reference not in contest.labels:
        raise BadChoices(f"nobody chose for or against {reference}; name another reference")
    if ghost is not None and ghost < 0:
        raise BadChoices(f"a ghost of {ghost} wins is none; give 0 or more")
    if not 0 < level < 1:
        raise BadChoices(f"a level of {level} is none; give one between 0 and 1, such as 0.95")


def _why_none(contest: Contest) -> str:
    if len(contest.labels) < 2 or not contest.stages:
        return f"there is nothing to choose among {len(contest.labels)} candidates"
    return "the choices have no finite estimate; let a ghost be added"


def _refused(contest: Contest, reason: str, fixed: str) -> Result[Worths]:
    return _result(contest, Undefined(reason), fixed, None, Convergence(Status.REFUSED))


def _result(  # noqa: PLR0913, PLR0917 - the parts of a result
    contest: Contest,
    numbers: Worths | Undefined,
    fixed: str,
    prior: str | None,
    convergence: Convergence,
    cautions: tuple[str, ...] = (),
) -> Result[Worths]:
    method = contest.method if prior is None else f"{contest.method}, penalised (posterior mode)"
    return Result(
        contest.analysis,
        numbers,
        contest.counts,
        method,
        identification=fixed,
        prior=prior,
        convergence=convergence,
        cautions=cautions,
    )


@dataclass(frozen=True)
class _Solution:
    """Log worths that sum to 0 and perhaps log nu behind them, and their covariance."""

    values: Floats
    covariance: Floats
    log_likelihood: float
    convergence: Convergence


def _solve(contest: Contest, ghost: float) -> _Solution:
    n, extra = len(contest.labels), int(contest.ties)
    width = n + extra + (ghost > 0)
    beside = tuple(_against_ghost(n, width - 1, ghost)) if ghost else ()
    choices = Choices.of((*contest.stages, *beside), width)
    worths = np.ones(width)
    worths[n : n + extra] = 0.0
    values, convergence = climb(choices, worths)
    _, information = choices.slopes(values)
    free = np.outer(worths, worths) / worths.sum()
    covariance = np.linalg.inv(information + free) - free
    # The ghost leaves, and the others sum to zero without it.
    centre = np.eye(n + extra, width)
    centre[:n, :n] -= 1 / n
    plain = Choices.of(contest.stages, width).log_likelihood(values)
    return _Solution(centre @ values, centre @ covariance @ centre.T, plain, convergence)


def _against_ghost(n: int, ghost: int, times: float) -> Iterator[Stage]:
    for each in range(n):
        yield (Option({each: 1.0}, times), Option({ghost: 1.0}, times))


def _told(contest: Contest, solution: _Solution, reference: str | None, level: float) -> Worths:
    n = len(contest.labels)
    z = float(ndtri((1 + level) / 2))
    values, covariance = solution.values[:n], solution.covariance[:n, :n]
    quasi = quasi_variances(covariance)
    if reference is not None:
        against = np.eye(n)
        against[:, contest.labels.index(reference)] -= 1.0
        values, covariance = against @ values, against @ covariance @ against.T
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    # Equal but for rounding is equal, and then the name decides.
    order = sorted(range(n), key=lambda i: (-round(float(values[i]), 9), contest.labels[i]))
    return Worths(
        worths=tuple(
            Worth(
                contest.labels[i],
                _within(float(values[i]), float(errors[i]), z, level),
                quasi if isinstance(quasi, Undefined) else float(np.sqrt(quasi[i])),
            )
            for i in order
        ),
        covariance=covariance[np.ix_(order, order)],
        tie=_tie(solution, n, z, level) if contest.ties else None,
        log_likelihood=solution.log_likelihood,
        quasi_error=quasi if isinstance(quasi, Undefined) else largest_error(quasi, covariance),
    )


def _within(value: float, se: float, z: float, level: float) -> Estimate:
    return Estimate(value, se, Interval(value - z * se, value + z * se, level))


def _tie(solution: _Solution, place: int, z: float, level: float) -> Estimate:
    log, se = float(solution.values[place]), float(np.sqrt(solution.covariance[place, place]))
    low, value, high = np.exp([log - z * se, log, log + z * se]).tolist()
    return Estimate(value, value * se, Interval(low, high, level))


def _is_connected(beats: Masks) -> bool:
    return int(_parts(beats, "strong")[0]) == 1


def _parts(beats: Masks, connection: Literal["weak", "strong"]) -> tuple[int, Integers]:
    count, parts = csgraph.connected_components(
        csr_array(beats.astype(np.float64)), connection=connection
    )
    return int(count), parts.astype(np.int64)


def _cautions(
    contest: Contest, found: Worths, *, needed: bool, added: float, level: float
) -> Iterator[str]:
    if needed:
        yield (
            "Some candidates were never chosen over any of the others, or never the other way"
            " round, so that choices alone put them infinitely apart; the distances rest on the"
            " prior."
        )
    elif added:
        yield "A prior pulls all worths together, though the choices would do without."
    count, parts = _parts(contest.beats, "weak")
    if count > 1:
        islands = (
            ", ".join(np.array(contest.labels)[parts == part].tolist()) for part in range(count)
        )
        yield (
            f"No choice joins these groups: {'; '.join(islands)}. Their order among one another"
            " is the prior's, not the panel's."
        )
    measures = found.measures()
    gap, se = measures.differences()[0, 1], measures.standard_errors()[0, 1]
    if gap < ndtri((1 + level) / 2) * se:
        one, other = measures.labels[:2]
        yield f"{one} is not shown to be better than {other}: the interval includes zero."
    yield (
        "Each choice counts as made on its own; where one assessor made many, the intervals are"
        " too narrow."
    )
