"""How one pairing differs from another: records in the words and units of the API.

Amounts are scores from 0 to 1, people are the ids of their rows. It compares nothing; the
matcher's comparison comes in and its records go out.
"""

from collections.abc import Sequence
from uuid import UUID

import orjson
from pydantic import Field

from matching import comparisons, sentences
from service.changes import MentorId
from service.match_answers import Answer, RequestId, Sentences, amount, key, maybe
from service.match_words import PairFate


class PairChange(Answer):
    """A mentee's mentor in both pairings."""

    request_id: RequestId = Field(description="The mentee's request.")
    fate: PairFate = Field(description="What becomes of the pair.")
    before_id: MentorId | None = Field(description="The mentor in the first; null for none.")
    after_id: MentorId | None = Field(
        description="The mentor in the second; null for none, and for one who is only supposed."
    )
    new_mentor: int | None = Field(
        description="Which of the mentors supposed it is in the second, counted from 0."
    )
    score_before: float | None = Field(description="The score in the first.")
    score_after: float | None = Field(description="The score in the second.")
    is_better: bool = Field(description="Whether the mentee gains.")
    is_worse: bool = Field(description="Whether the mentee loses.")


class SettingChange(Answer):
    """A setting that differs."""

    name: str = Field(description="Its name; a dot leads into a group such as weights.")
    before: str = Field(description="Its value in the first, as JSON.")
    after: str = Field(description="Its value in the second, as JSON.")


class MatchComparison(Answer):
    """What differs from one pairing to another."""

    kept: int = Field(description="How many pairs stay.")
    changed: int = Field(description="How many mentees have another mentor.")
    gone: int = Field(description="How many mentees have none any more.")
    new: int = Field(description="How many pairs are new.")
    better: int = Field(description="How many mentees gain.")
    worse: int = Field(description="How many mentees lose.")
    waiting_before: int = Field(description="How many were to be paired in the first.")
    waiting_after: int = Field(description="How many were to be paired in the second.")
    objective_before: float = Field(description="The worth of the first, all pairs together.")
    objective_after: float = Field(description="The worth of the second.")
    is_rescored: bool = Field(
        description="Whether the first is valued by the settings of the second."
    )
    changes: tuple[PairChange, ...] = Field(
        description="The pairs that differ: who loses first, then who gains, then the others."
    )
    settings: tuple[SettingChange, ...] = Field(description="The settings that differ.")
    sentences: Sentences


def comparison(
    found: comparisons.Comparison, *, shown: int, supposed: Sequence[str] = ()
) -> MatchComparison:
    """What differs, with so many of the pairs that do; mentors who are supposed have no row."""
    changes = [one for one in found.changes if one.fate is not comparisons.Fate.KEPT or one.gain]
    changes.sort(key=lambda one: (not one.is_worse, not one.is_better, one.gain, one.mentee_id))
    return MatchComparison(
        kept=len(found.of_fate(comparisons.Fate.KEPT)),
        changed=len(found.of_fate(comparisons.Fate.CHANGED)),
        gone=len(found.of_fate(comparisons.Fate.GONE)),
        new=len(found.of_fate(comparisons.Fate.NEW)),
        better=sum(one.is_better for one in found.changes),
        worse=sum(one.is_worse for one in found.changes),
        waiting_before=found.waiting_before,
        waiting_after=found.waiting_after,
        objective_before=amount(found.objective_before),
        objective_after=amount(found.objective_after),
        is_rescored=found.is_rescored,
        changes=tuple(_pair_change(one, supposed) for one in changes[:shown]),
        settings=tuple(
            SettingChange(name=one.name, before=_json(one.before), after=_json(one.after))
            for one in found.settings
        ),
        sentences=sentences.of_comparison(found),
    )


def _pair_change(one: comparisons.PairChange, supposed: Sequence[str]) -> PairChange:
    is_new = one.after_id in supposed
    return PairChange(
        request_id=UUID(one.mentee_id),
        fate=PairFate(one.fate),
        before_id=key(one.before_id),
        after_id=None if is_new else key(one.after_id),
        new_mentor=supposed.index(one.after_id) if one.after_id and is_new else None,
        score_before=maybe(one.score_before),
        score_after=maybe(one.score_after),
        is_better=one.is_better,
        is_worse=one.is_worse,
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
