"""Ratings to measure: Guilford's creativity table, and invented panels of known measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.measurement.arrays import Floats, seeded
from service.measurement.ratings import FACETS, Rating, Ratings, Scale

JUNIORS = ("Anne", "Betty", "Chris", "David", "Edward", "Fred", "George")
TRAITS = ("Attack", "Basis", "Clarity", "Daring", "Enthusiasm")
# Guilford 1954, Psychometric Methods, p. 282: one word for each junior, one digit for each trait.
CREATIVITY = {
    "Avogadro": "55353 97585 33371 73133 97785 35351 77555",
    "Brahe": "65463 87572 45366 56455 24323 44642 33554",
    "Cavendish": "55573 77575 35555 53331 97777 33353 77757",
}


def creativity() -> Ratings:
    """3 judges of 7 juniors on 5 traits, from 1 to 9."""
    cells = [
        Rating(junior, judge, int(digit), trait)
        for judge, rows in CREATIVITY.items()
        for junior, row in zip(JUNIORS, rows.split(), strict=True)
        for trait, digit in zip(TRAITS, row, strict=True)
    ]
    return Ratings.of(cells, Scale(1, 9))


def records(ratings: Ratings) -> list[Rating]:
    """The cells one by one."""
    labels = [
        [ratings.facet(name).labels[code] for code in ratings.facet(name).codes] for name in FACETS
    ]
    values = [
        int(value) if seen else None
        for value, seen in zip(ratings.values, ratings.seen, strict=True)
    ]
    return [
        Rating(who, by, value, what, how, when)
        for value, (who, by, what, how, when) in zip(values, zip(*labels, strict=True), strict=True)
    ]


def changed(ratings: Ratings, **labels: dict[str, str]) -> list[Rating]:
    """The cells with some labels exchanged, by facet."""
    return [
        Rating(**cell._asdict() | {name: new[getattr(cell, name)] for name, new in labels.items()})
        for cell in records(ratings)
    ]


@dataclass(frozen=True)
class Panel:
    """Ratings with the measures that made them; all but the candidates' sum to zero."""

    ratings: Ratings
    candidates: Floats
    assessors: Floats
    competencies: Floats


def panel(
    seed: int,
    sizes: Sequence[int] = (12, 4, 6),
    *,
    seen_by: int | None = None,
    spreads: Sequence[float] = (1.0, 0.5, 0.4),
    steps: Sequence[float] = (-1.8, -0.6, 0.6, 1.8),
) -> Panel:
    """An invented panel; `seen_by` of the assessors, drawn for each, see a candidate."""
    draw = seeded(seed)
    measures = [draw.normal(0.0, spread, size) for spread, size in zip(spreads, sizes, strict=True)]
    measures[1:] = [each - each.mean() for each in measures[1:]]
    cells: list[Any] = []
    for who in range(sizes[0]):
        for by in np.sort(draw.choice(sizes[1], seen_by or sizes[1], replace=False)):
            for what in range(sizes[2]):
                eta = measures[0][who] - measures[1][by] - measures[2][what]
                logits = np.concatenate([[0.0], np.cumsum(eta - np.array(steps))])
                odds = np.exp(logits - logits.max()).cumsum()
                value = 1 + int(np.searchsorted(odds, draw.random() * odds[-1]))
                cells.append(Rating(f"c{who:03d}", f"a{by:02d}", value, f"k{what:02d}"))
    return Panel(Ratings.of(cells, Scale(1, len(steps) + 1)), *measures)
