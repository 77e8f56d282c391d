"""Why somebody has nobody: mentees who still wait, and mentors with places left.

Rules are counted as they forbid, and the one whose lifting would open most is named. It
refuses to advise that a rule be lifted; it says what each of them does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.arrays import Bits, Integers, Masks
from matching.detours import Cost, cheapest
from matching.explanations import Moved, NotInRun, column_of, moved, row_of
from matching.markets import BLOCK
from matching.remakings import NotTold, replaced
from matching.rules import BIT, Rule
from matching.runs import Reason
from matching.settlements import NOBODY, Settlement


@dataclass(frozen=True)
class Lifting:
    """How many would become possible if this one rule did not hold, and all others did."""

    rule: Rule
    opens: int


@dataclass(frozen=True)
class Room:
    """The cheapest way to give a mentee a mentor after all, in millionths.

    `cost` is exact: what everybody together would lose. `moves` are all that would change.
    """

    mentor_id: str
    score: int
    cost: Cost
    moves: tuple[Moved, ...]


@dataclass(frozen=True)
class UnmatchedExplanation:
    """Why a mentee has no mentor.

    `rule_counts` say how many mentors each rule forbids; `lifting` is the rule whose lifting
    opens most mentors. `suitable` counts the mentors whom nothing forbids but that their places
    are taken, and of those the one who fits best is named. `capped` counts those of them who
    have places left, and as many of the mentee's group as may be. `room` is who could be
    displaced; with `is_untold` that has no proof, as groups overlap.
    """

    mentee_id: str
    reason: Reason
    mentors: int
    rule_counts: Mapping[Rule, int]
    lifting: Lifting | None
    suitable: int
    best_id: str | None
    best_score: int | None
    minimum: int
    room: Room | None
    capped: int = 0
    is_untold: bool = False


class OfferStanding(StrEnum):
    """Why a mentor has whom, or nobody."""

    FULL = "FULL"
    NO_PLACES = "NO_PLACES"
    NO_ELIGIBLE_MENTEE = "NO_ELIGIBLE_MENTEE"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    BETTER_ELSEWHERE = "BETTER_ELSEWHERE"


@dataclass(frozen=True)
class NextMentee:
    """The mentee whom one more place with a mentor would fetch at the least cost, exactly.

    One pair less counts the reward in it, as in the price.
    """

    mentee_id: str
    score: int
    cost: int


@dataclass(frozen=True)
class OfferExplanation:
    """Why a mentor is proposed to these mentees and to nobody else; amounts in millionths.

    `free` places were open when the run began and `spare` are left. `price` is what one place
    more would add for everybody together, in which one pair more counts `reward`, which is more
    than any scores, or 0. `rule_counts` say how many mentees each rule forbids, `pinned` how
    many of those proposed a decision names. Where caps or least loads bind, it `is_bound`, and
    who would come next is not known; where least loads do, groups overlap or a cap is as large as
    all places, `is_at_most` says that the place may add less. `load_price` is what one less in
    the least load may add.
    """

    mentor_id: str
    standing: OfferStanding
    mentee_ids: tuple[str, ...]
    free: int
    spare: int
    price: int
    reward: int
    mentees: int
    rule_counts: Mapping[Rule, int]
    lifting: Lifting | None
    next_mentee: NextMentee | None
    pinned: int = 0
    is_bound: bool = False
    is_at_most: bool = False
    load_price: int = 0


def mentee(settlement: Settlement, mentee_id: str) -> UnmatchedExplanation:
    """Why this mentee has no mentor.

    Raises
    ------
    NotInRun
        If nobody of this id was left without one.
    """
    row = row_of(settlement, mentee_id)
    if settlement.taken[row] != NOBODY:
        raise NotInRun(f"{mentee_id} is proposed to a mentor in this run")
    market, here = settlement.market, np.array([row])
    bits, scores = market.rules.broken(here)[0], market.scores.totals(here)[0]
    suitable = (bits & ~BIT[Rule.NO_CAPACITY]) == 0
    enough = scores >= market.minimum
    best = int(np.where(suitable, scores, -1).argmax()) if suitable.any() else NOBODY
    room, is_untold = _room(settlement, row)
    return UnmatchedExplanation(
        mentee_id=mentee_id,
        reason=_reason(suitable, enough),
        mentors=len(bits),
        rule_counts=_counts(bits),
        lifting=_most(_opened(bits, enough)),
        suitable=int(suitable.sum()),
        best_id=None if best == NOBODY else market.mentors[best].id,
        best_score=None if best == NOBODY else int(scores[best]),
        minimum=market.minimum,
        room=room,
        capped=int((suitable & enough & (settlement.spare > 0)).sum()),
        is_untold=is_untold,
    )


def liftings(settlement: Settlement) -> tuple[Lifting, ...]:
    """For each rule how many of the unmatched it alone keeps from some mentor, most first.

    Returns
    -------
    tuple of Lifting
        Rules whose lifting opens nobody are left out.
    """
    market = settlement.market
    left = np.flatnonzero(settlement.taken == NOBODY)
    found = np.zeros(len(Rule), dtype=np.int64)
    for first in range(0, len(left), BLOCK):
        rows = left[first : first + BLOCK]
        enough = market.scores.totals(rows) >= market.minimum
        bits = market.rules.broken(rows)
        found += [((bits == BIT[rule]) & enough).any(axis=1).sum() for rule in Rule]
    opened = [Lifting(rule, int(n)) for rule, n in zip(Rule, found, strict=True) if n]
    return tuple(sorted(opened, key=lambda one: -one.opens))


def offer(settlement: Settlement, mentor_id: str) -> OfferExplanation:
    """Why this mentor is proposed to whom, or to nobody.

    Raises
    ------
    NotInRun
        If nobody of this id offers places.
    """
    column = column_of(settlement, mentor_id)
    market, here, everybody = settlement.market, np.array([column]), slice(None)
    bits, scores = market.rules.broken(everybody, here)[:, 0], market.scores.totals(everybody, here)
    enough = scores[:, 0] >= market.minimum
    spare = int(settlement.spare[column])
    holders = settlement.holders[column]
    return OfferExplanation(
        mentor_id=mentor_id,
        standing=_offered(bits, enough, int(market.free[column]), spare),
        mentee_ids=tuple(market.mentees[row].id for row in holders),
        free=int(market.free[column]),
        spare=spare,
        price=max(0, int(settlement.prices[column])) + settlement.gap,
        reward=settlement.reward,
        mentees=len(bits),
        rule_counts=_counts(bits),
        lifting=_most(_opened(bits, enough)),
        next_mentee=_next(settlement, column, scores[:, 0].astype(np.int64), (bits == 0) & enough),
        pinned=int((settlement.limits.pinned_columns == column).sum()),
        is_bound=not settlement.is_plain,
        is_at_most=_is_at_most(settlement, column),
        load_price=max(0, -int(settlement.prices[column])),
    )


def _reason(suitable: Masks, enough: Masks) -> Reason:
    if not suitable.any():
        return Reason.NO_ELIGIBLE_MENTOR
    return Reason.ALL_ELIGIBLE_FULL if (suitable & enough).any() else Reason.BELOW_MINIMUM


def _offered(bits: Bits, enough: Masks, free: int, spare: int) -> OfferStanding:
    if not free:
        return OfferStanding.NO_PLACES
    if not spare:
        return OfferStanding.FULL
    if not (bits == 0).any():
        return OfferStanding.NO_ELIGIBLE_MENTEE
    if not ((bits == 0) & enough).any():
        return OfferStanding.BELOW_MINIMUM
    return OfferStanding.BETTER_ELSEWHERE


def _is_at_most(settlement: Settlement, column: int) -> bool:
    """Whether one place more at this column may add less than its price.

    A cap that is as large as all places together has no price of its own, and would bind.
    """
    limits, wide = settlement.limits, len(settlement.prices)
    left = settlement.market.free[column] - np.count_nonzero(limits.pinned_columns == column)
    rest = limits.without_pins(wide).groupings
    is_next = any((grouping.caps[:, column] == left).any() for grouping in rest)
    return limits.overlap or bool(limits.least.any()) or is_next


def _room(settlement: Settlement, row: int) -> tuple[Room | None, bool]:
    """The room, and whether there may be one that cannot be told."""
    try:
        detour = (cheapest if settlement.is_plain else replaced)(settlement, row)
    except NotTold:
        return None, True
    if detour is None:
        return None, False
    moves = moved(settlement, detour.moves)
    given = moves[0]
    assert given.after_id is not None
    assert given.score_after is not None
    cost = Cost.of(settlement, detour.moves)
    return Room(given.after_id, given.score_after, cost, moves), False


def _next(
    settlement: Settlement, column: int, scores: Integers, is_allowed: Masks
) -> NextMentee | None:
    if not settlement.is_plain:
        return None
    is_other = is_allowed & (settlement.taken != column)
    is_other[settlement.limits.pinned_rows] = False
    rows = np.flatnonzero(is_other)
    if not len(rows):
        return None
    everybody = np.arange(len(scores))
    worth = settlement.worth(everybody, np.full(len(scores), column), scores)
    costs = settlement.surpluses + settlement.prices[column] - worth
    row = int(rows[np.lexsort((rows, -scores[rows], costs[rows]))[0]])
    return NextMentee(settlement.market.mentees[row].id, int(scores[row]), int(costs[row]))


def _counts(bits: Bits) -> dict[Rule, int]:
    counts = {rule: int(np.count_nonzero(bits & BIT[rule])) for rule in Rule}
    return {rule: count for rule, count in counts.items() if count}


def _opened(bits: Bits, enough: Masks) -> dict[Rule, int]:
    return {rule: int(np.count_nonzero((bits == BIT[rule]) & enough)) for rule in Rule}


def _most(opened: Mapping[Rule, int]) -> Lifting | None:
    rule = max(opened, key=opened.__getitem__)
    return Lifting(rule, opened[rule]) if opened[rule] else None
