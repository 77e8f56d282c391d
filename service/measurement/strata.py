"""Exercises pooled: whether a group is selected less often in many small pools together.

Each exercise stays its own stratum, so that one with few women and few places cannot pass for
unfairness. It refuses to pool exercises that differ without saying that they do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2, hypergeom

from service.measurement.arrays import Floats
from service.measurement.pools import FOUR_FIFTHS, BadPools, Pool
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

_METHOD: Final = (
    "Mantel and Haenszel (1959), odds ratio with the variance of Robins, Breslow and Greenland"
    " (1986), ratio of rates with that of Greenland and Robins (1985), exact conditional test;"
    " Breslow and Day (1980) with Tarone's (1985) correction"
)
_ROUNDING: Final = 1e-7


@dataclass(frozen=True)
class Likeness:
    """A test of whether all exercises have one odds ratio.

    Parameters
    ----------
    statistic, p : float
        With Tarone's correction.
    breslow_day : float
        The statistic without it.
    df : int
    """

    statistic: float
    p: float
    breslow_day: float
    df: int


@dataclass(frozen=True)
class PooledImpact:
    """A group against another over all exercises.

    Parameters
    ----------
    group, reference : str
    odds_ratio : Estimate or Undefined
        Of being selected; the standard error is that of its logarithm.
    ratio : Fraction or Undefined
        Of selection rates, pooled and exact.
    interval : Interval or Undefined
        Of the ratio.
    statistic, p : float
        Mantel and Haenszel's chi square without correction for continuity, one degree of
        freedom, and its p-value.
    exact : float
        The p-value given how many were selected in each exercise, two-sided.
    likeness : Likeness or Undefined
    left_out : tuple of str
        Exercises that say nothing: without one of both groups, or with nobody or everybody
        selected.
    """

    group: str
    reference: str
    odds_ratio: Estimate | Undefined
    ratio: Fraction | Undefined
    interval: Interval | Undefined
    statistic: float
    p: float
    exact: float
    likeness: Likeness | Undefined
    left_out: tuple[str, ...]


def pool_exercises(
    exercises: Mapping[str, Sequence[Pool]], group: str, *, reference: str, level: float = 0.95
) -> Result[PooledImpact]:
    """Whether a group is selected less often than the reference, exercise by exercise.

    Parameters
    ----------
    exercises : mapping of str to sequence of Pool
    group, reference : str
    level : float
        Of the intervals.

    Returns
    -------
    Result of PooledImpact
        Refused where no exercise says anything.

    Raises
    ------
    BadPools
        For a group compared with itself, one that no exercise has, and a level that is none.

    References
    ----------
    Mantel, N. & Haenszel, W. (1959). Statistical aspects of the analysis of data from
    retrospective studies of disease. Journal of the National Cancer Institute 22(4), 719-748.
    Robins, J., Breslow, N. & Greenland, S. (1986). Biometrics 42(2), 311-323.
    Greenland, S. & Robins, J. M. (1985). Biometrics 41(1), 55-68.
    Breslow, N. E. & Day, N. E. (1980). Statistical Methods in Cancer Research I, section 4.4;
    Tarone, R. E. (1985). On heterogeneity tests based on efficient scores. Biometrika 72(1).
    """
    _check(exercises, group, reference, level)
    named = dict(sorted(exercises.items()))
    pairs = {name: (_of(pools, group), _of(pools, reference)) for name, pools in named.items()}
    telling = [pair for pair in pairs.values() if _is_telling(pair)]
    counts = {
        "exercises": len(pairs),
        "telling": len(telling),
        "candidates": sum(one.candidates + other.candidates for one, other in pairs.values()),
        "selected": sum(one.selected + other.selected for one, other in pairs.values()),
    }
    if not telling:
        none = Undefined("no exercise has both groups, and somebody of them selected but not all")
        refused = Convergence(Status.REFUSED)
        return Result("pooled adverse impact", none, counts, _METHOD, convergence=refused)
    left_out = tuple(name for name, pair in pairs.items() if not _is_telling(pair))
    found = _pooled(telling, (group, reference), left_out, level)
    cautions = tuple(_cautions(found, level))
    return Result("pooled adverse impact", found, counts, _METHOD, cautions=cautions)


_Pair = tuple[Pool, Pool]


def _check(
    exercises: Mapping[str, Sequence[Pool]], group: str, reference: str, level: float
) -> None:
    if group == reference:
        raise BadPools(f"{group} cannot be compared with itself; name another reference")
    if not 0 < level < 1:
        raise BadPools(f"a level of {level} is none; give one between 0 and 1, such as 0.95")
    known = {pool.group for pools in exercises.values() for pool in pools}
    for each in (group, reference):
        if each not in known:
            raise BadPools(f"no exercise has a group {each}; name another")


def _of(pools: Sequence[Pool], group: str) -> Pool:
    found = [pool for pool in pools if pool.group == group]
    if len(found) > 1:
        raise BadPools(f"{group} is there twice in one exercise; add its counts up")
    return found[0] if found else Pool(group, 0, 0)


def _is_telling(pair: _Pair) -> bool:
    one, other = pair
    mixed = 0 < one.selected + other.selected < one.candidates + other.candidates
    return bool(mixed and one.candidates and other.candidates)


def _pooled(
    pairs: Sequence[_Pair], names: tuple[str, str], left_out: tuple[str, ...], level: float
) -> PooledImpact:
    # The four counts of each exercise: selected and left, of the group and of the reference.
    cells = np.array(
        [[one.selected, one.left, other.selected, other.left] for one, other in pairs],
        dtype=np.float64,
    ).T
    statistic = _chi_square(cells)
    odds_ratio = _odds_ratio(cells, level)
    ratio = _ratio(pairs)
    return PooledImpact(
        group=names[0],
        reference=names[1],
        odds_ratio=odds_ratio,
        ratio=ratio,
        interval=ratio if isinstance(ratio, Undefined) else _interval(cells, ratio, level),
        statistic=statistic,
        p=float(chi2.sf(statistic, 1)),
        exact=_exact(pairs),
        likeness=_likeness(cells, odds_ratio),
        left_out=left_out,
    )


def _chi_square(cells: Floats) -> float:
    a, b, c, d = cells
    n, chosen = a + b + c + d, a + c
    expected = (a + b) * chosen / n
    variance = (a + b) * (c + d) * chosen * (b + d) / (n**2 * (n - 1))
    return float((a - expected).sum() ** 2 / variance.sum())


def _odds_ratio(cells: Floats, level: float) -> Estimate | Undefined:
    a, b, c, d = cells
    n = a + b + c + d
    for_, against = a * d / n, b * c / n
    up, down = float(for_.sum()), float(against.sum())
    if not (up and down):
        return Undefined("nobody of one group was selected, or nobody of the other was left")
    same, cross = (a + d) / n, (b + c) / n
    variance = (
        (same * for_).sum() / (2 * up**2)
        + (same * against + cross * for_).sum() / (2 * up * down)
        + (cross * against).sum() / (2 * down**2)
    )
    se = float(np.sqrt(variance))
    return Estimate(up / down, se, _around(up / down, se, level))


def _around(value: float, se: float, level: float) -> Interval:
    reach = float(np.exp(ndtri((1 + level) / 2) * se))
    return Interval(value / reach, value * reach, level)


def _ratio(pairs: Sequence[_Pair]) -> Fraction | Undefined:
    sizes = [one.candidates + other.candidates for one, other in pairs]
    rows = list(zip(pairs, sizes, strict=True))
    ours = sum((Fraction(x.selected * y.candidates, n) for (x, y), n in rows), Fraction())
    theirs = sum((Fraction(y.selected * x.candidates, n) for (x, y), n in rows), Fraction())
    return ours / theirs if theirs else Undefined("nobody of the reference was selected")


def _interval(cells: Floats, ratio: Fraction, level: float) -> Interval | Undefined:
    if not ratio:
        return Undefined("nobody of the group was selected; see the exact test")
    a, b, c, d = cells
    n = a + b + c + d
    spread = ((a + b) * (c + d) * (a + c) - a * c * n) / n**2
    product = (a * (c + d) / n).sum() * (c * (a + b) / n).sum()
    return _around(float(ratio), float(np.sqrt(max(spread.sum() / product, 0.0))), level)


def _exact(pairs: Sequence[_Pair]) -> float:
    """Fisher's test over strata: the sum of selected has the convolution of their chances."""
    chances, least = np.ones(1), 0
    for one, other in pairs:
        whole, chosen = one.candidates + other.candidates, one.selected + other.selected
        low = max(0, chosen - other.candidates)
        high = min(chosen, one.candidates)
        some = hypergeom.pmf(np.arange(low, high + 1), whole, chosen, one.candidates)
        chances, least = np.convolve(chances, some), least + low
    seen = chances[sum(one.selected for one, _ in pairs) - least]
    return min(float(chances[chances <= seen * (1 + _ROUNDING)].sum()), 1.0)


