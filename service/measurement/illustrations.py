"""The pictures that belong to what a ladder found, by their names.

It refuses pictures of what is not there: no order is drawn where none was found, and no grid
where there is nothing to tell in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from service.measurement import bands
from service.measurement.designs import Link as WeakLink
from service.measurement.ladders import Ladder, Model, Reliability, measures_of
from service.measurement.measures import Measures
from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.decision_studies import Curve, DecisionStudy, decision_study
from service.measurement.pictures.design_graphs import Design, Group, Link, design_graph
from service.measurement.pictures.estimates import Named
from service.measurement.pictures.instruments import InstrumentMap, instrument_map
from service.measurement.pictures.rank_chances import RankChances, rank_chances
from service.measurement.pictures.rank_intervals import Ranked, rank_intervals
from service.measurement.pictures.residuals import ResidualMap, residual_map
from service.measurement.pictures.severities import Severity, severities
from service.measurement.pictures.themes import LIGHT, Theme
from service.measurement.pictures.wright_maps import WrightMap, wright_map
from service.measurement.ranks import Place, Ranks
from service.measurement.ratings import FacetName
from service.measurement.results import Estimate, Interval, Result, Undefined
from service.measurement.tables import Row

MOST: Final = 120
"""Pictures of more candidates than this cannot be read; the tables still can."""
_EXTREME: Final = "all ratings at one end of the scale"
_FEW: Final = Undefined("they met in too few ratings")


@dataclass(frozen=True)
class Illustration:
    """A picture with a name for its file and a title, both of which say its subset if any."""

    name: str
    title: str
    picture: Picture


def illustrate(result: Result[Ladder], *, theme: Theme = LIGHT) -> tuple[Illustration, ...]:
    """The pictures of the whole panel, and then those of each subset.

    Parameters
    ----------
    result : Result of Ladder
    theme : Theme
    """
    ladder = result.found()
    found = [
        Illustration(name, picture.title, picture) for name, picture in _pictures(ladder, theme)
    ]
    for number, subset in enumerate(ladder.subsets, start=1):
        found += [
            Illustration(
                f"subset-{number}-{each.name}", f"Subset {number}: {each.title}", each.picture
            )
            for each in illustrate(subset, theme=theme)
        ]
    return tuple(found)


def _pictures(ladder: Ladder, theme: Theme) -> Iterator[tuple[str, Picture]]:
    is_small = len(ladder.standings) <= MOST
    if is_small:
        yield "design", design_graph(_design(ladder), theme=theme)
    yield from _of_conditions(ladder, theme)
    if isinstance(ladder.model, Model):
        yield from _of_order(ladder.model, theme, is_small=is_small)
        yield "severities", severities(_severities(ladder.model), theme=theme)
        if is_small:
            yield from _of_model(ladder, ladder.model, theme)
    if isinstance(ladder.reliability, Reliability):
        yield from _of_reliability(ladder.reliability, theme)


def _design(ladder: Ladder) -> Design:
    design = ladder.design.found()
    return Design(
        tuple(Group(each.candidates, each.assessors) for each in design.subsets),
        tuple(
            Link(one.candidate, name, count, _is_weak(design.weak_links, one.candidate, name, met))
            for one in ladder.standings
            for met in [set(one.given)]
            for name, count in one.given.items()
        ),
    )


def _is_weak(links: tuple[WeakLink, ...], candidate: str, assessor: str, met: set[str]) -> bool:
    """Whether only this candidate, by this assessor alone, reaches the assessor's block."""
    return any(
        link.facet == "candidate" and link.label == candidate and met & set(block) == {assessor}
        for link in links
        for block in link.blocks
    )


def _of_conditions(ladder: Ladder, theme: Theme) -> Iterator[tuple[str, Picture]]:
    means = {(one.competency, one.instrument): one.mean for one in ladder.conditions}
    competencies, instruments = (tuple(sorted({pair[side] for pair in means})) for side in range(2))
    if min(len(competencies), len(instruments)) < 2:
        return
    table = tuple(tuple(means.get((what, how)) for how in instruments) for what in competencies)
    ends = float(ladder.scale.lowest), float(ladder.scale.highest)
    shown = InstrumentMap(competencies, instruments, table, ends)
    yield "instruments", instrument_map(shown, theme=theme)


