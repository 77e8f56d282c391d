"""Rankings from best to worst, whole or partial, as worths with their errors.

It refuses a candidate ranked twice, and takes nobody for the worst only because a ranking
does not mention them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.measurement.arrays import Masks
from service.measurement.choices import BadChoices, Option, Stage
from service.measurement.results import Result
from service.measurement.worths import Contest, Worths, estimate

_METHOD: Final = (
    "Plackett (1975) and Luce (1959), maximum likelihood, errors by observed information"
)


@dataclass(frozen=True)
class Ranking:
    """One assessor's order.

    Parameters
    ----------
    order : tuple of str
        From the best.
    below : tuple of str
        Who was seen and left unordered behind all of `order`; whoever is in neither was not
        seen, and the ranking says nothing of them.
    """

    order: tuple[str, ...]
    below: tuple[str, ...] = ()


def plackett_luce(
    rankings: Iterable[Ranking | Sequence[str]],
    *,
    ghost: float | None = None,
    reference: str | None = None,
    level: float = 0.95,
) -> Result[Worths]:
    """The worth of each candidate behind rankings.

    Each place is a choice among all who are left, w_chosen by the sum of w. The model reads from
    the top: the same rankings from the bottom are another model.

    Parameters
    ----------
    rankings : iterable of Ranking or of sequences of str, best first
    ghost : float, optional
        Wins and losses of each against a ghost; by default 1 where the estimate would be
        infinite, and none elsewhere.
    reference : str, optional
        Whose log worth is 0; by default they sum to 0.
    level : float
        Of the intervals.

    Returns
    -------
    Result of Worths
        Refused where nobody is ranked over anybody.

    Raises
    ------
    BadChoices
        For a candidate named twice in a ranking, which is named by its row, from 1.

    References
    ----------
    Plackett, R. L. (1975). The analysis of permutations. Applied Statistics 24(2), 193-202.
    Luce, R. D. (1959). Individual Choice Behavior. Wiley.
    """
    given = [one if isinstance(one, Ranking) else Ranking(tuple(one)) for one in rankings]
    for row, one in enumerate(given, start=1):
        _check(row, (*one.order, *one.below))
    # Sorted, so that the order in which assessors come cannot change the last digit.
    given.sort(key=lambda one: (one.order, sorted(one.below)))
    labels = tuple(sorted({label for one in given for label in (*one.order, *one.below)}))
    places = {label: place for place, label in enumerate(labels)}
    coded = [
        ([places[label] for label in one.order], sorted(places[label] for label in one.below))
        for one in given
    ]
    contest = Contest(
        labels=labels,
        stages=tuple(stage for order, below in coded for stage in _stages(order, below)),
        beats=_beats(coded, len(labels)),
        analysis="rankings",
        method=_METHOD,
        counts={"candidates": len(labels), "rankings": len(given)},
    )
    return estimate(contest, ghost=ghost, reference=reference, level=level)


def _check(row: int, named: Sequence[str]) -> None:
    for label in named:
        if not label:
            raise BadChoices(f"ranking {row} holds a candidate without a name")
        if named.count(label) > 1:
            raise BadChoices(f"ranking {row} names {label} twice; keep the place that was meant")


def _stages(order: Sequence[int], below: Sequence[int]) -> Iterator[Stage]:
    for place, chosen in enumerate(order):
        left = (*order[place:], *below)
        if len(left) > 1:
            yield tuple(Option({each: 1.0}, float(each == chosen)) for each in left)


def _beats(coded: Iterable[tuple[Sequence[int], Sequence[int]]], n: int) -> Masks:
    beats = np.zeros((n, n), dtype=np.bool_)
    for order, below in coded:
        for place, chosen in enumerate(order):
            beats[chosen, [*order[place + 1 :], *below]] = True
    return beats
