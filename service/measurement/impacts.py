"""Adverse impact: is a group selected less often than another, and can so few people tell?

Ratios are exact fractions, so that four fifths is four fifths. It refuses a verdict on a handful
of people, and never takes silence of a test for proof that nothing is amiss.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

import numpy as np
from scipy.special import ndtri
from scipy.stats import barnard_exact, binomtest, boschloo_exact, fisher_exact, hypergeom

from service.measurement.pools import FOUR_FIFTHS, BadPools, Pool, by_size
from service.measurement.results import Interval, Result, Undefined

FEWEST: Final = 5
SMALLEST_SHARE: Final = Fraction(1, 50)
# Of the product of both sizes: beyond it the unconditional tests take seconds, and agree.
_LARGEST: Final = 40_000
_METHOD: Final = (
    "ratio of selection rates to the highest, interval by Katz et al. (1978); Fisher, mid-p"
    " (Lancaster 1961), Boschloo (1970) and Barnard (1945), two-sided; four fifths by 29 CFR"
    " 1607.4 D"
)
_HIDDEN: Final = Undefined("so few people are told only to an audit")
_SILENT: Final = "The numbers behind the verdict are told only to an audit."


class Verdict(StrEnum):
    """What may be said of a group."""

    TOO_FEW = "TOO_FEW"
    """Too few to say: a group is small, or one person decided otherwise would lift the flag."""
    NO_FLAG = "NO_FLAG"
    """At four fifths or above, and no difference shown; which is no proof that there is none."""
    SLIGHT = "SLIGHT"
    """At four fifths or above, but more than chance."""
    FLAG = "FLAG"
    """Below four fifths, and chance may explain it."""
    SHOWN = "SHOWN"
    """Below four fifths, and more than chance."""


@dataclass(frozen=True)
class Rate:
    """A group's selection rate, exact, with the interval by Clopper and Pearson (1934)."""

    group: str
    candidates: int | Undefined
    selected: int | Undefined
    share: Fraction | Undefined
    interval: Interval | Undefined


@dataclass(frozen=True)
class Exact:
    """Two-sided p-values of no difference between a group and the reference.

    Parameters
    ----------
    fisher : float
        Conditional on how many were selected in all; never too small.
    mid_p : float
        Fisher's less half the probability of what was seen.
    boschloo, barnard : float or Undefined
        Unconditional, and more powerful with few; Barnard's by the pooled z.
    z : float or Undefined
        The pooled z itself, negative where the group is selected less often.
    """

    fisher: float
    mid_p: float
    boschloo: float | Undefined
    barnard: float | Undefined
    z: float | Undefined


@dataclass(frozen=True)
class Flip:
    """The ratio if one person had been decided otherwise in either group.

    Parameters
    ----------
    up : Fraction or Undefined
        With one more selected of the group and one fewer of the reference.
    down : Fraction or Undefined
        With one fewer of the group and one more of the reference.
    """

    up: Fraction | Undefined
    down: Fraction | Undefined


@dataclass(frozen=True)
class Impact:
    """A group against the reference.

    Parameters
    ----------
    group : str
    verdict : Verdict
    why : str
    ratio : Fraction or Undefined
        Of the group's rate to that of the reference.
    interval : Interval or Undefined
    tests : Exact or Undefined
    flip : Flip or Undefined
    """

    group: str
    verdict: Verdict
    why: str
    ratio: Fraction | Undefined
    interval: Interval | Undefined
    tests: Exact | Undefined
    flip: Flip | Undefined


@dataclass(frozen=True)
class Impacts:
    """All groups of one stage.

    Parameters
    ----------
    reference : str
        The group with the highest rate among those large enough, unless one was named.
    rates : tuple of Rate
        The largest group first.
    impacts : tuple of Impact
        Of all but the reference, in the same order.
    """

    reference: str
    rates: tuple[Rate, ...]
    impacts: tuple[Impact, ...]


