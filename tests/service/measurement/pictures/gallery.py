"""Every picture, of few and of many, with long names in five scripts and with gaps."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from service.measurement.pictures.canvases import Picture
from service.measurement.pictures.decision_studies import Curve, DecisionStudy, decision_study
from service.measurement.pictures.design_graphs import Design, Group, Link, design_graph
from service.measurement.pictures.estimates import Named
from service.measurement.pictures.impacts import Impact, impacts
from service.measurement.pictures.instruments import InstrumentMap, instrument_map
from service.measurement.pictures.profiles import Competency, Profile, profile
from service.measurement.pictures.radars import radar
from service.measurement.pictures.rank_chances import RankChances, rank_chances
from service.measurement.pictures.rank_intervals import Ranked, rank_intervals
from service.measurement.pictures.residuals import ResidualMap, residual_map
from service.measurement.pictures.sensitivities import (
    Acceptability,
    Sensitivity,
    Stretch,
    Strip,
    sensitivity,
)
from service.measurement.pictures.severities import Severity, severities
from service.measurement.pictures.weights import Weighted, weights
from service.measurement.pictures.wright_maps import WrightMap, wright_map
from service.measurement.results import Estimate, Interval, Undefined

FEW: Final = 4
MANY: Final = 40
BOUNDED: Final = "got only the highest value, so the measure is bounded"
UNRATED: Final = Undefined("was rated by nobody")
COMPETENCIES: Final = (
    "Strategic vision and leadership",
    "Negotiation and diplomacy",
    "Managing performance",
    "Integrity",
    "Verhandlungsführungskompetenz im Sicherheitsrat",
    "谈判",
    "التفاوض",
    "Ведение переговоров",
)
INSTRUMENTS: Final = (
    "Structured interview",
    "Written exercise",
    "In-basket simulation",
    "References 360°",
)
CURVES: Final = (
    "Phi",
    "E rho², competencies fixed for this post only",
    "E rho² of the second exercise",
)
GROUPS: Final = ("men", "women", "not given, или не указано", "غير محدد")
SCRIPTS: Final = (
    "Maximiliane-Theodora von Hohenstaufen-Württemberg zu Lichtenstein",
    "Дмитрий Александрович Рождественский",
    "عبد الرحمن بن محمد آل الشيخ",
    "欧阳震华",
    "अनिरुद्ध चट्टोपाध्याय",
)


def names(count: int) -> tuple[str, ...]:
    """So many different names, in five scripts by turns."""
    return tuple(SCRIPTS[place % 5] + (f" {place}" if place >= 5 else "") for place in range(count))


def known(label: str, value: float, half: float = 0.5, flag: str = "") -> Named:
    return Named(label, Estimate(value, half / 2, Interval(value - half, value + half)), flag)


def unknown(label: str) -> Named:
    return Named(label, Estimate(UNRATED))


def some(labels: tuple[str, ...], top: float = 2.0) -> tuple[Named, ...]:
    """Measures from `top` downwards: the first bounded, the fourth not defined."""
    values = np.linspace(top, -top, len(labels)).tolist()
    return tuple(
        unknown(label) if place == 3 else known(label, value, flag="" if place else BOUNDED)
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    )


def a_severity(count: int) -> tuple[Severity, ...]:
    infits = (0.4, 1.0, 1.9, Undefined("gave one rating"), 1.2)
    return tuple(
        Severity(named, infits[place % 5], 6 if place % 5 == 4 else 40)
        for place, named in enumerate(some(names(count), 1.5))
    )


def ranks(count: int) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(unknown(label), Undefined("has no place"))
        if place == 3
        else Ranked(
            Named(
                label,
                Estimate(place + 1.0, None, Interval(max(1, place - 1.0), min(count, place + 3.0))),
                "" if place else BOUNDED,
            ),
            place // 3 + 1,
        )
        for place, label in enumerate(names(count))
    )


def chances(count: int) -> RankChances:
    places = np.arange(count)
    rows = [np.exp(-(((places - place) / 1.5) ** 2) / 2) for place in range(count)]
    shares = [tuple((row / row.sum()).tolist()) for row in rows]
    given = tuple(UNRATED if place == 3 else row for place, row in enumerate(shares))
    return RankChances(names(count), given)


def residuals(count: int, assessors: int) -> ResidualMap:
    drawn = np.random.default_rng(0).normal(0, 1.7, (count, assessors))
    drawn[0, 0] = -4.04
    return ResidualMap(
        names(count),
        names(assessors),
        tuple(
            tuple(
                Undefined("fewer than five ratings")
                if (row, column) == (1, 1)
                else None
                if (row + column) % 6 == 5
                else float(drawn[row, column])
                for column in range(assessors)
            )
            for row in range(count)
        ),
    )


def shown_by() -> InstrumentMap:
    def mean(row: int, column: int) -> float | Undefined | None:
        if (row, column) == (0, 0):
            return Undefined("the simulation was stopped")
        return None if (row + column) % 4 == 3 else 1 + (row * 3 + column * 7) % 17 / 4

    return InstrumentMap(
        COMPETENCIES,
        INSTRUMENTS,
        tuple(tuple(mean(row, column) for column in range(4)) for row in range(8)),
        (1, 5),
    )


def a_profile(count: int = 8) -> Profile:
    levels = (4.2, 3.8, 2.4, None, 5.0, 3.0, 1.2, 3.6)
    minima = (3.0, 3.0, 3.0, 3.5, 3.0, None, 2.0, 2.0)
    return Profile(
        SCRIPTS[0],
        tuple(
            Competency(
                unknown(label)
                if level is None
                else known(label, level, 0.7, BOUNDED if level == 5 else ""),
                minimum,
            )
            for label, level, minimum in zip(COMPETENCIES, levels, minima, strict=True)
        )[:count],
        (1, 5),
    )


def weighted() -> tuple[Weighted, ...]:
    nominal = (0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.05, 0.05)
    alike = Undefined("all were rated alike")
    effective: tuple[float | Undefined, ...] = (0.32, 0.1, 0.15, alike, 0.2, 0.08, 0.1, -0.02)
    return tuple(Weighted(*each) for each in zip(COMPETENCIES, nominal, effective, strict=True))


def a_sensitivity(count: int) -> Sensitivity:
    first, second, third, *_ = names(count)
    whole: tuple[tuple[Stretch, ...] | Undefined, ...] = (
        (Stretch(0, 0.2424, third), Stretch(0.2424, 0.375, second), Stretch(0.375, 1, first)),
        (
            Stretch(0, 0.41, first),
            Stretch(0.41, 0.425, third),
            Stretch(0.425, 0.43, second),
            Stretch(0.43, 1, third),
        ),
        (Stretch(0, 1, first),),
        Undefined("the competency was rated for nobody"),
    )
    shares: tuple[float | Undefined, ...] = (0.6, 0.16, 0.24, UNRATED, *[0.0] * (count - 4))
    return Sensitivity(
        tuple(
            Strip(*each)
            for each in zip(COMPETENCIES[:4], (0.5, 0.42, 0.0, 0.2), whole, strict=True)
        ),
        tuple(Acceptability(*each) for each in zip(names(count), shares, strict=True)),
    )


def a_study(*, reached: bool) -> DecisionStudy:
    """The Phi and E rho squared of Guilford's judges, which ten of them do not bring to 0.7."""
    return DecisionStudy(
        (1, 2, 3, 5, 10),
        (
            Curve(CURVES[0], (0.196, 0.311, 0.386, 0.478, 0.583)),
            Curve(
                CURVES[1],
                (Undefined("one assessor has no partner"), 0.333, 0.419, 0.529, 0.587),
            ),
            Curve(CURVES[2], (0.1, 0.15, 0.2, 0.3, Undefined("not held"))),
        ),
        0.45 if reached else 0.7,
        5 if reached else Undefined("ten assessors reach 0.58"),
    )


