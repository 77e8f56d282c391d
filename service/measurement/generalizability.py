"""Generalizability: where ratings differ for other reasons than merit, and what more would help.

A G-study divides the differences, a D-study says how far a panel of another size could be
relied on, and how many assessors are needed. It refuses to promise what no number reaches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

import numpy as np

from service.measurement.arrays import Floats, Integers
from service.measurement.components import (
    DRAWS,
    Components,
    Layout,
    anova,
    quantiles,
    reml,
)
from service.measurement.ratings import Ratings
from service.measurement.results import Estimate, Interval, Result, Undefined

Design = Literal["crossed", "nested"]
Condition = Literal["competency", "instrument", "occasion"]
Coefficient = Literal["rho2", "phi"]
MOST_ASSESSORS: Final = 20
_RESIDUAL: Final = "residual"
_NAMES: Final = {"rho2": "E rho2", "phi": "Phi"}


@dataclass(frozen=True)
class Study:
    """A G-study: what each source contributes to one rating.

    Parameters
    ----------
    design : {"crossed", "nested"}
        Whether the same assessors rated under all conditions, or each condition had its own.
    condition : str
        The facet beside candidates and assessors: competency, instrument or occasion.
    conditions : int
        How many of them there were; with one the study is of candidates and assessors alone.
    assessors : float
        For each condition if nested; the harmonic mean where their numbers differ.
    components : Components
        By "candidate", the condition, "assessor", their products, and "residual", which is the
        highest product together with error. Nested, "assessor" is within its condition.
    """

    design: Design
    condition: Condition
    conditions: int
    assessors: float
    components: Components


def study(  # noqa: PLR0913 - all but the ratings are choices with a default
    ratings: Ratings,
    *,
    design: Design = "crossed",
    condition: Condition | None = None,
    estimator: Literal["anova", "reml"] | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    level: float = 0.95,
) -> Result[Study]:
    """The variance components of candidates by conditions by assessors.

    Each cell is the mean of what was observed in it over the facets that are not named.

    Parameters
    ----------
    ratings : Ratings
    design : {"crossed", "nested"}
        Crossed: p x c x a. Nested: p x (a:c), each condition has assessors of its own.
    condition : str, optional
        "competency" if crossed and "instrument" if nested, where none is given.
    estimator : {"anova", "reml"}, optional
        Mean squares where no cell is missing and restricted likelihood otherwise, where none is
        given. They differ where mean squares put a component below zero.
    draws, seed, level : int, int, float
        Of the intervals.

    Notes
    -----
    Brennan (2001), Generalizability Theory, chapters 3 and 7; random effects model.
    """
    usual: Condition = "competency" if design == "crossed" else "instrument"
    facet = condition or usual
    layout = _layout(ratings.observed, design, facet)
    method = estimator or ("anova" if layout.is_complete else "reml")
    estimate = anova if method == "anova" else reml
    found = estimate(layout, draws=draws, seed=seed, level=level)
    numbers: Study | Undefined
    if isinstance(found.numbers, Undefined):
        numbers = found.numbers
    else:
        numbers = Study(
            design=design,
            condition=facet,
            conditions=int(layout.codes[facet].max(initial=0)) + 1,
            assessors=_assessors(layout, facet),
            components=found.numbers,
        )
    return Result(
        "generalizability study",
        numbers,
        {**ratings.counts, **found.counts},
        method=f"{design} design of {facet}; {found.method}",
        identification="each effect is random around zero, all are independent",
        seed=seed,
        convergence=found.convergence,
        cautions=(*_on_cells(ratings.observed, layout, design, facet), *found.cautions),
    )


def _layout(observed: Ratings, design: Design, condition: Condition) -> Layout:
    """Means by cell, and the effects that such a design has."""
    candidate, other = observed.candidate, observed.facet(condition)
    places = (candidate.codes * len(other) + other.codes) * len(observed.assessor)
    cells, at = np.unique(places + observed.assessor.codes, return_inverse=True)
    means = np.bincount(at, weights=observed.values) / np.bincount(at)
    assessors, pairs = cells % len(observed.assessor), cells // len(observed.assessor)
    conditions = pairs % len(other)
    if design == "nested":
        assessors = _numbered_within(conditions, assessors)
    codes: dict[str, Integers] = {
        "candidate": pairs // len(other),
        condition: conditions,
        "assessor": assessors,
    }
    return Layout(means, codes, _effects(design, condition, has_conditions=len(other) > 1))


def _numbered_within(conditions: Integers, assessors: Integers) -> Integers:
    """The place of each assessor among those of the same condition."""
    numbers = np.empty_like(assessors)
    for condition in np.unique(conditions):
        here = conditions == condition
        numbers[here] = np.unique(assessors[here], return_inverse=True)[1]
    return numbers


def _effects(
    design: Design, condition: str, *, has_conditions: bool
) -> Mapping[str, tuple[str, ...]]:
    candidate, assessor = "candidate", "assessor"
    if not has_conditions:
        return {
            candidate: (candidate,),
            assessor: (assessor,),
            _RESIDUAL: (candidate, assessor),
        }
    crossed = {
        candidate: (candidate,),
        condition: (condition,),
        assessor: (assessor,),
        f"{candidate} x {condition}": (candidate, condition),
        f"{candidate} x {assessor}": (candidate, assessor),
        f"{condition} x {assessor}": (condition, assessor),
        _RESIDUAL: (candidate, condition, assessor),
    }
    if design == "crossed":
        return crossed
    # What an assessor is in another condition does not exist, and goes with the rest.
    nested = {name: crossed[name] for name in (candidate, condition)}
    nested[assessor] = (condition, assessor)
    both = f"{candidate} x {condition}"
    return {**nested, both: crossed[both], _RESIDUAL: crossed[_RESIDUAL]}


def _assessors(layout: Layout, condition: str) -> float:
    conditions, assessors = layout.codes[condition], layout.codes["assessor"]
    if ("assessor",) in layout.effects.values():
        return float(len(np.unique(assessors)))
    pairs = np.unique(np.stack([conditions, assessors]), axis=1)
    counts = np.bincount(pairs[0])
    return float(1.0 / np.mean(1.0 / counts))


def _on_cells(
    observed: Ratings, layout: Layout, design: Design, condition: Condition
) -> tuple[str, ...]:
    told = []
    if len(observed) > len(layout.values):
        told.append(
            f"{len(observed)} ratings were averaged to {len(layout.values)} cells; what differs"
            " inside a cell is not seen here."
        )
    pairs = np.unique(np.stack([observed.assessor.codes, observed.facet(condition).codes]), axis=1)
    if design == "nested" and pairs.shape[1] > len(observed.assessor):
        told.append(
            f"Some assessors rated under more than one {condition}; they count as another person"
            " in each."
        )
    if len(observed.facet(condition)) == 1:
        told.append(f"There is one {condition} only: what is peculiar to it counts as merit.")
    return tuple(told)


@dataclass(frozen=True)
class Decision:
    """What a panel of this size could be relied on for.

    Parameters
    ----------
    assessors, conditions : int
        Nested, `assessors` is the number for each condition.
    rho2 : Estimate
        E rho2, for decisions on the order of candidates.
    phi : Estimate
        Phi, for decisions against a standard.
    relative_error, absolute_error : Estimate
        Standard errors of measurement of a candidate's mean, in points of the scale.
    """

    assessors: int
    conditions: int
    rho2: Estimate
    phi: Estimate
    relative_error: Estimate
    absolute_error: Estimate


@dataclass(frozen=True)
class Decisions:
    """A D-study.

    Parameters
    ----------
    is_fixed : bool
        Whether the conditions are all there are, so that what a candidate is in them is merit.
    decisions : tuple of Decision
    """

    is_fixed: bool
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Plan:
    """Conditions under which a D-study decides.

    Parameters
    ----------
    conditions : int, optional
        As many as were studied, where none is given.
    is_fixed : bool
        Whether these are all there are. Then their number is the one that was studied.
    draws, seed, level : int, int, float
        Of the intervals.
    """

    conditions: int | None = None
    is_fixed: bool = False
    draws: int = DRAWS
    seed: int = 1
    level: float = 0.95


def decide(
    found: Study, *, assessors: Sequence[int], plan: Plan | None = None
) -> Result[Decisions]:
    """How far panels of these numbers of assessors could be relied on.

    Negative variances count as 0. Raises ValueError for a number below one, and for fixed
    conditions in another number than was studied.

    Notes
    -----
    Cronbach, Gleser, Nanda and Rajaratnam (1972); Brennan (2001), section 4.1, and 4.4 for fixed
    conditions, whose product with candidates over their number goes to the universe score. The
    intervals are generalised (see `components.Squares.draws`).
    """
    chosen = plan or Plan()
    conditions = _conditions(found, chosen)
    if min(assessors) < 1:
        raise ValueError(f"a panel of {min(assessors)} assessors rates nobody; give 1 or more")
    drawn = found.components.squares.draws(chosen.draws, chosen.seed)
    return Result(
        "decision study",
        Decisions(
            chosen.is_fixed,
            tuple(_decision(found, chosen, drawn, (each, conditions)) for each in assessors),
        ),
        _counts(found),
        method="D-study with generalised intervals (Brennan 2001; Weerahandi 1993)",
        identification=_universe(found, chosen),
        seed=chosen.seed,
        cautions=_on_decisions(found, max(assessors)),
    )


def _conditions(found: Study, plan: Plan) -> int:
    conditions = plan.conditions or found.conditions
    if conditions < 1:
        raise ValueError(f"{conditions} of {found.condition} show nothing; give 1 or more")
    if plan.is_fixed and conditions != found.conditions:
        raise ValueError(
            f"fixed conditions are all there are, and {found.conditions} were studied;"
            f" {conditions} would be others: take them as random"
        )
    return conditions


def _universe(found: Study, plan: Plan) -> str:
    if plan.is_fixed:
        return f"each {found.condition} is one of all there are (fixed)"
    return f"each {found.condition} is drawn from many that could have been taken (random)"


def _counts(found: Study) -> Mapping[str, int]:
    return {"conditions": found.conditions, "assessors": round(found.assessors)}


@dataclass(frozen=True)
class _Parts:
    """Variances of the universe score and of both errors; each shape (...)."""

    universe: Floats
    relative: Floats
    absolute: Floats

    def coefficient(self, name: Coefficient) -> Floats:
        """0 where nothing varies."""
        error = self.relative if name == "rho2" else self.absolute
        whole = self.universe + error
        return np.divide(self.universe, whole, out=np.zeros_like(whole), where=whole > 0)


def _parts(found: Study, variances: Floats, sizes: tuple[float, int], *, is_fixed: bool) -> _Parts:
    """The parts with these numbers of assessors and conditions; variances (..., effects)."""
    assessors, conditions = sizes
    counts: dict[str, float] = {"assessor": assessors, found.condition: float(conditions)}
    universe, relative, alone = (np.zeros(variances.shape[:-1]) for _ in range(3))
    for at, one in enumerate(found.components.components.values()):
        others = [facet for facet in one.facets if facet != "candidate"]
        share = variances[..., at] / prod(counts[facet] for facet in others)
        if others == [found.condition] and is_fixed:
            # Merit in just these conditions; how hard they are is the same for everybody.
            universe = universe + share * ("candidate" in one.facets)
        elif not others:
            universe = universe + share
        elif "candidate" in one.facets:
            relative = relative + share
        else:
            alone = alone + share
    return _Parts(universe, relative, relative + alone)


def _used(found: Study) -> Floats:
    return np.array([one.used for one in found.components.components.values()])


def _decision(found: Study, plan: Plan, drawn: Floats, sizes: tuple[int, int]) -> Decision:
    at = _parts(found, _used(found), sizes, is_fixed=plan.is_fixed)
    spread = _parts(found, drawn, sizes, is_fixed=plan.is_fixed)
    return Decision(
        assessors=sizes[0],
        conditions=sizes[1],
        rho2=_told(at.coefficient("rho2"), spread.coefficient("rho2"), plan.level),
        phi=_told(at.coefficient("phi"), spread.coefficient("phi"), plan.level),
        relative_error=_told(np.sqrt(at.relative), np.sqrt(spread.relative), plan.level),
        absolute_error=_told(np.sqrt(at.absolute), np.sqrt(spread.absolute), plan.level),
    )


def _told(value: Floats, drawn: Floats, level: float) -> Estimate:
    return Estimate(float(value), interval=quantiles(drawn, level))


def _on_decisions(found: Study, most: int) -> tuple[str, ...]:
    told = []
    if most > 2 * found.assessors:
        told.append(
            f"Panels of up to {most} are worked out from {found.assessors:g} assessors: what holds"
            " of few is taken to hold of many."
        )
    if found.components.components["candidate"].used == 0:
        told.append("The candidates do not differ beyond error: nothing can be relied on.")
    return tuple(told)


@dataclass(frozen=True)
class Needed:
    """How many assessors a target takes.

    Parameters
    ----------
    target : float
    coefficient : {"rho2", "phi"}
    assessors : int or Undefined
        The fewest whose coefficient reaches the target.
    surely : int or Undefined
        The fewest whose interval lies above it.
    reached : float
        The coefficient with so many, or with the most that were tried.
    ceiling : float
        The coefficient with assessors without number.
    """

    target: float
    coefficient: Coefficient
    assessors: int | Undefined
    surely: int | Undefined
    reached: float
    ceiling: float


def assessors_needed(
    found: Study,
    *,
    target: float,
    coefficient: Coefficient = "phi",
    limit: int = MOST_ASSESSORS,
    plan: Plan | None = None,
) -> Result[Needed]:
    """The fewest assessors with whom the coefficient reaches the target, or that none do.

    Parameters
    ----------
    found : Study
    target : float
        Between 0 and 1, both excluded; ValueError otherwise.
    coefficient : {"phi", "rho2"}
        Phi for decisions against a standard, E rho2 for decisions on the order.
    limit : int
        The largest panel to try.
    plan : Plan, optional
        Conditions, whether they are fixed, and draws.
    """
    if not 0.0 < target < 1.0:
        raise ValueError(f"a target of {target} is no coefficient; give one between 0 and 1")
    chosen = plan or Plan()
    points = decide(found, assessors=range(1, limit + 1), plan=chosen).found().decisions
    estimates = [getattr(point, coefficient) for point in points]
    values = [float(estimate.value) for estimate in estimates]
    reaching = next((at for at, value in enumerate(values) if value >= target), None)
    ceiling = _ceiling(found, chosen, coefficient)
    words = f"None up to {limit} reaches {target:g}: {limit} assessors reach {values[-1]:.3f}, and"
    words += f" no number reaches more than {ceiling:.3f}."
    numbers = Needed(
        target=target,
        coefficient=coefficient,
        assessors=Undefined(words) if reaching is None else points[reaching].assessors,
        surely=_surely(estimates, target, limit),
        reached=values[-1 if reaching is None else reaching],
        ceiling=ceiling,
    )
    return Result(
        "assessors needed",
        numbers,
        _counts(found),
        method=f"D-study over panels of 1 to {limit}, {_NAMES[coefficient]} (Brennan 2001)",
        identification=_universe(found, chosen),
        seed=chosen.seed,
        cautions=_on_needed(found, numbers, words),
    )


def _ceiling(found: Study, plan: Plan, coefficient: Coefficient) -> float:
    sizes = (np.inf, _conditions(found, plan))
    return float(
        _parts(found, _used(found), sizes, is_fixed=plan.is_fixed).coefficient(coefficient)
    )


def _surely(estimates: Sequence[Estimate], target: float, limit: int) -> int | Undefined:
    for assessors, estimate in enumerate(estimates, start=1):
        if isinstance(estimate.interval, Interval) and estimate.interval.low >= target:
            return assessors
    return Undefined(f"No panel up to {limit} reaches {target:g} with its whole interval.")


def _on_needed(found: Study, numbers: Needed, words: str) -> tuple[str, ...]:
    if isinstance(numbers.assessors, Undefined):
        return (words,)
    told = list(_on_decisions(found, numbers.assessors))
    if numbers.assessors != numbers.surely:
        sure = (
            numbers.surely.reason
            if isinstance(numbers.surely, Undefined)
            else f"For the whole interval to reach it takes {numbers.surely}."
        )
        told.append(f"{numbers.assessors} reach the target by the estimate alone. {sure}")
    return tuple(told)
