"""Why this pair, and why not another: everything about one pair, in numbers.

It answers from a proved settlement and from nothing else, and refuses to guess: a bound is
called a bound, and what is called exact is exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matching.arrays import MICROS
from matching.detours import Cost, Detour, Move, forced
from matching.remakings import NotTold, remade
from matching.rules import BIT, Rule
from matching.settlements import NOBODY, Settlement
from matching.worths import NEVER


class NotInRun(LookupError):  # noqa: N818 - it says what is missing, not what broke
    """Nobody of this id waits, or offers places, in the run; the message names the id."""


class Standing(StrEnum):
    """How a pair stands in a run."""

    PROPOSED = "PROPOSED"
    FORBIDDEN = "FORBIDDEN"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    NO_ROOM = "NO_ROOM"
    COSTS_OTHERS = "COSTS_OTHERS"


class Hindrance(StrEnum):
    """What leaves no room for a pair that no rule forbids; the last is known from a search."""

    PINNED_ELSEWHERE = "PINNED_ELSEWHERE"
    PLACES_PINNED = "PLACES_PINNED"
    GROUP_FULL = "GROUP_FULL"
    LEAST_LOADS = "LEAST_LOADS"


class RemedyKind(StrEnum):
    """What would have to change for a pair to be made."""

    MORE_SCORE = "MORE_SCORE"
    ONE_MORE_PLACE = "ONE_MORE_PLACE"
    RULES_LIFTED = "RULES_LIFTED"


@dataclass(frozen=True)
class Difference:
    """What one feature adds to a pair, `here`, and to another one, `there`, in millionths."""

    feature: str
    here: int
    there: int


@dataclass(frozen=True)
class RunnerUp:
    """The mentor whom a mentee could have instead at the least cost to everybody.

    `cost` is a proved lower bound of that cost in which one pair less counts `reward`, which is
    more than any scores, or 0. `differences` compare the mentor proposed (here) with this one
    (there), the largest first.
    """

    mentor_id: str
    score: int
    cost: int
    reward: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class ProposalExplanation:
    """Why a pair is proposed; `contributions` sum to `score`, and `rules` are those it passed.

    `keeping` is what it is worth beside its score because it stands since an earlier run, and
    `priority` what the mentee's waiting adds; amounts in millionths. A pair that `is_pinned` is
    made by a decision.
    """

    mentee_id: str
    mentor_id: str
    score: int
    contributions: Mapping[str, int]
    keeping: int
    priority: int
    rules: tuple[Rule, ...]
    runner_up: RunnerUp | None
    is_pinned: bool = False


@dataclass(frozen=True)
class Moved:
    """A mentee who would have another mentor, or none, and both scores; None without one."""

    mentee_id: str
    before_id: str | None
    after_id: str | None
    score_before: int | None
    score_after: int | None


@dataclass(frozen=True)
class Remedy:
    """A change after which the pair is as good as any; amounts in millionths.

    `rise` is how much the pair's score must rise as well: with less it is not made, with more
    it surely is. Where the change is enough by itself, `rise` is 0 and `gain` is what everybody
    together wins by it; where nobody is to be left out, `pairs` are made more by it and count
    first, so that `gain` may be a loss. `is_possible` says whether a score can be that high.
    """

    kind: RemedyKind
    rules: tuple[Rule, ...]
    rise: int
    gain: int
    is_possible: bool
    pairs: int = 0


@dataclass(frozen=True)
class WhyNot:
    """Why a mentee is not proposed to a mentor.

    `rules` are those that forbid the pair, and `hindrances` what leaves no room for it. With
    `is_crowded` the mentor has as many of a group as may be, so one of them would have to make
    room; with `is_untold` the exact cost was asked for and has no proof. `score` is what it
    would have, whether or not it is allowed. `keeping` is what the pair held counts beside its
    score because it stands since an earlier run. `least_cost` is a proved lower bound of what the
    pair would cost everybody together and known at once; None for a pair that is not allowed.
    One pair less counts `reward` in it, which is more than any scores, or 0. `cost`, `moves` and
    the remedies that depend on it come on request. The cost of a pair that is not allowed is
    that once it is; below 0 it is a gain.
    """

    mentee_id: str
    mentor_id: str
    standing: Standing
    rules: tuple[Rule, ...]
    score: int
    minimum: int
    held_id: str | None
    held_score: int | None
    keeping: int
    differences: tuple[Difference, ...]
    least_cost: int | None
    reward: int
    cost: Cost | None
    moves: tuple[Moved, ...]
    remedies: tuple[Remedy, ...]
    hindrances: tuple[Hindrance, ...] = ()
    is_crowded: bool = False
    is_untold: bool = False

    @property
    def exact_cost(self) -> int | None:
        """What a run's objective, which counts no reward, would lose exactly."""
        return self.cost.objective if self.cost else None


