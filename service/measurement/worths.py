"""Worths behind choices: how much each candidate is chosen over others, on a scale of logits.

Bradley and Terry's pairs, Davidson's ties and Plackett and Luce's rankings are one model, the
conditional logit, and are estimated here once. It refuses to pass off as data what a prior adds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy.sparse import csgraph, csr_array
from scipy.special import ndtri

from service.measurement.arrays import Floats, Integers, Masks
from service.measurement.measures import Measures
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

_STEPS: Final = 100
_HALVINGS: Final = 30
_PRECISION: Final = 1e-9


class BadChoices(ValueError):  # noqa: N818 - it says what the choices are
    """Choices that cannot be read; the message names the row and the remedy."""


class Option(NamedTuple):
    """One way in which a stage could have gone: what it loads on, and how often it went so."""

    loads: Mapping[int, float]
    taken: float


Stage = Sequence[Option]


@dataclass(frozen=True)
class Choices:
    """Stages of options, of which a share proportional to exp(design @ parameters) is taken.

    Parameters
    ----------
    design : csr_array, shape (options, parameters)
    starts : ndarray of int64, shape (stages,)
        The first option of each stage.
    taken : ndarray of float64, shape (options,)
    """

    design: csr_array
    starts: Integers
    taken: Floats

    @classmethod
    def of(cls, stages: Sequence[Stage], parameters: int) -> "Choices":
        """The arrays of these stages."""
        options = [option for stage in stages for option in stage]
        rows = [row for row, option in enumerate(options) for _ in option.loads]
        columns = [column for option in options for column in option.loads]
        loads = [load for option in options for load in option.loads.values()]
        shape = len(options), parameters
        starts = np.cumsum([0, *(len(stage) for stage in stages[:-1])], dtype=np.int64)
        taken = np.array([option.taken for option in options], dtype=np.float64)
        return cls(csr_array((loads, (rows, columns)), shape=shape), starts, taken)

    @cached_property
    def _stages(self) -> Integers:
        lengths = np.diff(np.append(self.starts, len(self.taken)))
        return np.repeat(np.arange(len(self.starts)), lengths)

    @cached_property
    def _totals(self) -> Floats:
        return np.add.reduceat(self.taken, self.starts)

    def log_likelihood(self, parameters: Floats) -> float:
        """Of all that was taken."""
        return float(self.taken @ np.log(self._shares(parameters)))

    def _shares(self, parameters: Floats) -> Floats:
        logits = self.design @ parameters
        logits -= np.maximum.reduceat(logits, self.starts)[self._stages]
        odds = np.exp(logits)
        shares: Floats = odds / np.add.reduceat(odds, self.starts)[self._stages]
        return np.maximum(shares, np.finfo(np.float64).tiny)

    def slopes(self, parameters: Floats) -> tuple[Floats, Floats]:
        """The gradient of the log-likelihood, and the information: its curvature, negated."""
        shares = self._shares(parameters)
        expected = shares * self._totals[self._stages]
        gradient: Floats = self.design.T @ (self.taken - expected)
        of_stage = csr_array(
            (shares, (self._stages, np.arange(len(shares)))),
            shape=(len(self.starts), len(shares)),
        )
        means = of_stage @ self.design
        second = self.design.T @ self.design.multiply(expected[:, np.newaxis])
        first = means.T @ means.multiply(self._totals[:, np.newaxis])
        return gradient, (second - first).toarray()


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
        none = Undefined(f"Newton's steps did not settle within {_STEPS}")
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
    values, convergence = _climb(choices, worths)
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


def _climb(choices: Choices, worths: Floats) -> tuple[Floats, Convergence]:
    """Newton's steps, halved where they would lead down; the likelihood has one summit."""
    values = np.zeros(len(worths))
    height = choices.log_likelihood(values)
    free = np.outer(worths, worths) / worths.sum()
    for steps in range(1, _STEPS + 1):
        gradient, information = choices.slopes(values)
        step = np.linalg.solve(information + free, gradient)
        change = float(np.abs(step).max())
        for _ in range(_HALVINGS):
            reached = choices.log_likelihood(values + step)
            if reached >= height - _PRECISION * (1 + abs(height)):
                break
            step /= 2
        values, height = values + step, reached
        if change < _PRECISION:
            return values, Convergence(Status.CONVERGED, steps, change)
    return values, Convergence(Status.NOT_CONVERGED, _STEPS, change)


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
        quasi_error=quasi if isinstance(quasi, Undefined) else _quasi_error(quasi, covariance),
    )


def _within(value: float, se: float, z: float, level: float) -> Estimate:
    return Estimate(value, se, Interval(value - z * se, value + z * se, level))


def _tie(solution: _Solution, place: int, z: float, level: float) -> Estimate:
    log, se = float(solution.values[place]), float(np.sqrt(solution.covariance[place, place]))
    low, value, high = np.exp([log - z * se, log, log + z * se]).tolist()
    return Estimate(value, value * se, Interval(low, high, level))


def quasi_variances(covariance: Floats) -> Floats | Undefined:
    """One variance for each, the sum of two of which is nearly that of their difference.

    The squared errors of the logarithms are least over all pairs, so that small variances count
    as much as large ones. Two have the same, as only their sum is known.

    Parameters
    ----------
    covariance : ndarray of float64, shape (n, n)

    Returns
    -------
    ndarray of float64, shape (n,), or Undefined where one would be negative

    References
    ----------
    Firth, D. & de Menezes, R. X. (2004). Quasi-variances. Biometrika 91(1), 65-80.
    """
    sought = _of_pairs(covariance)
    others = ~np.eye(len(covariance), dtype=np.bool_)
    if (sought[others] <= 0).any():
        return Undefined("some difference is known without error")
    quasi = np.full(len(covariance), sought[others].mean() / 2)
    for _ in range(_STEPS):
        sums = np.where(others, np.add.outer(quasi, quasi), 1.0)
        slopes = np.where(others, 1 / sums, 0.0)
        misses = np.where(others, np.log(sums / np.where(others, sought, 1.0)), 0.0)
        square = slopes**2
        turn = square + np.diag(square.sum(axis=1))
        step: Floats = np.linalg.lstsq(turn, -(misses * slopes).sum(axis=1), rcond=1e-12)[0]
        while (np.add.outer(quasi + step, quasi + step)[others] <= 0).any():
            step /= 2
        quasi = quasi + step
        if np.abs(step).max() < _PRECISION * np.abs(quasi).max():
            break
    if (quasi <= 0).any():
        return Undefined("no positive variances come near those of the differences")
    return quasi


def _of_pairs(covariance: Floats) -> Floats:
    variances = np.diag(covariance)
    return np.add.outer(variances, variances) - 2 * covariance


def _quasi_error(quasi: Floats, covariance: Floats) -> float:
    pairs = np.triu_indices(len(quasi), 1)
    told, true = np.add.outer(quasi, quasi)[pairs], _of_pairs(covariance)[pairs]
    return float(np.abs(np.sqrt(told / true) - 1).max())


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
