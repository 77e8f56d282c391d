"""Switches: how far the published weights may move before somebody else is first.

It refuses to ask what would happen if the rest kept its proportions where one criterion has all
the weight and there is no rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from scipy.optimize import linprog

from service.measurement.arrays import Floats
from service.measurement.composites import Formula
from service.measurement.profiles import Profiles
from service.measurement.results import Convergence, Result, Status, Undefined
from service.measurement.weighings import Weighing

# Utilities and weights that differ by less than this are equal but for rounding.
_EQUAL: Final = 1e-12
_INFEASIBLE: Final = 2
_CLOSED: Final = "switching weights in closed form, the other weights in proportion"
_PROGRAMME: Final = "least sum of absolute changes of weights, linear programme (HiGHS)"


@dataclass(frozen=True)
class Switch:
    """Where two candidates change places as one criterion's weight moves.

    Parameters
    ----------
    above, below : str
        As the published weights have them.
    criterion : str
    weight : float
        Of the criterion, where both are equal.
    nominal : float
        As published.
    """

    above: str
    below: str
    criterion: str
    weight: float
    nominal: float


@dataclass(frozen=True)
class Stretch:
    """The weights of a criterion from `low` to `high`, over which `winners` are first."""

    low: float
    high: float
    winners: tuple[str, ...]


@dataclass(frozen=True)
class Switches:
    """How one criterion's weight decides, while the others keep their proportions.

    Parameters
    ----------
    order : tuple of str
        By the published weights, from the top.
    switches : tuple of Switch
        Every pair and criterion with a weight between 0 and 1 that makes both equal; any that
        is not here cannot change places by that criterion alone.
    strips : mapping of str to tuple of Stretch, or Undefined
        Who is first, from weight 0 to 1 of each criterion.
    """

    order: tuple[str, ...]
    switches: tuple[Switch, ...]
    strips: Mapping[str, tuple[Stretch, ...] | Undefined]


@dataclass(frozen=True)
class Change:
    """The least change of weights that makes a candidate first, or first with others.

    Parameters
    ----------
    label : str
    distance : float or Undefined
        The sum of the absolute changes, 0 to 2; half of it is the weight that moves.
    weights : mapping of str to float, or Undefined
        Those weights; one of several sets where more than one is as near.
    """

    label: str
    distance: float | Undefined
    weights: Mapping[str, float] | Undefined


@dataclass(frozen=True)
class Changes:
    """What it takes to change the winner.

    Parameters
    ----------
    first : str
        By the published weights.
    changes : tuple of Change
        Of all others, the nearest first and those whom no weights make first last.
    """

    first: str
    changes: tuple[Change, ...]


def switch(profiles: Profiles, formula: Formula) -> Result[Switches]:
    """The exact weights at which candidates change places.

    With d the difference of two candidates on the criterion, and d_rest that of the others by
    their weights made to sum to 1, both are equal at w* = -d_rest / (d - d_rest).

    Parameters
    ----------
    profiles : Profiles
    formula : Formula

    Returns
    -------
    Result of Switches
        Refused with fewer than two candidates admitted.

    Raises
    ------
    BadProfiles

    References
    ----------
    Triantaphyllou, E. & Sanchez, A. (1997). A sensitivity analysis approach for some
    deterministic multi-criteria decision-making methods. Decision Sciences 28(1), 151-194.
    """
    weighing = Weighing.of(profiles, formula)
    if len(weighing.labels) < 2:
        return weighing.refused("switching weights", _CLOSED)
    columns = range(len(weighing.names))
    found = Switches(
        order=weighing.labels,
        switches=tuple(each for column in columns for each in _turns(weighing, column)),
        strips={weighing.names[column]: _strip(weighing, column) for column in columns},
    )
    cautions = tuple(_about_strips(found, weighing))
    return Result("switching weights", found, weighing.counts, _CLOSED, cautions=cautions)


def smallest_change(profiles: Profiles, formula: Formula) -> Result[Changes]:
    """The least change of the published weights that changes the winner.

    Parameters
    ----------
    profiles : Profiles
    formula : Formula

    Returns
    -------
    Result of Changes
        Refused with fewer than two candidates admitted.

    Raises
    ------
    BadProfiles
    """
    weighing = Weighing.of(profiles, formula)
    if len(weighing.labels) < 2:
        return weighing.refused("smallest change of weights", _PROGRAMME)
    changes = [_change(weighing, place) for place in range(1, len(weighing.labels))]
    found = Changes(weighing.labels[0], tuple(sorted(changes, key=_nearness)))
    return Result(
        "smallest change of weights",
        found,
        weighing.counts,
        _PROGRAMME,
        convergence=Convergence(Status.CONVERGED),
        cautions=(_about_change(found, weighing),),
    )


def _lines(weighing: Weighing, column: int) -> tuple[Floats, Floats] | None:
    """Each candidate's composite at weight 0 of the criterion, and at 1."""
    others = np.arange(len(weighing.names)) != column
    left = weighing.weights[others].sum()
    if left <= _EQUAL:
        return None
    rest: Floats = weighing.utilities[:, others] @ (weighing.weights[others] / left)
    return rest, weighing.utilities[:, column]


