"""What questions about a match answer: records in the words and units of the API.

Amounts are scores from 0 to 1, people are the ids of their rows. It decides nothing; the
matcher's records come in and these go out.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

import matching
from matching import explanations, sentences, vacancies
from matching.detours import Cost
from service.changes import MentorId, RefersTo
from service.match_words import (
    MatchRule,
    PairHindrance,
    PairStanding,
    PlacesStanding,
    RemedyKind,
)
from service.models.vocabulary import UnmatchedReason

RequestId = Annotated[UUID, RefersTo("MentorshipRequest")]
Sentences = Annotated[
    tuple[str, ...], Field(description="The same in plain words that name nobody.")
]


class Answer(BaseModel):
    """A record that the API shows; a reference shows the row where the caller may see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Contribution(Answer):
    """What one feature adds to a score."""

    feature: str = Field(description="The feature's name.")
    value: float = Field(description="Its share of the score.")


class FeatureDifference(Answer):
    """What one feature adds with the one mentor and with the other."""

    feature: str = Field(description="The feature's name.")
    here: float = Field(description="Its share with the mentor proposed.")
    there: float = Field(description="Its share with the other mentor.")


class RunnerUp(Answer):
    """The mentor whom the mentee could have instead at the least cost to everybody."""

    mentor_id: MentorId = Field(description="Who that is.")
    score: float = Field(description="The score the two would have.")
    cost: float | None = Field(
        description="What it would cost all pairs together at least; null where nobody is to be"
        " left out, which no amount tells."
    )
    differences: tuple[FeatureDifference, ...] = Field(
        description="Where the two mentors differ, the largest difference first."
    )


class ProposalExplanation(Answer):
    """Why a pair is proposed."""

    is_kept: bool = Field(
        description="Whether what the run looked at is still kept; the runner-up needs it."
    )
    score: float = Field(description="How well the two fit.")
    contributions: tuple[Contribution, ...] = Field(
        description="The parts that sum to the score, the largest first."
    )
    keeping: float | None = Field(
        description="What it counts beside the score that it was proposed before."
    )
    priority: float | None = Field(
        description="What it counts beside the score that the mentee has waited."
    )
    rules: tuple[MatchRule, ...] = Field(description="The rules that the pair passed.")
    is_pinned: bool | None = Field(
        description="Whether a decision pins the mentee to this mentor; null where what the run"
        " looked at is not kept."
    )
    runner_up: RunnerUp | None = Field(description="The next best mentor, with the difference.")
    sentences: Sentences


class MatchCost(Answer):
    """What all pairs together would lose, by what it is made of; below 0 they gain."""

    scores: float = Field(
        description="In scores, where whoever has no mentor counts the least score."
    )
    waiting: float = Field(description="In what waiting counts beside the score.")
    keeping: float = Field(
        description="In what proposals that stand since an earlier run count beside their scores."
    )
    pairs: int = Field(description="How many pairs fewer there would be.")


class MatchMove(Answer):
    """A mentee who would change mentors to make room."""

    request_id: RequestId = Field(description="The mentee's request.")
    before_id: MentorId | None = Field(description="The mentor now; null for none.")
    after_id: MentorId | None = Field(description="The mentor then; null for none.")
    score_before: float | None = Field(description="The score now.")
    score_after: float | None = Field(description="The score then.")


class MatchRemedy(Answer):
    """A change after which the pair would be as good a choice as any."""

    kind: RemedyKind = Field(description="What changes.")
    rules: tuple[MatchRule, ...] = Field(description="The rules that would not hold.")
    rise: float = Field(description="How much the score must rise as well; 0: not at all.")
    gain: float = Field(description="What all pairs together would gain by it.")
    pairs: int = Field(
        description="How many pairs more there would be, where nobody is to be left out."
    )
    is_possible: bool = Field(description="Whether a score can be as high as that.")


class WhyNot(Answer):
    """Why a mentee is not proposed to a mentor."""

    mentor_id: MentorId = Field(description="The mentor asked about.")
    standing: PairStanding = Field(description="How the pair stands.")
    rules: tuple[MatchRule, ...] = Field(description="The rules that forbid the pair.")
    hindrances: tuple[PairHindrance, ...] = Field(
        description="What leaves no room for it; only the exact answer tells of least loads."
    )
    is_crowded: bool = Field(
        description="Whether the mentor has as many of one of the mentee's groups as may be, so"
        " that one of them would have to make room."
    )
    score: float = Field(description="The score the two would have, allowed or not.")
    minimum: float = Field(description="The least score that is proposed.")
    held_id: MentorId | None = Field(description="The mentor proposed instead.")
    held_score: float | None = Field(description="The score with that mentor.")
    differences: tuple[FeatureDifference, ...] = Field(
        description="Where that mentor and the one asked about differ, the largest first."
    )
    least_cost: float | None = Field(
        description="What all pairs together would lose at least; null where it is not allowed,"
        " and where nobody is to be left out, which no amount tells."
    )
    exact_cost: float | None = Field(
        description="What they would lose exactly, once it is allowed; below 0 they would gain."
    )
    is_untold: bool = Field(
        description="Whether the exact cost was asked for and could not be proved, as it can be"
        " where groups overlap."
    )
    parts: MatchCost | None = Field(description="What the exact cost is made of.")
    moves: tuple[MatchMove, ...] = Field(
        description="Who would have another mentor, the mentee first; with the exact cost."
    )
    remedies: tuple[MatchRemedy, ...] = Field(description="What would make it happen.")
    sentences: Sentences