def _of_order(model: Model, theme: Theme, *, is_small: bool) -> Iterator[tuple[str, Picture]]:
    measures = measures_of(model.calibration.found())
    if isinstance(model.order, Undefined) or isinstance(measures, Undefined) or not is_small:
        return
    order = model.order.found()
    numbers = _bands(measures)
    ranked = tuple(Ranked(_rank(one), numbers[one.label]) for one in order.places)
    yield "rank-intervals", rank_intervals(ranked, theme=theme)
    yield "rank-chances", rank_chances(_chances(order), theme=theme)


def _rank(one: Place) -> Named:
    interval = Interval(float(one.likely.best), float(one.likely.worst), _level(one))
    return Named(one.label, Estimate(float(one.place), interval=interval))


def _level(one: Place) -> float:
    interval = one.measure.interval
    return interval.level if isinstance(interval, Interval) else 0.95


def _chances(order: Ranks) -> RankChances:
    return RankChances(order.labels, tuple(tuple(row) for row in order.shares.tolist()))


def _bands(measures: Measures) -> Mapping[str, int]:
    """The band of each candidate: the first from the top, the next from the best left, and on."""
    left, found, number = measures.ordered(), dict[str, int](), 1
    while len(left) > 1:
        members = bands.band(left).found().members
        found |= dict.fromkeys(members, number)
        left, number = _without(left, set(members)), number + 1
    return found | dict.fromkeys(left.labels, number)


def _without(measures: Measures, gone: set[str]) -> Measures:
    kept = [at for at, label in enumerate(measures.labels) if label not in gone]
    labels = [measures.labels[at] for at in kept]
    return Measures.of(labels, measures.values[kept], measures.covariance[kept][:, kept])


def _named(row: Row) -> Named:
    return Named(row.label, row.measure, _EXTREME if row.is_extreme else "")


def _severities(model: Model) -> tuple[Severity, ...]:
    infits = {one.label: one.infit.value for one in model.fits.found().elements["assessor"]}
    none = Undefined("none of the ratings was calibrated")
    rows = model.calibration.found().facets["assessor"]
    return tuple(
        Severity(_named(row), infits.get(row.label, none), row.ratings)
        for row in sorted(rows, key=_strictness)
    )


def _strictness(row: Row) -> tuple[float, str]:
    value = row.measure.value
    return (float("inf") if isinstance(value, Undefined) else -value, row.label)


def _of_model(ladder: Ladder, model: Model, theme: Theme) -> Iterator[tuple[str, Picture]]:
    yield "wright-map", wright_map(_wright(model), theme=theme)
    biases = {(one.candidate, one.assessor): one.test.z for one in model.effects.found().biases}
    if not biases:
        return
    labels = tuple(row.label for row in model.calibration.found().facets["assessor"])
    residuals = tuple(
        tuple(
            biases.get((one.candidate, name), _FEW) if name in one.given else None
            for name in labels
        )
        for one in ladder.standings
    )
    people = tuple(one.candidate for one in ladder.standings)
    yield "residuals", residual_map(ResidualMap(people, labels, residuals), theme=theme)


def _wright(model: Model) -> WrightMap:
    found = model.calibration.found()

    def named(name: FacetName) -> tuple[Named, ...]:
        return tuple(_named(row) for row in found.facets.get(name, ()))

    steps = tuple(
        Named(f"{each.value - 1} to {each.value}", _step(each.step))
        for ladder in found.steps.values()
        for each in ladder[1:]
    )
    return WrightMap(named("candidate"), named("assessor"), named("competency"), steps)


def _step(step: Estimate | Undefined) -> Estimate:
    return Estimate(step) if isinstance(step, Undefined) else step


def _of_reliability(found: Reliability, theme: Theme) -> Iterator[tuple[str, Picture]]:
    if isinstance(found.decisions, Undefined) or isinstance(found.needed, Undefined):
        return
    decisions, needed = found.decisions.found().decisions, found.needed.found()
    curves = (
        Curve("Phi", tuple(one.phi.value for one in decisions)),
        Curve("E rho\u00b2", tuple(one.rho2.value for one in decisions)),
    )
    sizes = tuple(one.assessors for one in decisions)
    study = DecisionStudy(sizes, curves, needed.target, needed.assessors)
    yield "decision-study", decision_study(study, theme=theme)
