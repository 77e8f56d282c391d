"""The ladder of analyses: ratings in, what their number and design can bear out, with why.

One call for a whole panel. Raw and adjusted means always stand side by side, and the raw ones
stay primary. It refuses pooled measures where subsets are not linked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from service.measurement import (
    alphas,
    bands,
    calibrations,
    designs,
    effects,
    fits,
    generalizability,
    intraclass,
    omissions,
    ranks,
    rungs,
    within_groups,
)
from service.measurement.alphas import Alpha
from service.measurement.arrays import Masks
from service.measurement.bands import Band
from service.measurement.calibrations import Calibration
from service.measurement.designs import Design
from service.measurement.effects import Effects
from service.measurement.fits import Fits
from service.measurement.generalizability import Decisions, Needed, Study
from service.measurement.intraclass import Intraclass
from service.measurement.measures import Measures
from service.measurement.omissions import Omissions
from service.measurement.plans import Plan
from service.measurement.ranks import Ranks
from service.measurement.ratings import Ratings, Scale
from service.measurement.results import Result, Undefined
from service.measurement.rungs import Choice, Rung
from service.measurement.within_groups import ExactAgreement, WithinGroups

HALF: Final = 0.5
"""Points of the scale: a fair average further than this from the raw mean is listed."""
TARGET: Final = 0.8
"""The Phi that a panel is asked to reach."""
PANELS: Final = tuple(range(1, 11))
"""The numbers of assessors that a D-study looks at."""
SEED: Final = 1
_UNSEEN: Final = Undefined("Nothing was observed.")


@dataclass(frozen=True)
class Standing:
    """One candidate, raw and adjusted side by side.

    Parameters
    ----------
    candidate : str
    ratings, not_observed : int
        How many cells have a value, and how many were not observed.
    mean : float or Undefined
        Of all values, as they are.
    lowest, highest : int or Undefined
        Of the values.
    by_assessor : mapping of str to float
        The mean of each assessor who gave values.
    given : mapping of str to int
        How many values each of them gave.
    fair : float or Undefined
        What the mean would be with all assessors and conditions at their means.
    moved : float or Undefined
        The fair average less the raw mean, in points of the scale.
    is_listed : bool
        Whether that is more than half a point, so that the panel must look at it.
    """

    candidate: str
    ratings: int
    not_observed: int
    mean: float | Undefined
    lowest: int | Undefined
    highest: int | Undefined
    by_assessor: Mapping[str, float]
    given: Mapping[str, int]
    fair: float | Undefined
    moved: float | Undefined
    is_listed: bool


@dataclass(frozen=True)
class Condition:
    """What one instrument showed of one competency: the mean of all values, and how many."""

    competency: str
    instrument: str
    ratings: int
    mean: float


@dataclass(frozen=True)
class Agreement:
    """How near the values stand that one thing was given, and what one assessor decides."""

    within_groups: Result[WithinGroups]
    exact: Result[ExactAgreement]
    omissions: Result[Omissions]


@dataclass(frozen=True)
class Reliability:
    """What the panel's ratings can be relied on for.

    Parameters
    ----------
    intraclass : Result of Intraclass
    alpha : Result of Alpha
    study : Result of Study
    decisions : Result of Decisions or Undefined
        With competencies fixed: they are those of the post, and not drawn from others.
    needed : Result of Needed or Undefined
    """

    intraclass: Result[Intraclass]
    alpha: Result[Alpha]
    study: Result[Study]
    decisions: Result[Decisions] | Undefined
    needed: Result[Needed] | Undefined


@dataclass(frozen=True)
class Model:
    """The many-facet model of the panel, and the order that follows from it."""

    calibration: Result[Calibration]
    fits: Result[Fits]
    effects: Result[Effects]
    order: Result[Ranks] | Undefined
    band: Result[Band] | Undefined


@dataclass(frozen=True)
class Ladder:
    """All analyses of one panel.

    Parameters
    ----------
    rung : Rung
    why : str
        What decided it, in plain words.
    scale : Scale
    standings : tuple of Standing
        From the highest raw mean, equal ones by name; by name alone where nobody links them.
    conditions : tuple of Condition
        Of each competency and instrument that met; none are pooled over subsets.
    design : Result of Design
    agreement : Agreement or Undefined
    reliability : Reliability or Undefined
    model : Model or Undefined
    subsets : tuple of Result of Ladder
        Where nobody links them, each by itself.
    """

    rung: Rung
    why: str
    scale: Scale
    standings: tuple[Standing, ...]
    conditions: tuple[Condition, ...]
    design: Result[Design]
    agreement: Agreement | Undefined
    reliability: Reliability | Undefined
    model: Model | Undefined
    subsets: tuple["Result[Ladder]", ...] = ()


def climb(ratings: Ratings, *, seed: int = SEED) -> Result[Ladder]:
    """The analyses that a panel can bear, and why these.

    Parameters
    ----------
    ratings : Ratings
    seed : int
        Of all draws.

    Returns
    -------
    Result of Ladder
        Where marginal estimation has no answer, penalised estimation takes its place; where that
        has none, the panel is described. `why` says so.

    Raises
    ------
    BadRatings
        Where nothing was observed.
    """
    choice = rungs.choose(ratings)
    design = designs.examine(ratings, choice.others or ("assessor",))
    if choice.rung is Rung.SUBSETS:
        return _of_subsets(ratings, choice, design, seed)
    choice, calibration = _modelled(ratings, choice)
    model: Model | Undefined = Undefined(f"There is no model: {choice.why}.")
    reliability: Reliability | Undefined = Undefined(f"Only described: {choice.why}.")
    if calibration is not None:
        model = _model(ratings, calibration, seed)
        reliability = _reliability(ratings, seed)
    ladder = Ladder(
        rung=choice.rung,
        why=choice.why,
        scale=ratings.scale,
        standings=tuple(_standings(ratings, model)),
        conditions=tuple(_conditions(ratings.observed)),
        design=design,
        agreement=_agreement(ratings),
        reliability=reliability,
        model=model,
    )
    return _told(ratings, ladder, seed, choice.left_out)


def _told(
    ratings: Ratings, ladder: Ladder, seed: int, left_out: tuple[str, ...] = ()
) -> Result[Ladder]:
    return Result(
        "ladder",
        ladder,
        ratings.counts,
        method=f"by panel size and links: described under {rungs.FEWEST_CANDIDATES} candidates or"
        f" {rungs.FEWEST_ASSESSORS} assessors, penalised under {calibrations.ENOUGH} candidates,"
        " marginal from there, by subset where nobody links them",
        seed=seed,
        cautions=(*left_out, *_cautions(ladder)),
    )


def _of_subsets(
    ratings: Ratings, choice: Choice, design: Result[Design], seed: int
) -> Result[Ladder]:
    whole = Undefined(
        f"Nothing is pooled: {choice.why}, so that how strict their assessors are cannot be told"
        " from how good the candidates are. See each subset."
    )
    subsets = tuple(
        climb(ratings.only(_rated(ratings, subset.candidates)), seed=seed)
        for subset in design.found().subsets
    )
    ladder = Ladder(
        rung=choice.rung,
        why=choice.why,
        scale=ratings.scale,
        standings=tuple(sorted(_standings(ratings, whole), key=lambda one: one.candidate)),
        conditions=(),
        design=design,
        agreement=whole,
        reliability=whole,
        model=whole,
        subsets=subsets,
    )
    return _told(ratings, ladder, seed)


def _rated(ratings: Ratings, candidates: tuple[str, ...]) -> Masks:
    kept: Masks = np.isin(ratings.candidate.labels, candidates)[ratings.candidate.codes]
    return kept


def _modelled(ratings: Ratings, choice: Choice) -> tuple[Choice, Result[Calibration] | None]:
    """The calibration of the rung, or of the next one below that has one."""
    if choice.rung.estimation is None:
        return choice, None
    if len(np.unique(ratings.observed.values)) == 1:
        why = f"{choice.why}; but all ratings are equal, and tell nobody apart"
        return Choice(Rung.DESCRIPTION, why, (), choice.left_out), None
    plan = Plan(estimation=choice.rung.estimation, others=choice.others)
    found = calibrations.calibrate(ratings, plan)
    if not isinstance(found.numbers, Undefined):
        return choice, found
    reason = found.numbers.reason
    if choice.rung is Rung.MARGINAL:
        why = f"{choice.why}; but marginal estimation has no answer ({reason})"
        lower = Choice(Rung.PENALISED, why, choice.others, choice.left_out)
        return _modelled(ratings, lower)
    why = f"{choice.why}; but the model has no answer ({reason})"
    return Choice(Rung.DESCRIPTION, why, (), choice.left_out), None


def _model(ratings: Ratings, calibration: Result[Calibration], seed: int) -> Model:
    found = calibration.found()
    measures = measures_of(found)
    order: Result[Ranks] | Undefined
    band: Result[Band] | Undefined
    if isinstance(measures, Undefined):
        order = band = measures
    else:
        order, band = ranks.rank(measures, seed=seed), bands.band(measures)
    return Model(
        calibration=calibration,
        fits=fits.examine(ratings, found),
        effects=effects.examine(ratings, found, seed=seed),
        order=order,
        band=band,
    )


def measures_of(found: Calibration) -> Measures | Undefined:
    """The candidates' measures with the covariance of their errors, or why there is none.

    Who was set aside has a bound and no measure, and is left out.
    """
    covariance = found.covariances["candidate"]
    if isinstance(covariance, Undefined):
        return covariance
    rows = found.facets["candidate"]
    kept = [at for at, row in enumerate(rows) if not row.is_set_aside]
    labels = [rows[at].label for at in kept]
    values = [rows[at].measure.value for at in kept]
    return Measures.of(labels, np.array(values, dtype=np.float64), covariance[np.ix_(kept, kept)])


def _agreement(ratings: Ratings) -> Agreement:
    return Agreement(
        within_groups=within_groups.within_groups(ratings),
        exact=within_groups.exact_agreement(ratings),
        omissions=omissions.without_each_assessor(ratings),
    )


def _reliability(ratings: Ratings, seed: int) -> Reliability:
    study = generalizability.study(ratings, seed=seed)
    decisions: Result[Decisions] | Undefined
    needed: Result[Needed] | Undefined
    if isinstance(study.numbers, Undefined):
        decisions = needed = study.numbers
    else:
        plan = generalizability.Plan(is_fixed=True, seed=seed)
        decisions = generalizability.decide(study.numbers, assessors=PANELS, plan=plan)
        needed = generalizability.assessors_needed(study.numbers, target=TARGET, plan=plan)
    return Reliability(
        intraclass=intraclass.intraclass(ratings, seed=seed),
        alpha=alphas.alpha(ratings, seed=seed),
        study=study,
        decisions=decisions,
        needed=needed,
    )


def _standings(ratings: Ratings, model: Model | Undefined) -> list[Standing]:
    """From the highest raw mean, compared exactly; who was not observed comes last."""
    fair = _fair(ratings, model)
    rows = [
        _standing(ratings, code, fair[label]) for code, label in enumerate(ratings.candidate.labels)
    ]
    return [row for _, row in sorted(rows, key=lambda row: (row[0], row[1].candidate))]


def _standing(ratings: Ratings, code: int, fair: float | Undefined) -> tuple[Fraction, Standing]:
    here = ratings.candidate.codes == code
    values: list[int] = ratings.values[here & ratings.seen].tolist()
    mean = Fraction(sum(values), len(values)) if values else None
    by_assessor = zip(ratings.assessor.labels, ratings.means()[code].tolist(), strict=True)
    moved = fair if isinstance(fair, Undefined) or mean is None else fair - float(mean)
    standing = Standing(
        candidate=ratings.candidate.labels[code],
        ratings=len(values),
        not_observed=int((here & ~ratings.seen).sum()),
        mean=_UNSEEN if mean is None else float(mean),
        lowest=min(values) if values else _UNSEEN,
        highest=max(values) if values else _UNSEEN,
        by_assessor={name: each for name, each in by_assessor if not np.isnan(each)},
        given=_given(ratings, here & ratings.seen),
        fair=fair,
        moved=moved,
        is_listed=isinstance(moved, float) and abs(moved) > HALF,
    )
    # Below the scale lies nobody who was rated.
    return -(Fraction(ratings.scale.lowest - 1) if mean is None else mean), standing


def _given(ratings: Ratings, rows: Masks) -> Mapping[str, int]:
    codes, counts = np.unique(ratings.assessor.codes[rows], return_counts=True)
    labels = [ratings.assessor.labels[code] for code in codes]
    return dict(zip(labels, counts.tolist(), strict=True))


def _fair(ratings: Ratings, model: Model | Undefined) -> Mapping[str, float | Undefined]:
    none = model if isinstance(model, Undefined) else _UNSEEN
    fair: dict[str, float | Undefined] = dict.fromkeys(ratings.candidate.labels, none)
    if isinstance(model, Model):
        rows = model.calibration.found().facets["candidate"]
        fair |= {row.label: row.fair.value for row in rows}
    return fair


def _conditions(seen: Ratings) -> Iterator[Condition]:
    means = seen.means("competency", "instrument")
    for row, column in zip(*np.nonzero(~np.isnan(means)), strict=True):
        here = (seen.competency.codes == row) & (seen.instrument.codes == column)
        labels = seen.competency.labels[row], seen.instrument.labels[column]
        yield Condition(*labels, int(here.sum()), float(means[row, column]))


def _cautions(ladder: Ladder) -> Iterator[str]:
    unseen = [one.candidate for one in ladder.standings if not one.ratings]
    if unseen:
        yield f"Nobody observed {', '.join(unseen)}: there is no mean and no place."
    if ladder.rung is Rung.SUBSETS:
        yield (
            "The raw means of different subsets rest on different assessors: do not put them in"
            " one order."
        )
    if isinstance(ladder.model, Model):
        yield (
            "The raw means stay primary, unless it was settled before anybody rated that fair"
            " averages decide."
        )
        yield from _on_moves(ladder.standings)


def _on_moves(standings: tuple[Standing, ...]) -> Iterator[str]:
    """What adjusting for strict assessors changes, for the panel to look at."""
    rated = [one for one in standings if isinstance(one.fair, float)]
    for one in rated:
        if one.is_listed and isinstance(one.moved, float):
            way, strictness = ("above", "strict") if one.moved > 0 else ("below", "lenient")
            yield (
                f"The fair average of {one.candidate}, {one.fair:.2f}, lies {abs(one.moved):.2f}"
                f" points {way} the raw mean of {one.mean:.2f}: more than half a point, since the"
                f" assessors or tasks were {strictness}."
            )
    best = max(rated, key=lambda one: (one.fair, one.mean), default=None)
    if best is not None and best != rated[0]:
        yield (
            f"The first place depends on the adjustment: {rated[0].candidate} by raw means,"
            f" {best.candidate} by fair averages."
        )
