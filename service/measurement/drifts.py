"""Whether assessors grew stricter or milder from early to late occasions.

Each is compared with the others, who are taken to be steady: a change that all share cannot be
told from a change of candidates. It refuses to guess which occasions are late.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from service.measurement.calibrations import Calibration, calibrate
from service.measurement.effects import Deviate, tested
from service.measurement.plans import Plan
from service.measurement.ratings import BadRatings, Facet, Ratings
from service.measurement.results import Estimate, Result, Undefined
from service.measurement.tables import estimate

_EARLY, _LATE = "early", "late"
_LEVEL: Final = 0.05


@dataclass(frozen=True)
class Drift:
    """By how many logits stricter an assessor was late than early.

    Parameters
    ----------
    assessor : str
    early, late : int
        How many ratings there are of each.
    difference : Estimate
        With the joint standard error.
    test : Deviate or Undefined
        With Holm's probability over all assessors.
    """

    assessor: str
    early: int
    late: int
    difference: Estimate
    test: Deviate | Undefined


@dataclass(frozen=True)
class Drifts:
    """Of all assessors, with the occasions that counted as late."""

    late: tuple[str, ...]
    drifts: tuple[Drift, ...]


def examine(ratings: Ratings, plan: Plan | None = None, *, late: Collection[str]) -> Result[Drifts]:
    """The drift of each assessor, by splitting one after the other into two.

    The difference of both severities over its joint standard error (Myford and Wolfe 2009,
    J. Educational Measurement 46), Holm over assessors. The others link early and late.

    Parameters
    ----------
    ratings : Ratings
        With occasions, be they dates or the order in which candidates were seen.
    plan : Plan, optional
        Of each calibration.
    late : collection of str
        The occasions that count as late.

    Raises
    ------
    BadRatings
        Where no occasion is early, or none late, or two assessors could be confused.
    """
    plan = plan or Plan()
    seen = ratings.observed
    occasions = set(seen.occasion.labels)
    if not occasions & set(late) or not occasions - set(late):
        raise BadRatings("drift needs early and late occasions: name some, not all, as late")
    halves = {f"{label} {when}" for label in seen.assessor.labels for when in (_EARLY, _LATE)}
    confused = sorted(halves & set(seen.assessor.labels))
    if confused:
        raise BadRatings(f"the assessor {confused[0]} is called like half of another; rename one")
    found = [_drift(seen, plan, label, late) for label in seen.assessor.labels]
    known = [place for place, each in enumerate(found) if isinstance(each.difference.se, float)]
    values = np.array([found[place].difference.value for place in known], dtype=np.float64)
    ses = np.array([found[place].difference.se for place in known], dtype=np.float64)
    for place, test in zip(known, tested(values, ses), strict=True):
        found[place] = replace(found[place], test=test)
    drifts = Drifts(tuple(sorted(occasions & set(late))), tuple(found))
    return Result(
        "drift of assessors",
        drifts,
        ratings.counts,
        method=f"difference of late and early severity; {plan.method}; Holm 1979",
        identification=plan.identification(),
        prior=plan.prior,
        cautions=tuple(_cautions(drifts)),
    )


def _drift(seen: Ratings, plan: Plan, label: str, late: Collection[str]) -> Drift:
    own = np.array(seen.assessor.labels)[seen.assessor.codes] == label
    is_late = np.isin(seen.occasion.labels, list(late))[seen.occasion.codes]
    counts = int((own & ~is_late).sum()), int((own & is_late).sum())
    if not all(counts) or label in plan.anchors.get("assessor", {}):
        is_held = all(counts)
        why = Undefined("it is held at its anchor" if is_held else "it rated at one time only")
        return Drift(label, *counts, Estimate(why), why)
    names = [
        f"{name} {_LATE if then else _EARLY}" if name == label else name
        for name, then in zip(
            (seen.assessor.labels[code] for code in seen.assessor.codes), is_late, strict=True
        )
    ]
    result = calibrate(replace(seen, assessor=Facet.of(names)), plan)
    difference = _difference(result, label, plan.level)
    why = Undefined("its difference is undefined")
    return Drift(label, *counts, difference, why)


def _difference(result: Result[Calibration], label: str, level: float) -> Estimate:
    if isinstance(result.numbers, Undefined):
        return Estimate(result.numbers)
    rows = {row.label: place for place, row in enumerate(result.numbers.facets["assessor"])}
    pair = [rows[f"{label} {when}"] for when in (_EARLY, _LATE)]
    chosen = [result.numbers.facets["assessor"][place] for place in pair]
    covariance = result.numbers.covariances["assessor"]
    if isinstance(covariance, Undefined):
        return Estimate(covariance)
    early, late = (row.measure.value for row in chosen)
    if (
        isinstance(early, Undefined)
        or isinstance(late, Undefined)
        or any(row.is_set_aside for row in chosen)
    ):
        return Estimate(Undefined("all early or all late ratings lie at one end of the scale"))
    block = covariance[np.ix_(pair, pair)]
    return estimate(late - early, float(block[0, 0] + block[1, 1] - 2 * block[0, 1]) ** 0.5, level)


def _cautions(drifts: Drifts) -> Iterator[str]:
    yield (
        "Each assessor is compared with the others as if these were steady; a change that all "
        "share cannot be seen."
    )
    for each in drifts.drifts:
        if isinstance(each.test, Deviate) and each.test.adjusted < _LEVEL:
            word = "stricter" if each.test.z > 0 else "milder"
            yield f"The assessor {each.assessor} grew {word} beyond chance."
        if isinstance(each.difference.value, Undefined):
            why = each.difference.value.reason
            yield f"No drift is told of the assessor {each.assessor}: {why}."