@dataclass(frozen=True)
class Standards:
    """What counts as enough, set before anybody looks.

    Parameters
    ----------
    fewest : int
        A group of fewer candidates gets no verdict.
    smallest_share : Fraction
        Nor does one that is less of the whole pool than this, 2 % by default.
    level : float
        Of intervals; a p-value below 1 - level is more than chance.
    """

    fewest: int = FEWEST
    smallest_share: Fraction = SMALLEST_SHARE
    level: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise BadPools(f"a level of {self.level} is none; give one between 0 and 1")

    def is_small(self, pool: Pool, whole: int) -> bool:
        """Whether a group of a pool of `whole` is too small for a verdict."""
        share = Fraction(pool.candidates, max(whole, 1))
        return pool.candidates < self.fewest or share < self.smallest_share


USUAL: Final = Standards()


def find_impact(
    pools: Sequence[Pool],
    *,
    reference: str | None = None,
    standards: Standards = USUAL,
    hide_below: int | None = None,
) -> Result[Impacts]:
    """Whether any group was selected less often than the reference.

    More than chance is what Boschloo's test says so of, or Fisher's where pools are large. Below
    four fifths, and within chance, it is too few to say where one person more of the group and
    one fewer of the reference would make it four fifths.

    Parameters
    ----------
    pools : sequence of Pool
        One for each group; together they are the whole pool.
    reference : str, optional
        By default the group with the highest rate among those large enough.
    standards : Standards
    hide_below : int, optional
        For readers outside an audit: groups with fewer than this selected or left, and others
        by which these could be worked out, keep their verdict and lose their numbers.

    Returns
    -------
    Result of Impacts

    Raises
    ------
    BadPools

    References
    ----------
    Equal Employment Opportunity Commission et al. (1978, 1979). Uniform Guidelines on Employee
    Selection Procedures, 29 CFR 1607.4 D, and Questions and Answers 11 to 27.
    Katz, D. et al. (1978). Obtaining confidence intervals for the risk ratio in cohort studies.
    Biometrics 34(3), 469-474; one half is added to each cell where nobody of a group, or
    everybody of both, was selected.
    Morris, S. B. & Lobsenz, R. E. (2000). Significance tests and confidence intervals for the
    adverse impact ratio. Personnel Psychology 53(1), 89-111.
    """
    ordered = by_size(pools)
    top = _reference(ordered, reference, standards)
    whole = sum(pool.candidates for pool in ordered)
    found = Impacts(
        reference=top.group,
        rates=tuple(_rate(pool, standards.level) for pool in ordered),
        impacts=tuple(_impact(pool, top, whole, standards) for pool in ordered if pool != top),
    )
    hidden = frozenset() if hide_below is None else small_groups(ordered, hide_below)
    told = hide(found, hidden)
    counts = {
        "groups": len(ordered),
        "candidates": whole,
        "selected": sum(pool.selected for pool in ordered),
    }
    cautions = (*cautions_of(told, is_named=reference is not None), *about_hidden(hidden))
    return Result("adverse impact", told, counts, _METHOD, cautions=cautions)


def _reference(pools: Sequence[Pool], named: str | None, standards: Standards) -> Pool:
    if named is not None:
        found = [pool for pool in pools if pool.group == named]
        if not found:
            raise BadPools(f"there is no group {named}; name another reference")
        return found[0]
    whole = sum(pool.candidates for pool in pools)
    large = [pool for pool in pools if not standards.is_small(pool, whole)]
    # Of equal rates the first is that of the largest group.
    return max(large or pools, key=lambda pool: pool.rate)


def _rate(pool: Pool, level: float) -> Rate:
    if not pool.candidates:
        nobody = Undefined("there was nobody of this group")
        return Rate(pool.group, 0, 0, nobody, nobody)
    found = binomtest(pool.selected, pool.candidates).proportion_ci(level, method="exact")
    interval = Interval(float(found.low), float(found.high), level)
    return Rate(pool.group, pool.candidates, pool.selected, pool.rate, interval)