def a_design(count: int, *, connected: bool) -> Design:
    candidates, assessors = names(count), tuple(f"{label} (assessor)" for label in names(5))
    half = count // 2
    groups: tuple[Group, ...] = (Group(candidates, assessors),)
    if not connected:
        groups = (
            Group(candidates[:half], assessors[:2]),
            Group(candidates[half:-1], assessors[2:]),
            Group(candidates[-1:], ()),
        )
    links = tuple(
        Link(candidate, assessor, 1 + (one + other) % 8, weak=connected and one == other == 0)
        for group in groups
        for one, candidate in enumerate(group.candidates)
        for other, assessor in enumerate(group.assessors)
        if (one + other) % 3 != 2
    )
    return Design(groups, links)


def an_impact(stages: int) -> tuple[Impact, ...]:
    hidden = Undefined("fewer than five people, which only the audit may see")
    rows = []
    for stage in [f"{name} {n}" for n in range(stages) for name in ("Long list", "Short list")]:
        rows += [
            Impact(stage, GROUPS[0], 48, 80, Estimate(1.0), Undefined("compared with itself"), Undefined("compared with itself"), "most selected"),
            Impact(stage, GROUPS[1], 12, 40, Estimate(0.5, None, Interval(0.301, 0.829)), 0.00341, 0.553, "flag, and shown beyond chance"),
            Impact(stage, GROUPS[2], 1, 6, Estimate(0.28, None, Interval(0.045, 9.6)), 0.0004, 0.61, "too few to say: one person more would change the side of four fifths"),
            Impact(stage, GROUPS[3], hidden, hidden, Estimate(hidden), hidden, hidden, "not told"),
        ]  # fmt: skip
    return tuple(rows)


