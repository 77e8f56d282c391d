"""Composites: minimum standards first, then one number by a formula that was fixed before.

It refuses to fill in a score that was not observed, and weights that do not sum to 1. A sum
lets one strength make up for another weakness; only a minimum standard does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from service.measurement.arrays import Floats
from service.measurement.profiles import BadProfiles, Profiles
from service.measurement.results import Convergence, Estimate, Interval, Result, Status, Undefined

_SUM: Final = 1e-9
# How far a criterion's effective weight may lie from the one that was published.
_NOTABLE: Final = 0.1
_METHOD: Final = "additive: the sum of weights by utilities, after the minimum standards"


@dataclass(frozen=True)
class Criterion:
    """What counts, how much, and from which score on.

    Parameters
    ----------
    name : str
    weight : float
        From 0 to 1.
    anchors : tuple of (float, float)
        Scores, ascending, and their utilities from 0 to 1, never falling; straight in between.
    minimum : float, optional
        The score below which nothing makes up for it.

    Raises
    ------
    BadProfiles
    """

    name: str
    weight: float
    anchors: tuple[tuple[float, float], ...]
    minimum: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise BadProfiles(f"{self.name} weighs {self.weight}; give a weight from 0 to 1")
        scores, utilities = np.array(self.anchors, dtype=np.float64).reshape(-1, 2).T
        if len(scores) < 2 or (np.diff(scores) <= 0).any():
            raise BadProfiles(f"{self.name} needs two anchors or more, by ascending score")
        if (np.diff(utilities) < 0).any() or (utilities[0], utilities[-1]) != (0, 1):
            raise BadProfiles(f"{self.name} needs utilities that rise from 0 to 1 and never fall")

    @classmethod
    def linear(
        cls, name: str, weight: float, ends: tuple[float, float], minimum: float | None = None
    ) -> "Criterion":
        """A criterion whose utility rises evenly between both ends of its scale."""
        low, high = ends
        return cls(name, weight, ((low, 0.0), (high, 1.0)), minimum)

    def utility(self, scores: Floats) -> Floats:
        """From 0 to 1, shape of `scores`."""
        return np.interp(scores, *self._arrays)

    def slope(self, scores: Floats) -> Floats:
        """How fast utility rises there; at an anchor, towards the better."""
        levels, utilities = self._arrays
        steps = np.diff(utilities) / np.diff(levels)
        places = np.searchsorted(levels, scores, side="right") - 1
        rises: Floats = steps[np.clip(places, 0, len(steps) - 1)]
        return rises

    @property
    def _arrays(self) -> tuple[Floats, Floats]:
        levels, utilities = np.array(self.anchors, dtype=np.float64).T
        return levels, utilities


@dataclass(frozen=True)
class Formula:
    """All criteria, whose weights sum to 1."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        total = sum(each.weight for each in self.criteria)
        if abs(total - 1) > _SUM:
            raise BadProfiles(f"the weights sum to {total:.6g}; make them sum to 1")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the criteria."""
        return tuple(each.name for each in self.criteria)

    @property
    def weights(self) -> Floats:
        """As published, shape (C,)."""
        return np.array([each.weight for each in self.criteria], dtype=np.float64)

    @property
    def scale(self) -> tuple[float, float] | None:
        """Both ends of the scale that all criteria share evenly, if they do."""
        ends = {tuple(score for score, _ in each.anchors) for each in self.criteria}
        shared = next(iter(ends))
        return (shared[0], shared[1]) if len(ends) == 1 and len(shared) == 2 else None

    def utilities(self, profiles: Profiles) -> Floats:
        """Of every candidate on every criterion, shape (n, C)."""
        columns = zip(self.criteria, profiles.scores.T, strict=True)
        return np.column_stack([each.utility(scores) for each, scores in columns])

    def slopes(self, profiles: Profiles) -> Floats:
        """Of every candidate on every criterion, shape (n, C)."""
        columns = zip(self.criteria, profiles.scores.T, strict=True)
        return np.column_stack([each.slope(scores) for each, scores in columns])


@dataclass(frozen=True)
class Admission:
    """Who comes to be weighed at all.

    Parameters
    ----------
    admitted : Profiles
        Who meets every minimum standard, by label.
    failed : mapping of str to tuple of str
        The criteria on which each other candidate is below the standard.
    unknown : mapping of str to tuple of str
        The criteria on which each of the rest has no score.
    """

    admitted: Profiles
    failed: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, tuple[str, ...]]


def admit(profiles: Profiles, formula: Formula) -> Admission:
    """Who meets the minimum standards, and has a score on every criterion.

    Raises
    ------
    BadProfiles
        Where profiles and formula speak of different criteria, and for scores beyond anchors.
    """
    if profiles.criteria != formula.names:
        raise BadProfiles(
            f"the scores are of {', '.join(profiles.criteria)} and the formula of"
            f" {', '.join(formula.names)}; bring them into one order"
        )
    failed, unknown = {}, {}
    for label, scores in sorted(zip(profiles.labels, profiles.scores.tolist(), strict=True)):
        rows = list(zip(formula.criteria, scores, strict=True))
        for each, score in rows:
            _check_score(label, each, score)
        below = [each.name for each, score in rows if score < _minimum(each)]
        missing = [each.name for each, score in rows if np.isnan(score)]
        if below:
            failed[label] = tuple(below)
        elif missing:
            unknown[label] = tuple(missing)
    kept = [label not in failed and label not in unknown for label in profiles.labels]
    return Admission(profiles.only(np.array(kept, dtype=np.bool_)), failed, unknown)


def _minimum(criterion: Criterion) -> float:
    return -np.inf if criterion.minimum is None else criterion.minimum


def _check_score(label: str, criterion: Criterion, score: float) -> None:
    low, high = criterion.anchors[0][0], criterion.anchors[-1][0]
    if score < low or score > high:
        raise BadProfiles(
            f"{label} has {score:g} on {criterion.name}, beyond its anchors of {low:g} to {high:g}"
        )


@dataclass(frozen=True)
class Composite:
    """One candidate's composite.

    Parameters
    ----------
    label : str
    place : int
        Among those admitted; equal composites share the better place.
    utility : Estimate
        From 0 to 1.
    on_scale : float or Undefined
        The same on the scale of the scores, where all criteria share one evenly.
    """

    label: str
    place: int
    utility: Estimate
    on_scale: float | Undefined


@dataclass(frozen=True)
class Composites:
    """What the formula says.

    Parameters
    ----------
    composites : tuple of Composite
        From the top.
    failed, unknown : mapping of str to tuple of str
        Who has no composite, and on account of which criteria.
    nominal : mapping of str to float
        The weights as published.
    effective : mapping of str to float, or Undefined
        w_c cov(u_c, U) / var(U): the share of the differences that each criterion made.
    variance : float or Undefined
        Of the composites (n - 1).
    reliability : float or Undefined
    sem : float or Undefined
        The standard error of measurement of a composite.
    """

    composites: tuple[Composite, ...]
    failed: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, tuple[str, ...]]
    nominal: Mapping[str, float]
    effective: Mapping[str, float] | Undefined
    variance: float | Undefined
    reliability: float | Undefined
    sem: float | Undefined


def compose(
    profiles: Profiles,
    formula: Formula,
    *,
    reliabilities: Mapping[str, float] | None = None,
    level: float = 0.95,
) -> Result[Composites]:
    """The composite of everybody who meets the minimum standards.

    Parameters
    ----------
    profiles : Profiles
        With errors, each composite has a standard error of its own, the root of w' S w.
    formula : Formula
    reliabilities : mapping of str to float, optional
        Of every criterion, from 0 to 1; used where the profiles have no errors, as if errors on
        two criteria were unrelated.
    level : float
        Of the intervals.

    Returns
    -------
    Result of Composites
        Refused where nobody can be weighed.

    Raises
    ------
    BadProfiles

    References
    ----------
    Mosier, C. I. (1943). On the reliability of a weighted composite. Psychometrika 8(3),
    161-168. Effective weights are those of Wang, M. W. & Stanley, J. C. (1970). Differential
    weighting. Review of Educational Research 40(5), 663-705.
    """
    _check(formula, reliabilities, level)
    admission = admit(profiles, formula)
    counts = {
        "candidates": len(profiles),
        "admitted": len(admission.admitted),
        "below_standard": len(admission.failed),
        "without_scores": len(admission.unknown),
        "criteria": len(formula.criteria),
    }
    about = tuple(_about_admission(admission, formula))
    if not len(admission.admitted):
        none = Undefined("nobody meets every minimum standard with a score on every criterion")
        refused = Convergence(Status.REFUSED)
        return Result("composite", none, counts, _METHOD, convergence=refused, cautions=about)
    found = _composed(admission, formula, reliabilities, level)
    cautions = (*about, *_about_weights(found), *_about_order(found, level))
    return Result("composite", found, counts, _METHOD, cautions=cautions)


def _check(formula: Formula, reliabilities: Mapping[str, float] | None, level: float) -> None:
    if not 0 < level < 1:
        raise BadProfiles(f"a level of {level} is none; give one between 0 and 1, such as 0.95")
    for name in () if reliabilities is None else formula.names:
        if not 0 <= (reliabilities or {}).get(name, -1.0) <= 1:
            raise BadProfiles(f"{name} needs a reliability from 0 to 1")


def _composed(
    admission: Admission,
    formula: Formula,
    reliabilities: Mapping[str, float] | None,
    level: float,
) -> Composites:
    profiles, weights = admission.admitted, formula.weights
    parts = formula.utilities(profiles) * weights
    totals = parts.sum(axis=1)
    variance, effective = _spread(parts, totals, formula.names)
    errors = _errors(profiles, formula)
    if errors is None and reliabilities is not None and not isinstance(variance, Undefined):
        unreliable = 1 - np.array([reliabilities[name] for name in formula.names])
        errors = np.full(len(totals), unreliable @ parts.var(axis=0, ddof=1))
    reliability, sem = _precision(errors, variance)
    return Composites(
        composites=tuple(_ordered(profiles.labels, totals, errors, formula.scale, level)),
        failed=admission.failed,
        unknown=admission.unknown,
        nominal=dict(zip(formula.names, weights.tolist(), strict=True)),
        effective=effective,
        variance=variance,
        reliability=reliability,
        sem=sem,
    )


def _spread(
    parts: Floats, totals: Floats, names: Sequence[str]
) -> tuple[float | Undefined, Mapping[str, float] | Undefined]:
    if len(totals) < 2:
        few = Undefined("one candidate has no spread")
        return few, few
    variance = float(totals.var(ddof=1))
    if variance <= _SUM**2:
        return 0.0, Undefined("all composites are the same, so that no criterion made a difference")
    covariances = (parts - parts.mean(axis=0)).T @ (totals - totals.mean()) / (len(totals) - 1)
    return variance, dict(zip(names, (covariances / variance).tolist(), strict=True))


def _errors(profiles: Profiles, formula: Formula) -> Floats | None:
    """The variance of the error of each composite, w' S w with the slopes of the utilities."""
    if profiles.errors is None:
        return None
    rates = formula.slopes(profiles) * formula.weights
    variances: Floats = np.einsum("nc,ncd,nd->n", rates, profiles.errors, rates)
    return np.maximum(variances, 0.0)


