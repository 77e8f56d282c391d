"""Dominance: who is at least as good on everything, and whether that is credible.

It needs no weights, so that nobody can argue with it by weights. It refuses to compare
candidates with a score missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.measurement.arrays import Floats, seeded
from service.measurement.profiles import Profiles
from service.measurement.results import Convergence, Result, Status, Undefined

FEWEST_DRAWS: Final = 10_000


@dataclass(frozen=True)
class Dominance:
    """A candidate as good as another on every criterion, and better on one.

    Parameters
    ----------
    above, below : str
    probability : float or Undefined
        Of being truly better on every criterion.
    is_credible : bool
        Whether that is more than the level asked.
    """

    above: str
    below: str
    probability: float | Undefined
    is_credible: bool


@dataclass(frozen=True)
class Dominances:
    """Who dominates whom.

    Parameters
    ----------
    dominances : tuple of Dominance
        By label of the one above.
    front : tuple of str
        Whom nobody dominates (Pareto), by label.
    unknown : tuple of str
        Who has a score missing and was compared with nobody.
    """

    dominances: tuple[Dominance, ...]
    front: tuple[str, ...]
    unknown: tuple[str, ...]


def dominate(
    profiles: Profiles, *, seed: int, draws: int = FEWEST_DRAWS, level: float = 0.95
) -> Result[Dominances]:
    """Who dominates whom by the scores, and who does so credibly.

    Parameters
    ----------
    profiles : Profiles
        Without errors, no dominance is credible or not.
    seed : int
        Of the draws.
    draws : int
        At least 10,000; the same for every pair, so that a third candidate changes nothing.
    level : float
        P(all true differences > 0) must be more than this to be credible.

    Returns
    -------
    Result of Dominances
        Refused with fewer than two candidates who have all their scores.

    Raises
    ------
    ValueError
        For fewer draws than 10,000 and a level that is not between 0 and 1.
    """
    if draws < FEWEST_DRAWS:
        raise ValueError(f"{draws} draws are too few for a tail; ask for {FEWEST_DRAWS} or more")
    if not 0 < level < 1:
        raise ValueError(f"a level of {level} is none; give one between 0 and 1, such as 0.95")
    complete = profiles.only(profiles.complete)
    counts = {
        "candidates": len(profiles),
        "without_scores": len(profiles) - len(complete),
        "criteria": len(profiles.criteria),
        "draws": draws,
    }
    method = "dominance in the sense of Pareto; credible by draws from normal errors"
    unknown = tuple(sorted(set(profiles.labels) - set(complete.labels)))
    if len(complete) < 2:
        none = Undefined(f"dominance needs two candidates with all scores, not {len(complete)}")
        refused = Convergence(Status.REFUSED)
        return Result("dominance", none, counts, method, seed=seed, convergence=refused)
    normal = seeded(seed).standard_normal((draws, len(profiles.criteria)))
    pairs = tuple(_pairs(complete, normal, level))
    beaten = {one.below for one in pairs}
    front = tuple(label for label in complete.labels if label not in beaten)
    found = Dominances(pairs, front, unknown)
    cautions = tuple(_cautions(found))
    return Result("dominance", found, counts, method, seed=seed, cautions=cautions)


def overruled(order: Sequence[str], found: Dominances) -> tuple[Dominance, ...]:
    """Every dominance that an order from the top turns round; each needs a written reason."""
    places = {label: place for place, label in enumerate(order)}
    return tuple(
        one
        for one in found.dominances
        if one.below in places and places[one.below] < places.get(one.above, len(order))
    )


def _pairs(profiles: Profiles, normal: Floats, level: float) -> Iterator[Dominance]:
    for row, above in enumerate(profiles.labels):
        gaps = profiles.scores[row] - profiles.scores
        better = (gaps >= 0).all(axis=1) & (gaps > 0).any(axis=1)
        for column in np.flatnonzero(better).tolist():
            probability = _probability(profiles, (row, column), gaps[column], normal)
            is_credible = not isinstance(probability, Undefined) and probability > level
            yield Dominance(above, profiles.labels[column], probability, is_credible)


def _probability(
    profiles: Profiles, pair: tuple[int, int], gaps: Floats, normal: Floats
) -> float | Undefined:
    if profiles.errors is None:
        return Undefined("nothing is known of the errors of the scores")
    spread, axes = np.linalg.eigh(profiles.errors[list(pair)].sum(axis=0))
    # The only symmetric root, whatever basis the machine's linear algebra finds.
    root = (axes * np.sqrt(np.maximum(spread, 0.0))) @ axes.T
    return float((gaps + normal @ root > 0).all(axis=1).mean())


def _cautions(found: Dominances) -> Iterator[str]:
    for label in found.unknown:
        yield f"{label} has a score missing and was compared with nobody."
    firm = sum(one.is_credible for one in found.dominances)
    if not found.dominances:
        yield "Nobody dominates anybody: every order rests on weights."
    elif any(isinstance(one.probability, Undefined) for one in found.dominances):
        yield "Nothing is known of the errors of the scores, so that no dominance is credible yet."
    elif firm < len(found.dominances):
        yield (
            f"{len(found.dominances) - firm} of {len(found.dominances)} dominances may be due to"
            " the error of the scores."
        )
    if found.dominances:
        yield "Whoever puts a dominated candidate above the one who dominates must write down why."
