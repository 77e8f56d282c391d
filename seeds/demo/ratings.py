"""How the halves of invented pairs rate their cycles: an invented truth, with noise on top.

What it says about who suits whom is made up for the demonstration, so that there is something
to learn. It refuses to look at anybody's gender or nationality.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.models.vocabulary import MeetingRhythm, PairSide

Floats: TypeAlias = NDArray[np.float64]

REMARK: Final = "Invented for the demonstration: nobody met, and nobody said this."
ANSWERS: Final = (
    "rating",
    "goals_met",
    "working_relationship",
    "shared_values",
    "meetings_held",
    "meeting_rhythm",
    "would_continue",
    "would_recommend",
    "remark",
)
_CUTS: Final = np.array([-2.0, -1.2, -0.45, 0.6])


@dataclass(frozen=True, slots=True)
class Fit:
    """What a mentor has in common with a mentee's post, each from 0 to 1."""

    function: float
    region: float
    tasks: float
    hours: float
    languages: float
    seniority: float


def worth(fit: Fit) -> float:
    """How well such a pair does, about 0 on the whole.

    Most of it comes in steps: half a day apart is bad, and two hours are as good as none.
    """
    return (
        0.5 * (fit.function >= 1)
        + 0.9 * (fit.region > 0)
        + 0.7 * (fit.tasks >= 0.5)
        + 1.1 * (fit.hours >= 0.5)
        + 0.6 * (fit.languages > 0)
        + 0.6 * (fit.seniority >= 1)
        - 2.9
    )


class Ratings:
    """Answers by chance around a truth; people differ in how kindly they see things."""

    def __init__(self, rng: np.random.Generator, people: int) -> None:
        self._rng = rng
        self._warmth = rng.normal(0, 0.3, people)

    def alike(self) -> float:
        """How alike two people's values are: it shows only when they work together."""
        return float(self._rng.normal(0, 0.6))

    def of(self, side: PairSide, other: int, well: float) -> tuple[Any, ...] | None:
        """What this side answers, in the order of `ANSWERS`; now and then nothing at all.

        `well` is how well the cycle went and `other` the person whom the answers are about.
        """
        rng = self._rng
        if rng.random() < (0.03 if side is PairSide.MENTEE else 0.05):
            return None
        felt = well + self._warmth[other] + rng.normal(0, 0.45)
        meetings = int(rng.poisson(max(1.0, 4.5 + 0.9 * felt)))
        rhythm = MeetingRhythm.ABOUT_RIGHT if meetings > 3 else MeetingRhythm.TOO_RARELY
        return (
            1 + int(np.searchsorted(_CUTS, felt)),
            self._grade(3.2 + 0.8 * felt),
            self._grade(3.6 + 0.6 * felt),
            self._grade(3.3 + 0.5 * felt),
            meetings,
            MeetingRhythm.TOO_OFTEN.value if meetings > 9 else rhythm.value,
            bool(felt + rng.normal(0, 0.5) > -0.8),
            bool(felt + rng.normal(0, 0.5) > -0.4),
            REMARK,
        )

    def _grade(self, about: float) -> int | None:
        """A grade from 1 to 5; one question in twenty stays unanswered."""
        if self._rng.random() < 0.05:
            return None
        return int(np.clip(np.rint(about + self._rng.normal(0, 0.6)), 1, 5))