def a_map(count: int) -> WrightMap:
    steps = tuple(known(f"{k} to {k + 1}", k - 2.5) for k in range(1, 5))
    bunched = tuple(known(label, 0.01 * place) for place, label in enumerate(COMPETENCIES))
    return WrightMap(some(names(count)), some(names(5), 0.8), bunched, steps)


PICTURES: Final[dict[str, Callable[..., Picture]]] = {
    "wright-few": partial(wright_map, a_map(FEW)),
    "wright-many": partial(wright_map, a_map(MANY)),
    "severities": partial(severities, a_severity(5)),
    "severities-many": partial(severities, a_severity(MANY)),
    "ranks-few": partial(rank_intervals, ranks(FEW)),
    "ranks-many": partial(rank_intervals, ranks(MANY)),
    "chances-few": partial(rank_chances, chances(FEW)),
    "chances-many": partial(rank_chances, chances(MANY)),
    "profile": partial(profile, a_profile()),
    "radar": partial(radar, a_profile()),
    "radar-three": partial(radar, a_profile(3)),
    "instruments": partial(instrument_map, shown_by()),
    "residuals-few": partial(residual_map, residuals(FEW, 5)),
    "residuals-many": partial(residual_map, residuals(MANY, 14)),
    "weights": partial(weights, weighted()),
    "sensitivity-few": partial(sensitivity, a_sensitivity(FEW)),
    "sensitivity-many": partial(sensitivity, a_sensitivity(MANY)),
    "study": partial(decision_study, a_study(reached=True)),
    "study-short": partial(decision_study, a_study(reached=False)),
    "design-few": partial(design_graph, a_design(FEW, connected=True)),
    "design-many": partial(design_graph, a_design(MANY, connected=True)),
    "design-apart": partial(design_graph, a_design(FEW, connected=False)),
    "design-apart-many": partial(design_graph, a_design(MANY, connected=False)),
    "impacts": partial(impacts, an_impact(1)),
    "impacts-many": partial(impacts, an_impact(4)),
}
