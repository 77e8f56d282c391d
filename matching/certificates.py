"""An independent look at a finished run: is every proposal allowed, and is the total the best?

It scores all pairs anew and adds up for itself. It refuses to use the solver,
the recovered prices' code or anything the run says about its own correctness.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.arrays import Integers, micros
from matching.configurations import Aim, Configuration
from matching.digests import digest
from matching.limits import Grouping
from matching.markets import Block, Market
from matching.people import Fixed, Mentee, Mentor
from matching.rules import BIT, Rule
from matching.runs import Proposal, Run
from matching.terms import NO_TERMS, Terms


@dataclass(frozen=True)
class Certificate:
    """What the check found: both totals, recomputed in millionths, and every fault in words."""

    objective: int
    bound: int
    faults: tuple[str, ...]

    @property
    def gap(self) -> int:
        """How much better any other pairing can be at most."""
        return self.bound - self.objective

    @property
    def holds(self) -> bool:
        """Whether the run is feasible and no pairing can be better."""
        return not self.faults and self.objective == self.bound


def certify(  # noqa: PLR0913 - the run beside all that it came from
    run: Run,
    mentees: Iterable[Mentee],
    mentors: Iterable[Mentor],
    *,
    fixed: Iterable[Fixed] = (),
    closed_badly: Iterable[tuple[str, str]] = (),
    terms: Terms = NO_TERMS,
    configuration: Configuration = Configuration(),  # noqa: B008 - frozen
) -> Certificate:
    """Checks a run against the inputs it claims to come from.

    Feasible: each waiting mentee is proposed once or listed as unmatched, no
    mentor gets more than the free places, every pair obeys the rules and the
    minimum, every pin is made, no cap exceeded and every least load reached, and
    contributions sum to the score that the inputs give.
    Optimal: prices are not negative, surpluses not below the minimum, no
    allowed pair is worth more than surplus plus prices, and the sum of
    surpluses, and of prices times places, caps and least loads, equals the objective.

    Parameters
    ----------
    run : Run
    mentees, mentors, fixed, closed_badly, terms, configuration
        As given to `pair`.

    Returns
    -------
    Certificate

    Raises
    ------
    InvalidPeople
        If an id or a person occurs twice on one side.
    Infeasible
        If no run can keep what was asked for.
    """
    people = tuple(mentees), tuple(mentors)
    bound_by: dict[str, Any] = {
        "fixed": frozenset(fixed),
        "closed_badly": frozenset(closed_badly),
        "terms": terms,
        "configuration": configuration,
    }
    market = Market.of(*people, **bound_by)
    expected = digest(*people, **bound_by)
    checks = _Checks(run, market, configuration)
    faults = [*(["input digest differs"] if expected != run.input_digest else []), *checks.all()]
    return Certificate(checks.objective, checks.bound, tuple(faults))


class _Checks:
    """The single checks; each yields its faults, and an empty yield is a pass."""

    def __init__(self, run: Run, market: Market, configuration: Configuration) -> None:
        self.run, self.market, self.configuration = run, market, configuration
        self.keepable = 0
        self.row = {mentee.id: i for i, mentee in enumerate(market.mentees)}
        self.column = {mentor.id: j for j, mentor in enumerate(market.mentors)}
        self.standing = set(zip(*(side.tolist() for side in market.standing), strict=True))
        least = market.limits.least_of(len(market.mentors))
        self.least = dict(zip(self.column, least.tolist(), strict=True))
        self.place_prices = _amounts(run.prices.get(one.id, 0) for one in market.mentors)
        self.load_prices = _amounts(run.load_prices.get(one.id, 0) for one in market.mentors)
        self.prices = self.place_prices - self.load_prices
        self.surpluses = _amounts(run.surpluses.get(mentee.id, 0) for mentee in market.mentees)
        left = len(market.mentees) - len(run.proposals)
        worth = sum(proposal.score + proposal.priority for proposal in run.proposals)
        self.kept = sum(self._stands(proposal) for proposal in run.proposals)
        self.objective = worth + left * market.minimum + self.kept * run.standing_bonus
        self.group_prices = [self._group_prices(one) for one in market.limits.groupings]
        self.bound = int(self.surpluses.sum()) + int(market.free @ self.place_prices)
        self.bound -= int(least @ self.load_prices)
        for grouping, prices in zip(market.limits.groupings, self.group_prices, strict=True):
            self.bound += int((grouping.caps * prices).sum())
        # What every pair of the answer counts beside its worth, both sides count.
        self.bound -= run.reward * len(run.proposals)

    def _stands(self, proposal: Proposal) -> bool:
        place = self.row.get(proposal.mentee_id), self.column.get(proposal.mentor_id)
        return place in self.standing

    def _group_prices(self, grouping: Grouping) -> Integers:
        """As a table of groups, with a last line of zeros for nobody's, and mentors."""
        by_group = self.run.group_prices.get(grouping.name, {})
        named = [by_group.get(group, {}) for group in grouping.groups]
        lines = [[prices.get(one.id, 0) for one in self.market.mentors] for prices in (*named, {})]
        return np.array(lines, dtype=np.int64).reshape(len(lines), -1)

    def all(self) -> Iterator[str]:
        """Every fault, in the order of the checks."""
        for check in (
            self.people,
            self.places,
            self.pins,
            self.caps,
            self.loads,
            self.aim,
            self.amounts,
            self.pairs,
            self.changes,
            self.totals,
        ):
            yield from check()

    def people(self) -> Iterator[str]:
        """Everybody who waits is answered exactly once, and nobody else."""
        answered = Counter(proposal.mentee_id for proposal in self.run.proposals)
        answered.update(one.mentee_id for one in self.run.unmatched)
        if answered != Counter(self.row.keys()):
            yield "not every waiting mentee is answered exactly once"

    def places(self) -> Iterator[str]:
        """No mentor is unknown or given more than the free places."""
        taken = Counter(proposal.mentor_id for proposal in self.run.proposals)
        for mentor_id, count in sorted(taken.items()):
            place = self.column.get(mentor_id)
            if place is None or count > self.market.free[place]:
                yield f"{mentor_id}: {count} proposals are more than the free places"

    def pins(self) -> Iterator[str]:
        """Every pinned pair is proposed."""
        made = {(proposal.mentee_id, proposal.mentor_id) for proposal in self.run.proposals}
        limits = self.market.limits
        for i, j in zip(limits.pinned_rows.tolist(), limits.pinned_columns.tolist(), strict=True):
            if (self.market.mentees[i].id, self.market.mentors[j].id) not in made:
                yield f"{self._names(i, j)}: pinned and not proposed"

    def loads(self) -> Iterator[str]:
        """Every mentor gets the least load."""
        taken = Counter(proposal.mentor_id for proposal in self.run.proposals)
        for mentor_id, least in self.least.items():
            if taken[mentor_id] < least:
                yield f"{mentor_id}: {taken[mentor_id]} proposals are fewer than the least load"

    def caps(self) -> Iterator[str]:
        """No mentor is given more of one group than its cap."""
        pairs = [(self.row.get(one.mentee_id), one.mentor_id) for one in self.run.proposals]
        for grouping in self.market.limits.groupings:
            known = ((int(grouping.labels[i]), mentor) for i, mentor in pairs if i is not None)
            for (group, mentor), count in sorted(Counter(known).items()):
                place = self.column.get(mentor)
                if place is not None and count > grouping.caps[group, place]:
                    name = f"{grouping.name} {grouping.groups[group]}"
                    yield f"{mentor}: {count} proposals of {name} are more than the cap"

    def aim(self) -> Iterator[str]:
        """More pairs are rewarded where nobody is to be left out, and by more than scores are."""
        if self.configuration.aim is Aim.BEST_QUALITY:
            if self.run.reward:
                yield "pairs are rewarded, and the aim is the best quality"
            return
        chosen = [
            one.score + one.priority + self._stands(one) * self.run.standing_bonus
            for one in self.run.proposals
            if self.row.get(one.mentee_id) not in self.market.limits.pinned_rows
        ]
        if self.run.reward <= sum(chosen) - len(chosen) * self.market.minimum:
            yield "the reward for each pair is less than what scores may gain"

    def changes(self) -> Iterator[str]:
        """Standing pairs count what the configuration says, and no more change than may."""
        given, most = micros(self.configuration.standing_bonus), self.configuration.most_changes
        if self.run.standing_bonus < given or (most is None and self.run.standing_bonus > given):
            yield f"the bonus of standing differs from {given}"
        if most is not None and self.keepable - self.kept > most:
            yield f"{self.keepable - self.kept} standing proposals changed, of which {most} may"

    def amounts(self) -> Iterator[str]:
        """Prices and surpluses lie in their range, so that they bound at all."""
        every = self.place_prices, self.load_prices, *self.group_prices
        if any((prices < 0).any() for prices in every):
            yield "a price is negative"
        choosing = np.delete(self.surpluses, self.market.limits.pinned_rows)
        if (choosing < self.market.minimum).any():
            yield "a surplus lies below the unmatched value"

    def pairs(self) -> Iterator[str]:
        """Every pair, made or not, in one pass over all of them."""
        made: defaultdict[int, list[Proposal]] = defaultdict(list)
        for proposal in self.run.proposals:
            if proposal.mentee_id in self.row and proposal.mentor_id in self.column:
                made[self.row[proposal.mentee_id]].append(proposal)
        for block in self.market.blocks():
            rows = block.rows
            worth = self._worth(block)
            limit = self.surpluses[rows, None] + self._asked(rows)
            allowed = self.market.allowed(rows, block.broken, block.scores)
            self.keepable += sum(
                bool(allowed[i - rows.start, j])
                for i, j in self.standing
                if rows.start <= i < rows.stop
            )
            yield from self._pinned(rows, worth - limit)
            for i, j in np.argwhere(allowed & (worth > limit)).tolist():
                yield f"{self._names(i + rows.start, j)}: worth more than surplus plus price"
            for i in range(rows.start, rows.stop):
                for proposal in made[i]:
                    spot = i - rows.start, self.column[proposal.mentor_id]
                    yield from self._made(
                        proposal, int(block.broken[spot]), int(block.scores[spot])
                    )

    def _worth(self, block: Block) -> Integers:
        """What each pair of the block counts: score, priority, reward, and bonus of standing."""
        rows = block.rows
        priorities = self.market.priorities[rows, None] + self.run.reward
        worth: Integers = block.scores + priorities
        for i, j in self.standing:
            if rows.start <= i < rows.stop:
                worth[i - rows.start, j] += self.run.standing_bonus
        return worth

    def _asked(self, rows: slice) -> Integers:
        asked = self.prices[None, :]
        for grouping, prices in zip(self.market.limits.groupings, self.group_prices, strict=True):
            asked = asked + prices[grouping.labels[rows]]
        return asked

    def _pinned(self, rows: slice, over: Integers) -> Iterator[str]:
        """Who is pinned gains exactly what the pin leaves, be it less than the minimum."""
        limits = self.market.limits
        for i, j in zip(limits.pinned_rows.tolist(), limits.pinned_columns.tolist(), strict=True):
            if rows.start <= i < rows.stop and over[i - rows.start, j] < 0:
                yield f"{self._names(i, j)}: worth less than surplus plus price"

    def _made(self, proposal: Proposal, broken: int, score: int) -> Iterator[str]:
        name = f"{proposal.mentee_id} and {proposal.mentor_id}"
        codes = [rule.value for rule in Rule if broken & int(BIT[rule])]
        if codes:
            yield f"{name}: forbidden by {', '.join(codes)}"
        pinned = self.row[proposal.mentee_id] in self.market.limits.pinned_rows
        if score < self.market.minimum and not pinned:
            yield f"{name}: below the least acceptable score"
        if proposal.score != score or sum(proposal.contributions.values()) != score:
            yield f"{name}: score or contributions differ from {score}"
        if proposal.priority != self.market.priorities[self.row[proposal.mentee_id]]:
            yield f"{name}: priority differs"

    def totals(self) -> Iterator[str]:
        """The run's own totals are the recomputed ones, and they meet, or it says they do not."""
        stated = self.run.objective, self.run.bound, self.run.gap
        if stated != (self.objective, self.bound, self.bound - self.objective):
            yield f"totals differ from {self.objective} and {self.bound}"
        may_differ = self.market.limits.overlap and self.bound > self.objective
        if self.run.status == "WITHIN_GAP" and may_differ:
            return
        if self.bound != self.objective:
            yield f"the bound {self.bound} does not meet the objective {self.objective}"

    def _names(self, i: int, j: int) -> str:
        return f"{self.market.mentees[i].id} and {self.market.mentors[j].id}"


def _amounts(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)