def _impact(pool: Pool, top: Pool, whole: int, standards: Standards) -> Impact:
    ratio, flip = _ratio(pool, top), _flip(pool, top)
    tests = _tests(pool, top)
    verdict, why = _too_few(pool, top, whole, standards) or _judged(ratio, flip, tests, standards)
    return Impact(
        group=pool.group,
        verdict=verdict,
        why=why,
        ratio=ratio,
        interval=_interval(pool, top, standards.level),
        tests=tests,
        flip=flip,
    )


def _ratio(pool: Pool, top: Pool) -> Fraction | Undefined:
    if not pool.candidates:
        return Undefined(f"there was nobody of {pool.group}")
    if not top.selected:
        return Undefined(f"nobody of {top.group} was selected")
    return pool.rate / top.rate


def _interval(pool: Pool, top: Pool, level: float) -> Interval | Undefined:
    if not (pool.candidates and top.candidates):
        return Undefined("there was nobody of one group")
    if not (pool.selected or top.selected):
        return Undefined("nobody was selected")
    is_bare = not (pool.selected and top.selected) or not (pool.left or top.left)
    half, one = (0.5, 1.0) if is_bare else (0.0, 0.0)
    chosen = np.array([pool.selected, top.selected]) + half
    rates = chosen / (np.array([pool.candidates, top.candidates]) + one)
    middle = float(np.log(rates[0] / rates[1]))
    reach = float(ndtri((1 + level) / 2)) * float(np.sqrt(((1 - rates) / chosen).sum()))
    return Interval(float(np.exp(middle - reach)), float(np.exp(middle + reach)), level)


def _flip(pool: Pool, top: Pool) -> Flip:
    return Flip(_moved(pool, top, 1), _moved(pool, top, -1))


def _moved(pool: Pool, top: Pool, one: int) -> Fraction | Undefined:
    try:
        changed = replace(pool, selected=pool.selected + one)
        return _ratio(changed, replace(top, selected=top.selected - one))
    except BadPools:
        return Undefined("there is nobody who could have been decided otherwise")


def _tests(pool: Pool, top: Pool) -> Exact | Undefined:
    if not (pool.candidates and top.candidates):
        return Undefined("there was nobody of one group")
    chosen, whole = pool.selected + top.selected, pool.candidates + top.candidates
    if chosen in {0, whole}:
        return Undefined("nobody was selected, or everybody was")
    table = np.array([[pool.selected, top.selected], [pool.left, top.left]])
    fisher = float(fisher_exact(table).pvalue)
    seen = float(hypergeom.pmf(pool.selected, whole, chosen, pool.candidates))
    gap = float(pool.rate - top.rate)
    spread = chosen / whole * (1 - chosen / whole) * (1 / pool.candidates + 1 / top.candidates)
    is_large = pool.candidates * top.candidates > _LARGEST
    return Exact(
        fisher=min(fisher, 1.0),
        mid_p=min(fisher - seen / 2, 1.0),
        boschloo=_unconditional(boschloo_exact, table, is_large=is_large),
        barnard=_unconditional(barnard_exact, table, is_large=is_large),
        z=gap / float(np.sqrt(spread)),
    )


def _unconditional(test: Any, table: Any, *, is_large: bool) -> float | Undefined:
    if is_large:
        return Undefined("with so many people Fisher's test says the same")
    return float(test(table).pvalue)


def _too_few(pool: Pool, top: Pool, whole: int, standards: Standards) -> tuple[Verdict, str] | None:
    for each in (pool, top):
        if standards.is_small(each, whole):
            return Verdict.TOO_FEW, f"Too few people of {each.group} to say."
    if not top.selected:
        return Verdict.TOO_FEW, f"Nobody of {top.group} was selected, so that no ratio can be told."
    return None