class RuleCount(Answer):
    """How many pairs a rule forbids, or would open if it did not hold."""

    rule: MatchRule = Field(description="The rule.")
    count: int = Field(description="How many.")


class Room(Answer):
    """The cheapest way to give a mentee a place after all."""

    mentor_id: MentorId = Field(description="With whom.")
    score: float = Field(description="The score the two would have.")
    cost: float = Field(description="What all pairs together would lose, exactly.")
    parts: MatchCost = Field(description="What that is made of.")
    moves: tuple[MatchMove, ...] = Field(
        description="Who would have another mentor, or none, the mentee first."
    )


class UnmatchedExplanation(Answer):
    """Why a mentee has no mentor."""

    reason: UnmatchedReason = Field(description="Why nobody was proposed.")
    mentors: int = Field(description="How many mentors offered.")
    suitable: int = Field(
        description="How many nothing forbids but that they have no room: no place left, or no"
        " room for one more of a group."
    )
    capped: int = Field(
        description="How many of these have places left, and as many of one of the mentee's groups"
        " as may be."
    )
    rule_counts: tuple[RuleCount, ...] = Field(
        description="How many mentors each rule forbids; one may break several."
    )
    lifting: RuleCount | None = Field(
        description="The rule that alone keeps out most mentors, and how many."
    )
    best_id: MentorId | None = Field(description="Who of the suitable fits best.")
    best_score: float | None = Field(description="The score with that mentor.")
    minimum: float = Field(description="The least score that is proposed.")
    room: Room | None = Field(description="Whom a place would displace, at what cost.")
    is_untold: bool = Field(
        description="Whether that could not be proved, as it can be where groups overlap."
    )
    sentences: Sentences


class RunExplanation(Answer):
    """Why some have no mentor, over the whole run."""

    unmatched: int = Field(description="How many have none.")
    liftings: tuple[RuleCount, ...] = Field(
        description="How many of them each rule alone keeps from some mentor, most first."
    )
    sentences: Sentences


class NextMentee(Answer):
    """The mentee whom one more place would fetch at the least cost."""

    request_id: RequestId = Field(description="The mentee's request.")
    score: float = Field(description="The score the two would have.")
    cost: float | None = Field(
        description="What all pairs together would lose, exactly; null where nobody is to be left"
        " out, which no amount tells."
    )


class PlacesExplanation(Answer):
    """Why a mentor is proposed to these mentees, or to nobody."""

    mentor_id: MentorId = Field(description="The mentor asked about.")
    standing: PlacesStanding = Field(description="Why it is so.")
    free: int = Field(description="How many places were free when the run began.")
    spare: int = Field(description="How many of them it left.")
    pinned: int = Field(description="How many of those proposed are pinned by decisions.")
    price: float | None = Field(
        description="What one more place would add for all pairs together; null where nobody is to"
        " be left out, which no amount tells."
    )
    is_at_most: bool = Field(
        description="Whether the place may add less than that, as caps or least loads may have it."
    )
    load_price: float | None = Field(
        description="What one fewer in the mentor's least load would add at most; null where"
        " nobody is to be left out."
    )
    mentees: int = Field(description="How many mentees waited.")
    rule_counts: tuple[RuleCount, ...] = Field(
        description="How many mentees each rule forbids; one may break several."
    )
    lifting: RuleCount | None = Field(
        description="The rule that alone keeps out most mentees, and how many."
    )
    next_mentee: NextMentee | None = Field(description="Who would come next.")
    sentences: Sentences


def amount(millionths: int) -> float:
    """An amount of the matcher as the API shows it."""
    return millionths / matching.MICROS


def maybe(millionths: int | None) -> float | None:
    """An amount of the matcher as the API shows it; None for none."""
    return None if millionths is None else amount(millionths)


def key(id_: str | None) -> UUID | None:
    """The key of a row that the matcher knows by text; None for nobody."""
    return UUID(id_) if id_ else None


