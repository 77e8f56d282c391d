"""Which optimum a run proposes: by its aim, and near enough to what stands.

Every candidate is a proved optimum of the market weighed in another way. It refuses to keep
a bound on changes by giving up the proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from matching.arrays import MICROS, micros
from matching.configurations import Aim, Configuration
from matching.limits import Infeasible
from matching.optima import Optimum, Watch, edges_of, find
from matching.worths import NEVER, Worths

MOST_BONUS: Final = 2**29
"""What a bonus can be at most, in millionths: more than five hundred scores."""

_FIRST_BONUS: Final = 2**13


@dataclass(frozen=True)
class Reached:
    """What one aim reaches: how many are matched, and their scores and priorities together.

    `objective` counts the unmatched value of everybody else, and no bonus of standing.
    """

    proposals: int
    objective: int


@dataclass(frozen=True)
class Stability:
    """What standing proposals meant for a run; amounts in millionths.

    `standing` were given, `keepable` of them can still be made, `kept` are proposed again and
    `changes` are not. `bonus` is what keeping one was worth, and `loss` what the scores and
    priorities of the best pairing without any bonus come to more.
    """

    standing: int
    keepable: int
    kept: int
    changes: int
    bonus: int
    loss: int


@dataclass(frozen=True)
class Choice:
    """The optimum to propose, the worths it was found in, and what it is to be judged by."""

    best: Optimum
    worths: Worths
    reward: int
    aims: Mapping[Aim, Reached] = field(default_factory=dict)
    stability: Stability | None = None

    @property
    def bonus(self) -> int:
        """What keeping a standing pair was worth."""
        return self.worths.standing.bonus

    @property
    def number(self) -> int:
        """How many pairs it makes."""
        return int(self.best.chosen.sum())

    @property
    def objective(self) -> int:
        """What it is worth without the reward for each pair."""
        return self.best.objective - self.reward * self.number

    @property
    def kept(self) -> int:
        """How many standing pairs it keeps."""
        problem, standing = self.best.problem, self.worths.standing
        wide = len(problem.capacities)
        pairs = problem.rows[self.best.chosen] * wide + problem.columns[self.best.chosen]
        return int(np.isin(standing.rows * wide + standing.columns, pairs).sum())

    @property
    def utility(self) -> int:
        """What it is worth without the reward and without the bonus of standing."""
        return self.objective - self.bonus * self.kept


def choose(worths: Worths, configuration: Configuration, *, watch: Watch) -> Choice:
    """The optimum to propose, once bonus and aim are settled.

    Raises
    ------
    Infeasible
        If more standing proposals must change than may.
    NotSolved, NotOptimal
        If a solution was not proved.
    """
    search = _Search(worths, configuration, watch)
    found = search.steady()
    aims = {configuration.aim: Reached(found.number, found.utility)}
    if worths.effort.both_aims or configuration.aim is Aim.NOBODY_LEFT_OUT:
        other = next(aim for aim in Aim if aim is not configuration.aim)
        beside = search.at(found.bonus, other)
        aims[other] = Reached(beside.number, beside.utility)
    return replace(found, aims=aims, stability=search.told(found))


def reward_of(worths: Worths) -> int:
    """A reward for each pair that no scores can make good, so that numbers come first.

    One more than all pairs of any answer can gain together: an answer with fewer pairs then
    is worth less, whatever its scores (all pairs but pins, which every answer holds, are
    worth the unmatched value at least).
    """
    sides = worths.sides
    tops = sides.priorities + worths.standing.bonus + worths.highest - sides.minimum
    most = int(min(sides.demands.sum(), sides.capacities.sum()))
    largest = np.sort(np.repeat(np.maximum(tops, 0), sides.demands))[::-1][:most]
    return int(largest.sum()) + 1


class _Search:
    """Optima of one market by bonus and aim, each beginning with the edges of the last."""

    def __init__(self, worths: Worths, configuration: Configuration, watch: Watch) -> None:
        self.worths, self.configuration, self.watch = worths, configuration, watch
        self.last: Choice | None = None
        self.keepable = _keepable(worths)

    def at(self, bonus: int, aim: Aim) -> Choice:
        """The optimum under this bonus and aim."""
        weighed = self.worths.weighed(bonus=bonus)
        reward = reward_of(weighed) if aim is Aim.NOBODY_LEFT_OUT else 0
        weighed = self.worths.weighed(bonus=bonus, reward=reward)
        last = self.last
        first = None if last is None else edges_of(last.best, last.worths, now=weighed)
        best = find(weighed, watch=self.watch, first=first)
        self.last = Choice(best, weighed, reward)
        return self.last

    def steady(self) -> Choice:
        """The optimum under the least bonus, from the given one on, that keeps the bound.

        The more keeping is worth, the more is kept; so the least bonus is found between one
        that is too small and one that suffices, each next one where the optima of these two
        are worth the same, or half way.
        """
        low = self.at(micros(self.configuration.standing_bonus), self.configuration.aim)
        if self._suffices(low):
            return low
        high = self._beyond(low)
        is_half_way = False
        while high.bonus - low.bonus > 1:
            middle = (low.bonus + high.bonus) // 2
            even = -((high.utility - low.utility) // (high.kept - low.kept))
            bonus = middle if is_half_way else min(max(even, low.bonus + 1), high.bonus - 1)
            is_half_way = not is_half_way
            trial = self.at(bonus, self.configuration.aim)
            low, high = (low, trial) if self._suffices(trial) else (trial, high)
        return high

    def _suffices(self, choice: Choice) -> bool:
        most = self.configuration.most_changes
        return most is None or self.keepable - choice.kept <= most

    def _beyond(self, choice: Choice) -> Choice:
        """An optimum that keeps the bound, under however large a bonus."""
        while not self._suffices(choice):
            if choice.bonus == MOST_BONUS:
                changes = self.keepable - choice.kept
                raise Infeasible(
                    f"most_changes is {self.configuration.most_changes}, and {changes} standing"
                    f" proposals change even where keeping one is worth {MOST_BONUS // MICROS}"
                    " scores; raise most_changes"
                )
            bonus = min(MOST_BONUS, max(_FIRST_BONUS, 8 * choice.bonus))
            choice = self.at(bonus, self.configuration.aim)
        return choice

    def told(self, choice: Choice) -> Stability | None:
        """What standing meant, beside the best pairing without any bonus."""
        standing = len(self.worths.standing.rows)
        if not standing:
            return None
        plain = self.at(0, self.configuration.aim) if choice.bonus else choice
        return Stability(
            standing=standing,
            keepable=self.keepable,
            kept=choice.kept,
            changes=self.keepable - choice.kept,
            bonus=choice.bonus,
            loss=plain.utility - choice.utility,
        )


def _keepable(worths: Worths) -> int:
    """How many standing pairs may be made at all."""
    standing = worths.standing
    if not len(standing.rows):
        return 0
    found = worths.stretches(lambda rows, block: int((block[standing.of(rows)] > NEVER).sum()))
    return sum(found)