def _judged(
    ratio: Fraction | Undefined,
    flip: Flip,
    tests: Exact | Undefined,
    standards: Standards,
) -> tuple[Verdict, str]:
    is_firm = _is_firm(tests, standards.level)
    if isinstance(ratio, Undefined) or ratio >= FOUR_FIFTHS:
        if is_firm:
            return Verdict.SLIGHT, "At least four fifths of the highest rate, but more than chance."
        edge = isinstance(flip.down, Fraction) and flip.down < FOUR_FIFTHS
        told = "One person decided otherwise would raise the flag." if edge else ""
        return Verdict.NO_FLAG, f"No difference is shown, which proves none absent. {told}".strip()
    if is_firm:
        return Verdict.SHOWN, "Less than four fifths of the highest rate, and more than chance."
    if isinstance(flip.up, Fraction) and flip.up >= FOUR_FIFTHS:
        return Verdict.TOO_FEW, "Too few to say: one person decided otherwise would lift the flag."
    return Verdict.FLAG, "Less than four fifths of the highest rate; chance may explain it."


def _is_firm(tests: Exact | Undefined, level: float) -> bool:
    if isinstance(tests, Undefined):
        return False
    told = tests.fisher if isinstance(tests.boschloo, Undefined) else tests.boschloo
    return told < 1 - level


def cautions_of(found: Impacts, *, is_named: bool) -> tuple[str, ...]:
    """What a reader of these numbers, as far as they are told, must know.

    `is_named` says that somebody named the reference, before its rate was known.
    """
    said = [f"{one.group} against {found.reference}: {one.why}" for one in found.impacts]
    if len(found.impacts) > 1:
        chosen = "" if is_named else ", and that was chosen for its high rate"
        said.append(
            f"{len(found.impacts)} groups are compared with one{chosen}: by chance alone some"
            " difference is shown more often than once in twenty times."
        )
    if any(isinstance(one.interval, Interval) and one.ratio == 0 for one in found.impacts):
        said.append(
            "Where nobody of a group was selected, the interval adds one half to each count; the"
            " upper end of the group's own rate says more."
        )
    return tuple(said)


def about_hidden(groups: frozenset[str]) -> tuple[str, ...]:
    """That some numbers are hidden, if any are."""
    if not groups:
        return ()
    return (f"The numbers of {len(groups)} groups are told only to an audit.",)


def small_groups(pools: Sequence[Pool], below: int) -> frozenset[str]:
    """The groups whose numbers would tell of fewer people than this, and their cover.

    Numbers told of all other groups would be taken off the whole; so that nothing is left over
    but a sum that is large enough, the smallest others are hidden too.
    """
    rising = sorted(pools, key=lambda pool: (pool.candidates, pool.group))
    hidden = [pool for pool in rising if min(pool.selected, pool.left) < below]
    others = [pool for pool in rising if pool not in hidden]
    while hidden and others and (len(hidden) < 2 or _is_telling(hidden, below)):
        hidden.append(others.pop(0))
    return frozenset(pool.group for pool in hidden)


def _is_telling(hidden: Sequence[Pool], below: int) -> bool:
    chosen, left = sum(pool.selected for pool in hidden), sum(pool.left for pool in hidden)
    return min(chosen, left) < below


def hide(found: Impacts, groups: frozenset[str]) -> Impacts:
    """The same without the numbers of these groups, nor any that they could be worked out of."""
    return replace(
        found,
        rates=tuple(
            Rate(one.group, _HIDDEN, _HIDDEN, _HIDDEN, _HIDDEN) if one.group in groups else one
            for one in found.rates
        ),
        impacts=tuple(
            Impact(one.group, one.verdict, _SILENT, _HIDDEN, _HIDDEN, _HIDDEN, _HIDDEN)
            if {one.group, found.reference} & groups
            else one
            for one in found.impacts
        ),
    )