def _precision(
    errors: Floats | None, variance: float | Undefined
) -> tuple[float | Undefined, float | Undefined]:
    if errors is None:
        none = Undefined("nothing is known of the errors of the scores")
        return none, none
    mean = float(errors.mean())
    sem = float(np.sqrt(mean))
    if isinstance(variance, Undefined):
        return variance, sem
    if not variance:
        return Undefined("all composites are the same"), sem
    return 1 - mean / variance, sem


def _ordered(
    labels: Sequence[str],
    totals: Floats,
    errors: Floats | None,
    scale: tuple[float, float] | None,
    level: float,
) -> Iterator[Composite]:
    rounded = np.round(totals, 12).tolist()
    z = float(ndtri((1 + level) / 2))
    for i in sorted(range(len(labels)), key=lambda i: (-rounded[i], labels[i])):
        value = float(totals[i])
        se = None if errors is None else float(np.sqrt(errors[i]))
        interval = None if se is None else Interval(value - z * se, value + z * se, level)
        yield Composite(
            label=labels[i],
            place=1 + sum(other > rounded[i] for other in rounded),
            utility=Estimate(value, se, interval),
            on_scale=Undefined("the criteria share no even scale")
            if scale is None
            else scale[0] + value * (scale[1] - scale[0]),
        )


