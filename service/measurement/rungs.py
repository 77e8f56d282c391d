"""Which analysis a panel of this size and design can bear, and what decides it.

The choice rests on counts and links alone, never on what the ratings say, so that nobody can
shop for the kinder answer. It refuses a model to panels too small for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np

from service.measurement import designs
from service.measurement.calibrations import ENOUGH
from service.measurement.designs import Design
from service.measurement.plans import Estimation
from service.measurement.ratings import FacetName, Ratings

FEWEST_CANDIDATES: Final = 5
FEWEST_ASSESSORS: Final = 3
# Beside the assessor, what makes a rating easier or harder to come by.
_CONDITIONS: Final[tuple[FacetName, ...]] = ("competency", "instrument")


class Rung(StrEnum):
    """How much a panel can bear."""

    DESCRIPTION = "DESCRIPTION"
    """Raw means, ranges and agreement; no model."""
    PENALISED = "PENALISED"
    """The many-facet model under priors, beside the raw means, which stay primary."""
    MARGINAL = "MARGINAL"
    """The many-facet model with candidates as draws from a normal distribution."""
    SUBSETS = "SUBSETS"
    """Each subset by itself, since nobody links them."""

    @property
    def estimation(self) -> Estimation | None:
        """How this rung estimates, where it has a model."""
        known = {Rung.PENALISED: Estimation.PENALISED, Rung.MARGINAL: Estimation.MARGINAL}
        return known.get(self)


@dataclass(frozen=True)
class Choice:
    """A rung and its reason.

    Parameters
    ----------
    rung : Rung
    why : str
        What decided it, in plain words.
    others : tuple of str
        The facets of the model beside the candidate; none where there is no model.
    left_out : tuple of str
        Why the model does without a facet that there is, in plain words.
    """

    rung: Rung
    why: str
    others: tuple[FacetName, ...] = ()
    left_out: tuple[str, ...] = ()


def choose(ratings: Ratings) -> Choice:
    """The rung for these ratings.

    Disconnected: each subset by itself. Fewer than 5 candidates or 3 assessors: description.
    From 30 candidates on marginal estimation, and penalised between: fewer do not tell the
    spread of candidates, so that a prior says it openly.

    Parameters
    ----------
    ratings : Ratings
        What was not observed counts neither as a candidate nor as a link.

    Raises
    ------
    BadRatings
        Where nothing was observed.
    """
    seen = ratings.observed
    others = _facets(seen)
    design = designs.examine(seen, others).found()
    n, k = len(seen.candidate), len(seen.assessor)
    panel = f"{_counted(n, 'candidate')} and {_counted(k, 'assessor')}"
    if len(design.subsets) > 1:
        return Choice(
            Rung.SUBSETS,
            f"the {panel} fall into {len(design.subsets)} subsets that nobody links",
        )
    if few := " and ".join(_too_few(n, k)):
        return Choice(Rung.DESCRIPTION, f"{few}: there are {panel}")
    kept = _identified(seen, others, design)
    if kept is None:
        return Choice(
            Rung.DESCRIPTION,
            f"the {panel} are linked, but what belongs to {' and to '.join(others)} cannot be"
            f" told apart: the design has rank {design.rank} of {design.parameters}",
        )
    left_out = (*_absorbed(others, kept), *_pooled(seen))
    if n < ENOUGH:
        why = f"the {panel} are linked, and fewer than {ENOUGH} candidates cannot tell their spread"
        return Choice(Rung.PENALISED, why, kept, left_out)
    why = f"the {panel} are linked, and {ENOUGH} candidates or more tell their own spread"
    return Choice(Rung.MARGINAL, why, kept, left_out)


def _facets(seen: Ratings) -> tuple[FacetName, ...]:
    return ("assessor", *(name for name in _CONDITIONS if len(seen.facet(name)) > 1))


def _too_few(n: int, k: int) -> Iterator[str]:
    if n < FEWEST_CANDIDATES:
        yield f"a model needs {FEWEST_CANDIDATES} candidates"
    if k < FEWEST_ASSESSORS:
        yield f"a model needs {FEWEST_ASSESSORS} assessors"


def _identified(
    seen: Ratings, others: tuple[FacetName, ...], whole: Design
) -> tuple[FacetName, ...] | None:
    """The most facets that can be told apart and explain all that the whole set explains."""
    if whole.is_identified:
        return others
    for size in range(len(others) - 1, 0, -1):
        for some in combinations(others[1:], size - 1):
            kept = (others[0], *some)
            if _spanned(seen, kept) == _spanned(seen, others) and _tells(seen, kept):
                return kept
    return None


def _tells(seen: Ratings, names: tuple[FacetName, ...]) -> bool:
    return designs.examine(seen, names).found().is_identified


def _spanned(seen: Ratings, names: tuple[FacetName, ...]) -> int:
    """How many differences these facets explain without the candidates.

    A facet that adds none is in the others, and leaving it out moves no candidate. One that only
    the candidates explain would move them, so that candidates do not count here.
    """
    known = np.unique(np.stack([seen.facet(name).codes for name in names]), axis=1)
    columns = [
        codes[:, None] == np.arange(len(seen.facet(name)))
        for name, codes in zip(names, known, strict=True)
    ]
    return int(np.linalg.matrix_rank(np.concatenate(columns, axis=1).astype(np.float64)))


def _absorbed(others: tuple[FacetName, ...], kept: tuple[FacetName, ...]) -> Iterator[str]:
    for name in others:
        if name not in kept:
            yield (
                f"How hard each {name} is cannot be told apart from {' and '.join(kept)}, and is"
                " counted there: do not read it as strictness alone."
            )


def _pooled(seen: Ratings) -> Iterator[str]:
    if len(seen.occasion) > 1:
        yield (
            f"The {len(seen.occasion)} occasions are taken as alike; look for drift by itself"
            " where they may not be."
        )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
