"""Elements whose ratings all lie at one end of the scale: they have no finite measure.

They are set aside before a calibration and bounded after it, a share of a point inside the
end. It refuses to let them shape anybody else's measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from service.measurement.arrays import Floats, Masks
from service.measurement.designs import Anchors
from service.measurement.facet_models import Cells, Form, Moments, Parameters, moments, totals
from service.measurement.ratings import FacetName, Ratings
from service.measurement.rulers import Ruler

INSIDE: Final = 0.3
"""How far inside its end an extreme score is put, in points (as the program Facets does)."""
# Halving this many times leaves less than rounding of the widest range, in logits.
_HALVINGS, _FARTHEST = 70, 60.0


@dataclass(frozen=True)
class Aside:
    """Extreme elements of one facet, with the ratings that were left when they were found."""

    facet: FacetName
    labels: tuple[str, ...]
    ratings: Ratings


@dataclass(frozen=True)
class Bound:
    """Where extreme elements were put, with the standard error were the rest known.

    Parameters
    ----------
    facet : str
    labels : tuple of str
        Those that could be put anywhere.
    values, ses : ndarray of float64, shape (L,)
        In logits.
    """

    facet: FacetName
    labels: tuple[str, ...]
    values: Floats
    ses: Floats


def extreme(ratings: Ratings, name: FacetName, form: Form) -> Masks:
    """Which elements of a facet have all ratings at one end of what was used, shape (L,)."""
    cells = Cells.of(ratings, (name,), form)
    lowest, highest = cells.ends
    codes, size = ratings.facet(name).codes, len(ratings.facet(name))
    counts = np.bincount(codes, minlength=size)
    ends = [
        np.bincount(codes[cells.scores == end[cells.groups]], minlength=size)
        for end in (lowest, highest)
    ]
    found: Masks = (ends[0] == counts) | (ends[1] == counts)
    return found


def set_aside(
    ratings: Ratings, names: Sequence[FacetName], form: Form, anchors: Anchors
) -> tuple[Ratings, tuple[Aside, ...]]:
    """The ratings without extreme elements, and those, in the order in which they were found.

    Without some ratings others may be extreme, so that the facets are looked at in turn until
    none has any. Anchored elements stay.
    """
    core, found = ratings.observed, list[Aside]()
    turn = last = 0
    while turn - last < len(names) and len(core):
        name = names[turn % len(names)]
        turn += 1
        facet = core.facet(name)
        chosen = extreme(core, name, form) & ~np.isin(facet.labels, list(anchors.get(name, {})))
        if chosen.any():
            rows, last = chosen[facet.codes], turn
            labels = tuple(facet.labels[place] for place in np.flatnonzero(chosen))
            found.append(Aside(name, labels, core.only(rows)))
            core = core.only(~rows)
    return core, tuple(found)


def bounded(ruler: Ruler, aside: Sequence[Aside]) -> tuple[Ruler, tuple[Bound, ...]]:
    """The measures with those of extreme elements, each score put inside its end.

    The last that was set aside comes first, since the others' ratings may need its measure.
    Who took steps that nobody else took is left out.
    """
    values = {name: dict(labels) for name, labels in ruler.values.items()}
    bounds = []
    for each in reversed(aside):
        whole = replace(ruler, values=values)
        rows = whole.known(each.ratings, but=each.facet)
        bound = _bound(whole, each, each.ratings.only(rows))
        places = dict(zip(bound.labels, bound.values.tolist(), strict=True))
        values[each.facet] = dict(sorted((values[each.facet] | places).items()))
        bounds.append(bound)
    return replace(ruler, values=values), tuple(bounds)


def _bound(ruler: Ruler, aside: Aside, ratings: Ratings) -> Bound:
    labels = ratings.facet(aside.facet).labels
    if not labels:
        return Bound(aside.facet, (), np.zeros(0), np.zeros(0))
    cells, parameters = ruler.model(ratings)
    place = ruler.names.index(aside.facet)
    codes, targets = cells.facets[place], _targets(cells, place)
    low, high = (np.full(len(labels), end) for end in (-_FARTHEST, _FARTHEST))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = totals(codes, _at(cells, parameters, place, middle).expectations, len(labels))
        # A candidate's measure raises what is expected, any other lowers it.
        is_low = (expected < targets) == (place == 0)
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    found = _at(cells, parameters, place, middle)
    ses = 1.0 / np.sqrt(totals(codes, found.variances, len(labels)))
    return Bound(aside.facet, labels, middle, ses)


def _targets(cells: Cells, place: int) -> Floats:
    """Scores within what was used, and that far inside their ends."""
    lowest, highest = (end[cells.groups] for end in cells.ends)
    scores = np.clip(cells.scores, lowest, highest)
    sums, least, most = (
        totals(cells.facets[place], each.astype(np.float64), cells.sizes[place])
        for each in (scores, lowest, highest)
    )
    return np.clip(sums, least + INSIDE, most - INSIDE)


def _at(cells: Cells, parameters: Parameters, place: int, values: Floats) -> Moments:
    if place == 0:
        return moments(cells, Parameters(values, parameters.others, parameters.ladders))
    others = list(parameters.others)
    others[place - 1] = values
    return moments(cells, Parameters(parameters.candidates, tuple(others), parameters.ladders))