def _about_admission(admission: Admission, formula: Formula) -> Iterator[str]:
    for label, names in admission.failed.items():
        yield f"{label} is below the minimum standard on {', '.join(names)} and is not weighed."
    for label, names in admission.unknown.items():
        yield f"{label} has no score on {', '.join(names)} and cannot be weighed."
    profiles = admission.admitted
    if profiles.errors is None:
        return
    near = np.sqrt(np.diagonal(profiles.errors, axis1=1, axis2=2))
    for column, each in enumerate(formula.criteria):
        if each.minimum is None:
            continue
        close = profiles.scores[:, column] - each.minimum < near[:, column]
        for label in np.array(profiles.labels)[close].tolist():
            yield f"{label} meets the minimum standard on {each.name} by less than its error."


def _about_weights(found: Composites) -> Iterator[str]:
    if isinstance(found.effective, Undefined):
        yield f"There are no effective weights: {found.effective.reason}."
        return
    for name, effective in found.effective.items():
        nominal = found.nominal[name]
        if abs(effective - nominal) > _NOTABLE:
            yield (
                f"{name} weighs {100 * nominal:.0f} % as published and made"
                f" {100 * effective:.0f} % of the difference among these candidates."
            )


def _about_order(found: Composites, level: float) -> Iterator[str]:
    reliability = found.reliability
    if not isinstance(reliability, Undefined) and reliability < 0:
        yield "The errors are larger than the differences: the composite orders nobody reliably."
    if len(found.composites) < 2:
        return
    first, second = found.composites[:2]
    values = [one.utility.value for one in (first, second)]
    errors = [one.utility.se for one in (first, second)]
    if not all(isinstance(each, float) for each in errors):
        yield "Nothing is known of the errors of the scores, so that the order is one of points."
        return
    gap = np.subtract(*np.array(values, dtype=np.float64))
    if gap < ndtri((1 + level) / 2) * np.hypot(*np.array(errors, dtype=np.float64)):
        yield f"{first.label} is not shown to be better than {second.label}."
