"""Calibrations: candidates and assessors on one scale, each with what it rests on.

One entry for all forms and estimations of the many-facet Rasch model. It refuses measures
across subsets that nobody links, and numbers that did not converge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from service.measurement import designs, joint, marginal, penalised, tables
from service.measurement.arrays import Masks
from service.measurement.ascents import Fit
from service.measurement.designs import Anchors, Design
from service.measurement.extremes import Aside, bounded, extreme, set_aside
from service.measurement.facet_models import Cells, Form
from service.measurement.frames import Frame
from service.measurement.plans import Estimation, Plan
from service.measurement.ratings import FACETS, FacetName, Ratings
from service.measurement.results import Convergence, Estimate, Result, Status, Undefined
from service.measurement.rulers import ALL, Ruler
from service.measurement.tables import Contrast, Covariance, Row, Spread, Step

ENOUGH: Final = 30
"""So many candidates tell their own spread."""

# Candidates are random in marginal estimation, so that none of them is extreme.
_PULLED: Final = {Estimation.PENALISED: set(FACETS), Estimation.MARGINAL: {"candidate"}}


@dataclass(frozen=True)
class Calibration:
    """All measures on one scale, in logits.

    Parameters
    ----------
    form : Form
    estimation : Estimation
    facets : mapping of str to tuple of Row
        Candidates: the higher, the better. Others: the higher, the stricter or the harder.
    steps : mapping of str to tuple of Step
        From one value of the scale to the next, by whose they are.
    covariances : mapping of str to ndarray of float64 or Undefined
        Of each facet's measures, in the order of its rows; undefined where they are too many.
    contrasts : tuple of Contrast
        Of the assessors whom a weak link alone makes comparable.
    log_likelihood : float
        Of the ratings that were calibrated; marginal over candidates where these are random.
    spread : Spread or None
        Of candidates, where it was estimated.
    ruler : Ruler
        The same by label, for what looks at ratings beside them.
    """

    form: Form
    estimation: Estimation
    facets: Mapping[FacetName, tuple[Row, ...]]
    steps: Mapping[str, tuple[Step, ...]]
    covariances: Mapping[FacetName, Covariance]
    contrasts: tuple[Contrast, ...]
    log_likelihood: float
    spread: Spread | None
    ruler: Ruler

    def row(self, name: FacetName, label: str) -> Row:
        """One element's. Raises KeyError where there is no such element."""
        return {row.label: row for row in self.facets[name]}[label]


def calibrate(ratings: Ratings, plan: Plan | None = None) -> Result[Calibration]:
    """Measures of candidates, severities of assessors and what is hard, on one scale.

    log P(x = h) / P(x = h - 1) = theta_n - alpha_j - delta_i - tau_h (Linacre 1989).

    Parameters
    ----------
    ratings : Ratings
        Cells that were not observed count for nothing and are told.
    plan : Plan, optional

    Returns
    -------
    Result of Calibration
        REFUSED where subsets are not linked, or nothing differs; NOT_CONVERGED without
        numbers where the steps ran out.

    Raises
    ------
    BadRatings
        Where the plan does not fit the ratings.
    """
    plan = plan or Plan()
    designs.anchored(ratings.observed, plan.names, plan.anchors)
    core, aside = set_aside(ratings, plan.bounded, plan.form, plan.anchors)
    design = _design(ratings, plan, core)
    if isinstance(design, str):
        return _without(ratings, plan, design, Convergence(Status.REFUSED))
    cells = Cells.of(core, plan.others, plan.form)
    frame = Frame.of(core, cells, plan.others, _left(core, plan.anchors))
    fit = _fit(cells, frame, plan)
    if fit.uncertainty is None:
        reason = (
            f"the estimation did not converge in {fit.convergence.steps} steps: the ratings may "
            "tell too little for it; penalised estimation is always finite"
        )
        return _without(ratings, plan, reason, fit.convergence)
    return _told(ratings, plan, _Calibrated(core, aside, design, cells, frame, fit))


def by_subset(ratings: Ratings, plan: Plan | None = None) -> tuple[Result[Calibration], ...]:
    """A calibration of each subset that nobody links to the others, in the order of `examine`.

    Measures of two subsets are on two scales: do not compare them.
    """
    plan = plan or Plan()
    people = ratings.candidate
    parts = (
        ratings.only(np.isin(people.labels, subset.candidates)[people.codes])
        for subset in designs.examine(ratings, plan.others).found().subsets
    )
    return tuple(
        calibrate(part, replace(plan, anchors=_left(part, plan.anchors))) for part in parts
    )


@dataclass(frozen=True)
class _Calibrated:
    core: Ratings
    aside: tuple[Aside, ...]
    design: Design
    cells: Cells
    frame: Frame
    fit: Fit


def _design(ratings: Ratings, plan: Plan, core: Ratings) -> Design | str:
    """What the ratings to calibrate can compare, or why they cannot be calibrated."""
    if plan.estimation is Estimation.MARGINAL and plan.anchors.get("candidate"):
        return "marginal estimation cannot anchor candidates; use joint or penalised estimation"
    if not len(ratings.observed):
        return "no cell was observed"
    if not len(core):
        return "every rating lies at one end of the values that were used: nothing differs"
    design = designs.examine(core, plan.others, anchors=_left(core, plan.anchors)).found()
    if design.is_identified:
        return design
    found = designs.cautions(design, plan.others)[0]
    without = "" if len(core) == len(ratings.observed) else "Without the extreme elements: "
    return f"{without}{found}"


def _left(core: Ratings, anchors: Anchors) -> Anchors:
    """The anchors of whoever has an observed rating."""
    labels = {name: set(core.observed.facet(name).labels) for name in anchors}
    kept = {
        name: {label: at for label, at in held.items() if label in labels[name]}
        for name, held in anchors.items()
    }
    return {name: held for name, held in kept.items() if held}


