"""Everybody of one run side by side: who waits, who has places, and any block of pairs.

The one definition of what a pair is worth. Runs and their independent check
both read it; neither may have another opinion.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import Amounts, Bits, Integers
from matching.configurations import Configuration
from matching.people import Fixed, Mentee, Mentor, free_places, ordered
from matching.rules import Rules
from matching.scores import Scores

# Rows per block: blocks of 32 to 64 rows stay in the cache and score twice as fast.
BLOCK: Final = 64


@dataclass(frozen=True)
class Block:
    """Some mentees against all m mentors: broken rules and scores, both of shape (r, m)."""

    rows: slice
    broken: Bits
    scores: Amounts


@dataclass(frozen=True)
class Market:
    """The n mentees who may be matched and the m mentors, both by id.

    `free` (m,) are places left, `priorities` (n,) the waiting bonus in millionths.
    """

    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    free: Integers
    priorities: Integers
    rules: Rules
    scores: Scores
    minimum: int

    @classmethod
    def of(
        cls,
        mentees: Iterable[Mentee],
        mentors: Sequence[Mentor],
        *,
        fixed: Iterable[Fixed],
        closed_badly: frozenset[tuple[str, str]],
        configuration: Configuration,
    ) -> "Market":
        """The market once active mentorships have taken their places.

        Raises
        ------
        InvalidPeople
            If an id or a person occurs twice on one side.
        """
        pairs = frozenset(fixed)
        held = {pair.mentee_id for pair in pairs}
        everybody, offering = ordered(mentees), ordered(mentors)
        waiting = tuple(mentee for mentee in everybody if mentee.id not in held)
        free = np.array(free_places(offering, pairs), dtype=np.int64)
        bonuses = [configuration.priority(mentee.waiting_days) for mentee in waiting]
        goals = [mentee.goals for mentee in everybody]
        return cls(
            mentees=waiting,
            mentors=offering,
            free=free,
            priorities=np.array(bonuses, dtype=np.int64),
            rules=Rules.of(
                waiting,
                offering,
                free=free,
                closed_badly=closed_badly,
                configuration=configuration,
            ),
            scores=Scores.of(waiting, offering, corpus=goals, configuration=configuration),
            minimum=configuration.minimum,
        )

    def blocks(self) -> Iterator[Block]:
        """Every pair once, in row order, a few rows at a time."""
        for start in range(0, len(self.mentees), BLOCK):
            rows = slice(start, min(start + BLOCK, len(self.mentees)))
            yield Block(rows, self.rules.broken(rows), self.scores.totals(rows))