def proposal(settlement: Settlement, mentee_id: str) -> ProposalExplanation:
    """Why this mentee is proposed to whom.

    Raises
    ------
    NotInRun
        If nobody of this id is proposed to a mentor.
    """
    row = row_of(settlement, mentee_id)
    column = int(settlement.taken[row])
    if column == NOBODY:
        raise NotInRun(f"{mentee_id} is proposed to nobody in this run")
    contributions = _contributions(settlement, row, column)
    return ProposalExplanation(
        mentee_id=mentee_id,
        mentor_id=settlement.market.mentors[column].id,
        score=sum(contributions.values()),
        contributions=contributions,
        keeping=int(settlement.scores(row)[column]) - sum(contributions.values()),
        priority=int(settlement.market.priorities[row]),
        rules=tuple(Rule),
        runner_up=_runner_up(settlement, row, column),
        is_pinned=row in settlement.limits.pinned_rows,
    )


def why_not(
    settlement: Settlement, mentee_id: str, mentor_id: str, *, exact: bool = False
) -> WhyNot:
    """Why this mentee is not proposed to this mentor.

    Parameters
    ----------
    settlement : Settlement
    mentee_id, mentor_id : str
    exact : bool
        Whether to find the exact cost as well, which takes a search.

    Raises
    ------
    NotInRun
        If one of them is not in the run; whoever has an active mentor is not.
    """
    row, column = row_of(settlement, mentee_id), column_of(settlement, mentor_id)
    held = int(settlement.taken[row])
    score = settlement.score(row, column)
    asked = _Asked(settlement, row, column, score, broken_rules(settlement, row, column))
    found = asked.searched(exact=exact)
    standing, bound, detour = found.standing, found.bound, found.detour
    cost = Cost.of(settlement, detour.moves) if detour else None
    return WhyNot(
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        standing=standing,
        rules=asked.broken,
        score=score,
        minimum=settlement.market.minimum,
        held_id=_mentor_id(settlement, held),
        held_score=None if held == NOBODY else settlement.score(row, held),
        keeping=0 if held == NOBODY else settlement.keeping(row, held),
        differences=differences(settlement, row, held, column),
        least_cost=bound,
        reward=settlement.reward,
        cost=cost,
        moves=moved(settlement, detour.moves) if detour else (),
        remedies=asked.remedies(standing, bound, cost),
        hindrances=found.hindrances,
        is_crowded=asked.is_crowded,
        is_untold=found.is_untold,
    )


def broken_rules(settlement: Settlement, row: int, column: int) -> tuple[Rule, ...]:
    """The rules that forbid this pair."""
    bits = settlement.market.rules.broken(np.array([row]), np.array([column]))[0, 0]
    return tuple(rule for rule in Rule if bits & BIT[rule])


def differences(settlement: Settlement, row: int, here: int, there: int) -> tuple[Difference, ...]:
    """Where two mentors differ for a mentee, the largest difference first; none without both."""
    if NOBODY in (here, there) or here == there:
        return ()
    first, second = (_contributions(settlement, row, column) for column in (here, there))
    found = [Difference(name, first[name], second[name]) for name in first]
    unequal = [each for each in found if each.here != each.there]
    return tuple(sorted(unequal, key=lambda each: (-abs(each.here - each.there), each.feature)))


def moved(settlement: Settlement, moves: Iterable[Move]) -> tuple[Moved, ...]:
    """The moves of a detour, by ids and with both scores."""
    mentees = settlement.market.mentees

    def score(row: int, column: int) -> int | None:
        return None if column == NOBODY else settlement.score(row, column)

    return tuple(
        Moved(
            mentees[move.row].id,
            _mentor_id(settlement, move.before),
            _mentor_id(settlement, move.after),
            score(move.row, move.before),
            score(move.row, move.after),
        )
        for move in moves
    )


def hindrances(settlement: Settlement, row: int, column: int) -> tuple[Hindrance, ...]:
    """What leaves no room for a pair, whoever else would make room."""
    limits = settlement.limits
    pinned = limits.pinned_rows == row
    if pinned.any():
        is_made = limits.pinned_columns[pinned][0] == column
        return () if is_made else (Hindrance.PINNED_ELSEWHERE,)
    there = limits.pinned_rows[limits.pinned_columns == column]
    found = []
    if 0 < settlement.market.free[column] <= len(there):
        found.append(Hindrance.PLACES_PINNED)
    for grouping in limits.groupings:
        label = grouping.labels[row]
        if grouping.caps[label, column] <= np.count_nonzero(grouping.labels[there] == label):
            found.append(Hindrance.GROUP_FULL)
            break
    return tuple(found)


@dataclass(frozen=True)
class _Searched:
    """How a pair stands, and what was found of its cost."""

    standing: Standing
    hindrances: tuple[Hindrance, ...]
    bound: int | None = None
    detour: Detour | None = None
    is_untold: bool = False