def counts(found: Mapping[matching.Rule, int]) -> tuple[RuleCount, ...]:
    """Counts by rule, the largest first."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return tuple(RuleCount(rule=MatchRule(rule), count=count) for rule, count in ordered)


def lifting(found: vacancies.Lifting | None) -> RuleCount | None:
    """The rule whose lifting opens most."""
    return RuleCount(rule=MatchRule(found.rule), count=found.opens) if found else None


def contributions(found: Mapping[str, int]) -> tuple[Contribution, ...]:
    """The parts of a score, the largest first."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Contribution(feature=name, value=amount(part)) for name, part in ordered)


def differences(found: Iterable[explanations.Difference]) -> tuple[FeatureDifference, ...]:
    """Where two mentors differ."""
    return tuple(
        FeatureDifference(feature=one.feature, here=amount(one.here), there=amount(one.there))
        for one in found
    )


def moves(found: Iterable[explanations.Moved]) -> tuple[MatchMove, ...]:
    """Who would have another mentor."""
    return tuple(
        MatchMove(
            request_id=UUID(one.mentee_id),
            before_id=key(one.before_id),
            after_id=key(one.after_id),
            score_before=maybe(one.score_before),
            score_after=maybe(one.score_after),
        )
        for one in found
    )


def runner_up(found: explanations.RunnerUp | None) -> RunnerUp | None:
    """The next best mentor."""
    if found is None:
        return None
    return RunnerUp(
        mentor_id=UUID(found.mentor_id),
        score=amount(found.score),
        cost=None if found.reward else amount(found.cost),
        differences=differences(found.differences),
    )


def _cost(found: Cost) -> MatchCost:
    return MatchCost(
        scores=amount(found.scores),
        waiting=amount(found.waiting),
        keeping=amount(found.keeping),
        pairs=found.pairs,
    )


def why_not(found: explanations.WhyNot) -> WhyNot:
    """Why a pair is not proposed."""
    return WhyNot(
        mentor_id=UUID(found.mentor_id),
        standing=PairStanding(found.standing),
        rules=tuple(MatchRule(rule) for rule in found.rules),
        hindrances=tuple(PairHindrance(one) for one in found.hindrances),
        is_crowded=found.is_crowded,
        score=amount(found.score),
        minimum=amount(found.minimum),
        held_id=key(found.held_id),
        held_score=maybe(found.held_score),
        differences=differences(found.differences),
        least_cost=None if found.reward else maybe(found.least_cost),
        exact_cost=maybe(found.exact_cost),
        is_untold=found.is_untold,
        parts=found.cost and _cost(found.cost),
        moves=moves(found.moves),
        remedies=tuple(
            MatchRemedy(
                kind=RemedyKind(one.kind),
                rules=tuple(MatchRule(rule) for rule in one.rules),
                rise=amount(one.rise),
                gain=amount(one.gain),
                pairs=one.pairs,
                is_possible=one.is_possible,
            )
            for one in found.remedies
        ),
        sentences=sentences.of_why_not(found),
    )


def unmatched(found: vacancies.UnmatchedExplanation) -> UnmatchedExplanation:
    """Why a mentee has no mentor."""
    return UnmatchedExplanation(
        reason=UnmatchedReason(found.reason),
        mentors=found.mentors,
        suitable=found.suitable,
        capped=found.capped,
        rule_counts=counts(found.rule_counts),
        lifting=lifting(found.lifting),
        best_id=key(found.best_id),
        best_score=maybe(found.best_score),
        minimum=amount(found.minimum),
        room=found.room
        and Room(
            mentor_id=UUID(found.room.mentor_id),
            score=amount(found.room.score),
            cost=amount(found.room.cost.objective),
            parts=_cost(found.room.cost),
            moves=moves(found.room.moves),
        ),
        is_untold=found.is_untold,
        sentences=sentences.of_unmatched(found),
    )


def places(found: vacancies.OfferExplanation) -> PlacesExplanation:
    """Why a mentor has whom, or nobody."""
    following = found.next_mentee
    return PlacesExplanation(
        mentor_id=UUID(found.mentor_id),
        standing=PlacesStanding(found.standing),
        free=found.free,
        spare=found.spare,
        pinned=found.pinned,
        price=None if found.reward else amount(found.price),
        is_at_most=found.is_at_most,
        load_price=None if found.reward else amount(found.load_price),
        mentees=found.mentees,
        rule_counts=counts(found.rule_counts),
        lifting=lifting(found.lifting),
        next_mentee=following
        and NextMentee(
            request_id=UUID(following.mentee_id),
            score=amount(following.score),
            cost=None if found.reward else amount(following.cost),
        ),
        sentences=sentences.of_offer(found),
    )