def _likeness(cells: Floats, odds_ratio: Estimate | Undefined) -> Likeness | Undefined:
    if isinstance(odds_ratio, Undefined) or isinstance(odds_ratio.value, Undefined):
        return Undefined("there is no odds ratio to be alike in")
    if cells.shape[1] < 2:
        return Undefined("one exercise is like itself")
    a, b, c, d = cells
    expected = _expected(cells, odds_ratio.value)
    parts = (expected, a + b - expected, a + c - expected, d - a + expected)
    variance = 1 / (1 / np.array(parts)).sum(axis=0)
    plain = float(((a - expected) ** 2 / variance).sum())
    corrected = plain - float((a - expected).sum()) ** 2 / float(variance.sum())
    df = cells.shape[1] - 1
    return Likeness(corrected, float(chi2.sf(corrected, df)), plain, df)


def _expected(cells: Floats, odds_ratio: float) -> Floats:
    """How many of the group each exercise would select at this odds ratio, and its margins.

    The root of a quadratic between both ends of what the margins allow, in the form that loses
    no digits where the odds ratio is near 1.
    """
    a, b, c, d = cells
    square = 1 - odds_ratio
    line = (d - a) + odds_ratio * (2 * a + b + c)
    flat = -odds_ratio * (a + b) * (a + c)
    root = np.sqrt(np.maximum(line**2 - 4 * square * flat, 0.0))
    expected: Floats = -2 * flat / (line + root)
    return expected


def _cautions(found: PooledImpact, level: float) -> Iterator[str]:
    if found.left_out:
        yield f"These exercises say nothing and are left out: {', '.join(found.left_out)}."
    if found.exact >= 1 - level:
        yield f"A difference between {found.group} and {found.reference} is not shown."
    if isinstance(found.ratio, Fraction) and found.ratio < FOUR_FIFTHS:
        yield f"The rate of {found.group} is less than four fifths of that of {found.reference}."
    if isinstance(found.interval, Interval) and found.interval.holds(1.0):
        yield "The interval of the ratio includes 1: disadvantage is not shown by it."
    likeness = found.likeness
    if not isinstance(likeness, Undefined) and likeness.p < 1 - level:
        yield "The exercises differ in how they treat the group: look at each, not at the pool."