@dataclass(frozen=True)
class _Asked:
    settlement: Settlement
    row: int
    column: int
    score: int
    broken: tuple[Rule, ...]

    @property
    def is_crowded(self) -> bool:
        """Whether the mentor has as many of one of the mentee's groups as may be."""
        made, limits = self.settlement, self.settlement.limits
        return made.taken[self.row] != self.column and any(
            left[grouping.labels[self.row], self.column] <= 0
            for grouping, left in zip(limits.groupings, made.room, strict=True)
        )

    def searched(self, *, exact: bool) -> _Searched:
        """How the pair stands, with its exact cost if that is asked for and can be told."""
        made = self.settlement
        if made.taken[self.row] == self.column:
            return _Searched(Standing.PROPOSED, (), 0, Detour(0, ()))
        found = hindrances(made, self.row, self.column)
        detour, is_untold = None, False
        if exact and not found:
            try:
                detour = self._detour()
            except NotTold:
                is_untold = True
            else:
                found = found if detour else (Hindrance.LEAST_LOADS,)
        standing = _standing(made, self.score, self.broken, found)
        bound = None
        if standing is Standing.COSTS_OTHERS:
            bound = max(0, int(made.costs(self.row)[self.column]) - made.gap)
        return _Searched(standing, found, bound, detour, is_untold)

    def _detour(self) -> Detour | None:
        find = forced if self.settlement.is_plain else remade
        return find(self.settlement, self.row, self.column, score=self.score)

    def remedies(
        self, standing: Standing, bound: int | None, cost: Cost | None
    ) -> tuple[Remedy, ...]:
        found = []
        if standing is Standing.FORBIDDEN and cost:
            found.append(self._remedy(RemedyKind.RULES_LIFTED, cost.total, cost))
        if standing in {Standing.BELOW_MINIMUM, Standing.COSTS_OTHERS} and cost:
            found.append(self._remedy(RemedyKind.MORE_SCORE, cost.total, cost))
        # A free place is no obstacle, so another one would change nothing. At the smallest
        # prices the reduced cost is exactly what is missing once there is one more.
        # Where more binds than places, a place more may help nobody.
        is_plain = self.settlement.is_plain
        if bound is not None and standing is Standing.COSTS_OTHERS and is_plain and self._is_full:
            found.append(self._remedy(RemedyKind.ONE_MORE_PLACE, bound))
        return tuple(found)

    @property
    def _is_full(self) -> bool:
        return bool(self.settlement.spare[self.column] <= 0)

    def _remedy(self, kind: RemedyKind, lost: int, cost: Cost | None = None) -> Remedy:
        short = max(0, self.settlement.market.minimum - self.score)
        rise = max(0, lost, short)
        gained = cost if cost and not rise else None
        return Remedy(
            kind=kind,
            rules=self.broken,
            rise=rise,
            gain=-gained.objective if gained else 0,
            is_possible=self.score + rise <= MICROS,
            pairs=-gained.left_out if gained else 0,
        )


def _standing(
    settlement: Settlement, score: int, broken: tuple[Rule, ...], found: tuple[Hindrance, ...]
) -> Standing:
    if broken:
        return Standing.FORBIDDEN
    if score < settlement.market.minimum:
        return Standing.BELOW_MINIMUM
    return Standing.NO_ROOM if found else Standing.COSTS_OTHERS


def _runner_up(settlement: Settlement, row: int, column: int) -> RunnerUp | None:
    scores, costs = settlement.scores(row).astype(np.int64), settlement.costs(row)
    shut = settlement.limits.shut(slice(row, row + 1), settlement.market.free)[0]
    scores[shut] = scores[column] = NEVER
    open_to = np.flatnonzero(scores > NEVER)
    if not len(open_to):
        return None
    other = int(open_to[np.lexsort((open_to, -scores[open_to], costs[open_to]))[0]])
    return RunnerUp(
        mentor_id=settlement.market.mentors[other].id,
        score=settlement.score(row, other),
        cost=max(0, int(costs[other]) - settlement.gap),
        reward=settlement.reward,
        differences=differences(settlement, row, column, other),
    )


def _contributions(settlement: Settlement, row: int, column: int) -> dict[str, int]:
    found = settlement.market.scores.contributions(np.array([row]), np.array([column]))
    return {name: int(values[0, 0]) for name, values in found.items()}


def _mentor_id(settlement: Settlement, column: int) -> str | None:
    return None if column == NOBODY else settlement.market.mentors[column].id


def row_of(settlement: Settlement, mentee_id: str) -> int:
    """The row of a mentee who waits. Raises NotInRun."""
    if mentee_id not in settlement.row:
        raise NotInRun(f"{mentee_id} does not wait in this run")
    return settlement.row[mentee_id]


def column_of(settlement: Settlement, mentor_id: str) -> int:
    """The column of a mentor. Raises NotInRun."""
    if mentor_id not in settlement.column:
        raise NotInRun(f"{mentor_id} offers no places in this run")
    return settlement.column[mentor_id]
