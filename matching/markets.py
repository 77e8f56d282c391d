"""Everybody of one run side by side: who waits, who has places, and any block of pairs.

The one definition of what a pair is worth. Runs and their independent check
both read it; neither may have another opinion.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import Amounts, Bits, Integers, Masks
from matching.configurations import Configuration
from matching.limits import UNBOUND, Limits, Unkept
from matching.people import Fixed, Mentee, Mentor, free_places, ordered
from matching.rules import BIT, Rule, Rules
from matching.scores import Scores
from matching.terms import NO_PAIRS, NO_TERMS, Places, Terms, limits_of

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

    `free` (m,) are places left, `priorities` (n,) the waiting bonus in millionths, and
    `standing` the rows and columns of proposals that stand, in the order of the rows.
    """

    mentees: tuple[Mentee, ...]
    mentors: tuple[Mentor, ...]
    free: Integers
    priorities: Integers
    rules: Rules
    scores: Scores
    minimum: int
    limits: Limits = UNBOUND
    standing: tuple[Integers, Integers] = NO_PAIRS

    @classmethod
    def of(  # noqa: PLR0913 - the people, and each thing that binds them
        cls,
        mentees: Iterable[Mentee],
        mentors: Sequence[Mentor],
        *,
        fixed: Iterable[Fixed],
        closed_badly: frozenset[tuple[str, str]],
        configuration: Configuration,
        terms: Terms = NO_TERMS,
    ) -> "Market":
        """The market once active mentorships have taken their places.

        Raises
        ------
        InvalidPeople
            If an id or a person occurs twice on one side.
        Unkept
            If a pin cannot be kept, with the pair and the rules that forbid it.
        Infeasible
            If a mentor who is not there must get somebody.
        """
        pairs = frozenset(fixed)
        held = {pair.mentee_id for pair in pairs}
        everybody, offering = ordered(mentees), ordered(mentors)
        waiting = tuple(mentee for mentee in everybody if mentee.id not in held)
        free = np.array(free_places(offering, pairs), dtype=np.int64)
        bonuses = [configuration.priority(mentee.waiting_days) for mentee in waiting]
        goals = [mentee.goals for mentee in everybody]
        places = Places.of(waiting, offering)
        limits = limits_of(
            places,
            terms,
            everybody=everybody,
            mentors=offering,
            free=free,
            fixed=pairs,
            configuration=configuration,
        )
        market = cls(
            mentees=waiting,
            mentors=offering,
            free=free,
            priorities=np.array(bonuses, dtype=np.int64),
            rules=Rules.of(
                waiting,
                offering,
                free=free,
                closed_badly=closed_badly,
                bans=terms.bans,
                configuration=configuration,
            ),
            scores=Scores.of(waiting, offering, corpus=goals, configuration=configuration),
            minimum=configuration.minimum,
            limits=limits,
            standing=places.known(terms.standing),
        )
        market._refuse_broken(terms.pins)
        return market

    def _refuse_broken(self, pins: Iterable[tuple[str, str]]) -> None:
        """Refuses pins that a rule, a capacity or a cap forbids, naming the first."""
        limits = self.limits
        known = {
            (self.mentees[i].id, self.mentors[j].id): int(self.rules.broken(*at)[0, 0])
            for i, j in zip(limits.pinned_rows, limits.pinned_columns, strict=True)
            for at in [(np.array([i]), np.array([j]))]
        }
        for mentee, mentor in sorted(pins):
            broken = known.get((mentee, mentor))
            if broken is None:
                raise Unkept(
                    f"{mentee} and {mentor} are pinned, and are not both in this run: only who"
                    " waits can be pinned to a mentor who offers; take the pin back"
                )
            codes = [rule.value for rule in Rule if broken & int(BIT[rule])]
            if codes:
                raise _unkept(mentee, mentor, *codes)
        demands = np.ones(len(self.mentees), dtype=np.int64)
        for i, j, code in limits.broken_pins(demands, self.free):
            raise _unkept(self.mentees[i].id, self.mentors[j].id, code)

    def allowed(self, rows: slice, broken: Bits, scores: Amounts) -> Masks:
        """Which pairs of a block may be made, shape (r, m); of whoever is pinned only the pin."""
        allowed: Masks = (broken == 0) & (scores >= self.minimum)
        pinned, columns = self.limits.pinned_rows, self.limits.pinned_columns
        here = (pinned >= rows.start) & (pinned < rows.stop)
        allowed[pinned[here] - rows.start] = False
        allowed[pinned[here] - rows.start, columns[here]] = True
        return allowed

    def blocks(self) -> Iterator[Block]:
        """Every pair once, in row order, a few rows at a time."""
        for start in range(0, len(self.mentees), BLOCK):
            rows = slice(start, min(start + BLOCK, len(self.mentees)))
            yield Block(rows, self.rules.broken(rows), self.scores.totals(rows))


def _unkept(mentee: str, mentor: str, *codes: str) -> Unkept:
    against = ", ".join(codes)
    message = (
        f"{mentee} and {mentor} are pinned, and cannot be paired: {against}; take the pin back"
    )
    return Unkept(message, codes)
