"""Two pairings side by side: who keeps, changes, loses or finds a mentor, and what it is worth.

It compares what it is given and refuses to compute a pairing of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from matching.configurations import Configuration
from matching.markets import BLOCK, Market
from matching.runs import Run
from matching.worths import Standing


class Fate(StrEnum):
    """What becomes of a mentee's pair from the left pairing to the right."""

    KEPT = "KEPT"
    CHANGED = "CHANGED"
    GONE = "GONE"
    NEW = "NEW"


@dataclass(frozen=True)
class Pairing:
    """A pairing as far as two can be compared; amounts in millionths.

    `mentors` are by mentee, of those who have one, and `scores` likewise; `waiting` are all who
    were to be paired, with or without success. The configuration is that of the run;
    `is_rescored` says that another one gave the scores.
    """

    waiting: frozenset[str]
    mentors: Mapping[str, str]
    scores: Mapping[str, int]
    objective: int
    configuration: Configuration
    is_rescored: bool = False

    @classmethod
    def of(cls, run: Run, configuration: Configuration) -> "Pairing":
        """The pairing of a run that was made with this configuration."""
        return cls(
            waiting=frozenset(run.surpluses),
            mentors={one.mentee_id: one.mentor_id for one in run.proposals},
            scores={one.mentee_id: one.score for one in run.proposals},
            objective=run.objective,
            configuration=configuration,
        )

    def rescored(self, market: Market, *, bonus: int = 0) -> "Pairing":
        """The same pairs as this market of the same people values them.

        Pairs that it would forbid have a value all the same: only so can both be compared. Each
        that stands counts the bonus beside its score, as it does in the objective of a run.
        """
        rows = {one.id: place for place, one in enumerate(market.mentees)}
        columns = {one.id: place for place, one in enumerate(market.mentors)}
        made = sorted(self.mentors.items())
        left = np.array([rows[mentee] for mentee, _ in made], dtype=np.int64)
        right = np.array([columns[mentor] for _, mentor in made], dtype=np.int64)
        scores: list[int] = []
        for first in range(0, len(made), BLOCK):
            part = slice(first, first + BLOCK)
            scores += market.scores.totals(left[part], right[part]).diagonal().tolist()
        stands = Standing(*market.standing, bonus).bonuses(left, right)
        worth = sum(scores) + int(market.priorities[left].sum() + stands.sum())
        return Pairing(
            waiting=self.waiting,
            mentors=self.mentors,
            scores={mentee: score for (mentee, _), score in zip(made, scores, strict=True)},
            objective=worth + market.minimum * (len(self.waiting) - len(made)),
            configuration=self.configuration,
            is_rescored=True,
        )


@dataclass(frozen=True)
class PairChange:
    """A mentee's mentor in both pairings, None for nobody, and both scores, None without one.

    `waited` and `waits` say whether the mentee was to be paired at all, left and right.
    """

    mentee_id: str
    fate: Fate
    before_id: str | None
    after_id: str | None
    score_before: int | None
    score_after: int | None
    waited: bool
    waits: bool

    @property
    def gain(self) -> int:
        """The change in score where there is one before and after, otherwise 0."""
        if self.score_before is None or self.score_after is None:
            return 0
        return self.score_after - self.score_before

    @property
    def is_better(self) -> bool:
        """Whether the mentee gains: a higher score, or a mentor at last."""
        return self.gain > 0 or (self.fate is Fate.NEW and self.waited)

    @property
    def is_worse(self) -> bool:
        """Whether the mentee loses: a lower score, or a mentor while still waiting for one."""
        return self.gain < 0 or (self.fate is Fate.GONE and self.waits)


@dataclass(frozen=True)
class SettingChange:
    """A setting of the configuration that differs; a dot leads into a group such as weights."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Comparison:
    """What differs from one pairing to another; amounts in millionths.

    `changes` are of every mentee who has a mentor in either, by id. With `is_rescored` the
    scores and the worth of the left pairing are those that the right one's settings give.
    """

    changes: tuple[PairChange, ...]
    settings: tuple[SettingChange, ...]
    is_rescored: bool
    waiting_before: int
    waiting_after: int
    objective_before: int
    objective_after: int

    def of_fate(self, fate: Fate) -> tuple[PairChange, ...]:
        """The changes of one kind."""
        return tuple(one for one in self.changes if one.fate is fate)


def compare(left: Pairing, right: Pairing) -> Comparison:
    """What differs from the left pairing to the right."""
    return Comparison(
        changes=tuple(_changes(left, right)),
        settings=tuple(_settings(left.configuration, right.configuration)),
        is_rescored=left.is_rescored,
        waiting_before=len(left.waiting),
        waiting_after=len(right.waiting),
        objective_before=left.objective,
        objective_after=right.objective,
    )


def _changes(left: Pairing, right: Pairing) -> Iterator[PairChange]:
    for mentee in sorted(left.mentors.keys() | right.mentors.keys()):
        before, after = left.mentors.get(mentee), right.mentors.get(mentee)
        yield PairChange(
            mentee_id=mentee,
            fate=_fate(before, after),
            before_id=before,
            after_id=after,
            score_before=left.scores.get(mentee),
            score_after=right.scores.get(mentee),
            waited=mentee in left.waiting,
            waits=mentee in right.waiting,
        )


def _fate(before: str | None, after: str | None) -> Fate:
    if before == after:
        return Fate.KEPT
    if before is None:
        return Fate.NEW
    return Fate.GONE if after is None else Fate.CHANGED


def _settings(left: Configuration, right: Configuration) -> Iterator[SettingChange]:
    before, after = dict(_flat(left.to_json())), dict(_flat(right.to_json()))
    for name in before | after:
        # What nobody has chosen is not written down.
        values = [
            told[name] if name in told else getattr(configuration, name)
            for told, configuration in ((before, left), (after, right))
        ]
        if values[0] != values[1]:
            yield SettingChange(name, *values)


def _flat(plain: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in plain.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{group}{name}.")
        else:
            yield group + name, value
