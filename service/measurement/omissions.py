"""Orders without one of the assessors: does the list hang on a single person?

It looks at raw means, which a panel can check by hand, and compares them exactly. It refuses to
give a place to a candidate whom nobody else has rated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np

from service.measurement.arrays import Masks
from service.measurement.ratings import Ratings
from service.measurement.results import Convergence, Result, Status, Undefined

Means = Mapping[str, Fraction]


@dataclass(frozen=True)
class Swap:
    """Two candidates of whom the one above would be below without an assessor."""

    above: str
    below: str


@dataclass(frozen=True)
class Omission:
    """The order without one assessor.

    Parameters
    ----------
    assessor : str
        Who is left out.
    order : tuple of str
        From the top; equal ones in the order of the whole panel.
    means : mapping of str to float
    swaps : tuple of Swap
        Pairs that turn round; ending or beginning to be equal is no swap.
    unrated : tuple of str
        Candidates whom nobody else has rated, and who are in no order.
    """

    assessor: str
    order: tuple[str, ...]
    means: Mapping[str, float]
    swaps: tuple[Swap, ...]
    unrated: tuple[str, ...]


@dataclass(frozen=True)
class Omissions:
    """The order of the whole panel, and that without each assessor."""

    order: tuple[str, ...]
    means: Mapping[str, float]
    without: tuple[Omission, ...]


def without_each_assessor(ratings: Ratings) -> Result[Omissions]:
    """The order by raw means, leaving out each assessor in turn.

    Parameters
    ----------
    ratings : Ratings
        What was not observed counts neither as a value nor as a cell.

    Returns
    -------
    Result of Omissions
        Refused with fewer than two candidates or assessors.
    """
    seen = ratings.observed
    method = "means of all observed ratings of a candidate, leaving out one assessor at a time"
    if min(len(seen.candidate), len(seen.assessor)) < 2:
        none = Undefined("leaving one out needs two candidates and two assessors with ratings")
        refused = Convergence(Status.REFUSED)
        return Result("omissions", none, ratings.counts, method, convergence=refused)
    means = _means(seen, np.ones(len(seen), dtype=np.bool_))
    order = tuple(sorted(means, key=lambda label: (-means[label], label)))
    without = tuple(
        _omission(name, order, means, _means(seen, seen.assessor.codes != code))
        for code, name in enumerate(seen.assessor.labels)
    )
    found = Omissions(order, _floats(means), without)
    cautions = (*_about_cells(ratings), *_about_order(found))
    return Result("omissions", found, ratings.counts, method, cautions=cautions)


def _means(ratings: Ratings, kept: Masks) -> Means:
    codes = ratings.candidate.codes[kept]
    counts = np.bincount(codes, minlength=len(ratings.candidate)).tolist()
    sums = np.zeros(len(ratings.candidate), dtype=np.int64)
    np.add.at(sums, codes, ratings.values[kept])
    rows = zip(ratings.candidate.labels, sums.tolist(), counts, strict=True)
    return {label: Fraction(total, count) for label, total, count in rows if count}


def _omission(assessor: str, order: Sequence[str], before: Means, after: Means) -> Omission:
    known = [label for label in order if label in after]
    return Omission(
        assessor=assessor,
        order=tuple(sorted(known, key=lambda label: -after[label])),
        means=_floats(after),
        swaps=tuple(
            Swap(one, other)
            for one, other in combinations(known, 2)
            if before[one] > before[other] and after[one] < after[other]
        ),
        unrated=tuple(label for label in order if label not in after),
    )


def _floats(means: Means) -> Mapping[str, float]:
    return {label: float(mean) for label, mean in means.items()}


def _about_cells(ratings: Ratings) -> Iterator[str]:
    seen = ratings.observed
    rated = {
        (candidate, assessor)
        for candidate, assessor in zip(seen.candidate.codes, seen.assessor.codes, strict=True)
    }
    if len(rated) < len(seen.candidate) * len(seen.assessor):
        yield (
            "Not every assessor rated every candidate: raw means mix how good candidates are with"
            " how strict their assessors are."
        )
    if lost := ratings.counts["not_observed"]:
        yield f"Not observed: {lost} of {len(ratings)} cells; they count in no mean."


def _about_order(found: Omissions) -> Iterator[str]:
    places = {label: place for place, label in enumerate(found.order, start=1)}
    for one in found.without:
        for swap in one.swaps:
            above, below = places[swap.above], places[swap.below]
            yield (
                f"Places {above} and {below} ({swap.above}, {swap.below}) swap if assessor"
                f" {one.assessor} is left out."
            )
        if one.unrated:
            yield f"Without assessor {one.assessor} nobody has rated {', '.join(one.unrated)}."
    if any(found.means[one] == found.means[other] for one, other in pairwise(found.order)):
        yield "Some candidates have the same mean; their order is that of their names."
    if not any(one.swaps for one in found.without):
        yield "No order of two candidates hangs on a single assessor."