def _turns(weighing: Weighing, column: int) -> Iterator[Switch]:
    lines = _lines(weighing, column)
    if lines is None:
        return
    starts, ends = lines
    nominal = float(weighing.weights[column])
    for above, below in combinations(range(len(starts)), 2):
        of_rest, of_it = float(starts[above] - starts[below]), float(ends[above] - ends[below])
        if abs(of_it - of_rest) <= _EQUAL:
            continue
        weight = -of_rest / (of_it - of_rest)
        if _EQUAL < weight < 1 - _EQUAL:
            pair = weighing.labels[above], weighing.labels[below]
            yield Switch(*pair, weighing.names[column], weight, nominal)


def _strip(weighing: Weighing, column: int) -> tuple[Stretch, ...] | Undefined:
    """The upper edge of everybody's line, walked from weight 0 to 1."""
    lines = _lines(weighing, column)
    if lines is None:
        return Undefined(f"{weighing.names[column]} has all the weight, and there is no rest")
    starts, ends = lines
    rises = ends - starts
    now = int(np.lexsort((-rises, -np.round(starts, 12)))[0])
    low, stretches = 0.0, []
    while low < 1 - _EQUAL:
        steeper = rises > rises[now] + _EQUAL
        gains = np.where(steeper, rises - rises[now], 1.0)
        meets = np.where(steeper, (starts[now] - starts) / gains, 1.0)
        high = min(float(meets.min()), 1.0)
        if high > low + _EQUAL:
            same = (np.abs(starts - starts[now]) <= _EQUAL) & (np.abs(ends - ends[now]) <= _EQUAL)
            winners = sorted(np.array(weighing.labels)[same].tolist())
            stretches.append(Stretch(low, high, tuple(winners)))
        met = np.flatnonzero(steeper & (meets <= high + _EQUAL))
        low = high
        if len(met):
            now = int(met[rises[met].argmax()])
    stretches[-1] = replace(stretches[-1], high=1.0)
    return tuple(stretches)


def _about_strips(found: Switches, weighing: Weighing) -> Iterator[str]:
    first = found.order[0]
    said = list(_edges(found, weighing, first))
    yield from said
    if not said:
        yield f"No single weight, however it is moved, takes the first place from {first}."


def _edges(found: Switches, weighing: Weighing, first: str) -> Iterator[str]:
    for name, nominal in zip(weighing.names, weighing.weights.tolist(), strict=True):
        strip = found.strips[name]
        if isinstance(strip, Undefined):
            yield f"There is no strip for {name}: {strip.reason}."
            continue
        for left, right in pairwise(strip):
            edge = f"{100 * right.low:.1f} % (published: {100 * nominal:.1f} %)"
            if first in left.winners:
                yield f"{_all(right)} would be first if {name} weighed more than {edge}."
            elif first in right.winners:
                yield f"{_all(left)} would be first if {name} weighed less than {edge}."


def _all(stretch: Stretch) -> str:
    return " and ".join(stretch.winners)


def _change(weighing: Weighing, place: int) -> Change:
    """Of weights w and distances t: least sum of t, where |w - published| <= t and nobody leads."""
    n, count = weighing.utilities.shape
    leads = np.delete(weighing.utilities - weighing.utilities[place], place, axis=0)
    unit = np.eye(count)
    found = linprog(
        np.repeat([0.0, 1.0], count),
        A_ub=np.block([[leads, np.zeros((n - 1, count))], [unit, -unit], [-unit, -unit]]),
        b_ub=np.concatenate([np.zeros(n - 1), weighing.weights, -weighing.weights]),
        A_eq=np.repeat([[1.0, 0.0]], count, axis=1),
        b_eq=[1.0],
        bounds=(0, None),
        method="highs-ds",
    )
    label = weighing.labels[place]
    if found.status == _INFEASIBLE:
        never = Undefined("no weights make this candidate first")
        return Change(label, never, never)
    if found.x is None or found.fun is None:
        raise RuntimeError(f"HiGHS found no weights that make {label} first: {found.message}")
    weights = np.round(found.x[:count], 12).tolist()
    return Change(label, float(found.fun), dict(zip(weighing.names, weights, strict=True)))


def _nearness(change: Change) -> tuple[bool, float, str]:
    never = isinstance(change.distance, Undefined)
    return never, 0.0 if isinstance(change.distance, Undefined) else change.distance, change.label


def _about_change(found: Changes, weighing: Weighing) -> str:
    nearest = found.changes[0]
    if isinstance(nearest.distance, Undefined) or isinstance(nearest.weights, Undefined):
        return f"{found.first} is first whatever the weights."
    moved = ", ".join(
        f"{name} {100 * before:.1f} to {100 * nearest.weights[name]:.1f} %"
        for name, before in zip(weighing.names, weighing.weights.tolist(), strict=True)
        if abs(before - nearest.weights[name]) > _EQUAL
    )
    if not moved:
        return f"{found.first} and {nearest.label} are first together as it is."
    return (
        f"Moving {50 * nearest.distance:.1f} % of the weight draws {nearest.label} level with"
        f" {found.first}: {moved}."
    )