def _fit(cells: Cells, frame: Frame, plan: Plan) -> Fit:
    if plan.estimation is Estimation.JOINT:
        return joint.fit(cells, frame, plan.limits)
    if plan.estimation is Estimation.PENALISED:
        return penalised.fit(cells, frame, plan.others, priors=plan.priors, limits=plan.limits)
    return marginal.fit(cells, frame, plan.limits, nodes=plan.nodes)


def _without(
    ratings: Ratings, plan: Plan, reason: str, convergence: Convergence
) -> Result[Calibration]:
    return Result(
        "many-facet Rasch calibration",
        Undefined(reason),
        ratings.counts,
        method=plan.method,
        identification=plan.identification(),
        prior=plan.prior,
        convergence=convergence,
        cautions=tuple(_unobserved(ratings)),
    )


def _told(ratings: Ratings, plan: Plan, found: _Calibrated) -> Result[Calibration]:
    located = tables.located(
        found.core, found.cells, found.fit, names=plan.names, floating=plan.floating
    )
    ruler, bounds = bounded(located.ruler(plan.form), found.aside)
    table = tables.Table(ratings.observed, located, ruler, bounds, plan.level)
    flagged = {name: _extreme(ratings.observed, name, plan, found) for name in plan.names}
    calibration = Calibration(
        plan.form,
        plan.estimation,
        {name: table.rows(name, flagged[name], plan.anchors) for name in plan.names},
        table.steps(),
        {name: table.covariance(name) for name in plan.names},
        located.contrasts(found.design.weak_links, plan.level),
        found.fit.log_likelihood,
        tables.spread(found.fit, located, plan.level),
        ruler,
    )
    return Result(
        "many-facet Rasch calibration",
        calibration,
        dict(ratings.counts) | {"calibrated": len(found.core)},
        method=plan.method,
        identification=plan.identification(found.frame.centred, found.frame.floating),
        prior=plan.prior,
        convergence=found.fit.convergence,
        cautions=_cautions(ratings, calibration, found),
    )


def _extreme(seen: Ratings, name: FacetName, plan: Plan, found: _Calibrated) -> Masks:
    """Which elements are extreme, or became it when others were set aside."""
    aside = [label for each in found.aside if each.facet == name for label in each.labels]
    return extreme(seen, name, plan.form) | np.isin(seen.facet(name).labels, aside)


def _cautions(ratings: Ratings, told: Calibration, found: _Calibrated) -> tuple[str, ...]:
    """What a reader must know before relying on the measures, in plain words."""
    return (
        *_unobserved(ratings),
        *_of_estimation(told, found.cells),
        *_of_extremes(told),
        *_of_steps(told),
        *designs.cautions(found.design, told.ruler.others),
        *_of_contrasts(told),
    )


def _unobserved(ratings: Ratings) -> Iterator[str]:
    missing = ratings.counts["not_observed"]
    if missing:
        yield f"Not observed: {missing} of {len(ratings)} cells; nothing was put in their place."
    seen = ratings.observed
    for name in FACETS:
        lost = sorted(set(ratings.facet(name).labels) - set(seen.facet(name).labels))
        if lost:
            yield f"No rating of the {name} {', '.join(lost)} was observed: there is no measure."


def _of_estimation(told: Calibration, cells: Cells) -> Iterator[str]:
    count = len(cells.counts[0])
    if told.estimation is Estimation.JOINT:
        more = joint.inflation(cells) - 1.0
        yield (
            f"Joint estimation makes the spread of candidates about {more:.0%} too wide here: use "
            "it to adjust for strictness, not to say how much candidates differ. Its intervals of "
            "steps are too narrow: about 90 of 100 hold where 95 should."
        )
    if told.estimation is Estimation.PENALISED:
        yield (
            "The priors pull every measure a little toward the middle, the more the fewer "
            "ratings it has."
        )
    if told.estimation is Estimation.MARGINAL:
        yield (
            "Each candidate's measure is pulled toward the mean of all, the more the fewer "
            "ratings it has."
        )
        if count < ENOUGH:
            yield (
                f"Their spread is estimated from {count} candidates; marginal estimation needs "
                f"about {ENOUGH}. Prefer penalised estimation here."
            )


def _of_extremes(told: Calibration) -> Iterator[str]:
    for name, rows in told.facets.items():
        labels = [row.label for row in rows if row.is_extreme and not row.is_anchored]
        if labels:
            how = (
                "only the priors keep the measure finite"
                if name in _PULLED.get(told.estimation, ())
                else "the measure is a bound, and none of these ratings shaped the others"
            )
            yield f"All ratings of the {name} {', '.join(labels)} lie at one end: {how}."


def _of_steps(told: Calibration) -> Iterator[str]:
    for owner, steps in told.steps.items():
        whose = "" if owner == ALL else f" of {owner}"
        unused = [str(step.value) for step in steps if not step.ratings]
        if unused:
            yield f"On the scale{whose} nobody used the value {', '.join(unused)}."
        found = [step.step.value for step in steps if isinstance(step.step, Estimate)]
        known = [each for each in found if isinstance(each, float)]
        if known != sorted(known):
            yield (
                f"The steps of the scale{whose} are out of order: some values are the likeliest "
                "for nobody. Fewer values may tell as much."
            )


def _of_contrasts(told: Calibration) -> Iterator[str]:
    for contrast in told.contrasts:
        if isinstance(contrast.difference.se, float):
            yield (
                f"Over {contrast.link.label} alone, the difference of strictness between "
                f"{', '.join(contrast.first)} and {', '.join(contrast.second)} has a standard "
                f"error of {contrast.difference.se:.2f} logits."
            )
