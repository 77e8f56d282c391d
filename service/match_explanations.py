"""Why a stored run proposes whom, and why not: explained from its own proof.

Prices, pairs and people are those that were stored with the run, however far the world has
moved on. Where these are not to the last byte what the run looked at, or are kept no more, it
says so and refuses to explain with anything else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar
from uuid import UUID

from cachetools import LRUCache
from pydantic import Field

import matching
from matching import explanations, sentences, vacancies
from matching.settlements import NOBODY, Settlement
from matching.what_ifs import Situation
from matching.worths import Effort, Worths
from service import match_answers, match_proofs, models, permits, turns
from service.access.actors import Actor
from service.changes import Change, MentorId
from service.errors import Conflict, NotAllowed, NotFound
from service.match_answers import (
    PlacesExplanation,
    ProposalExplanation,
    RuleCount,
    RunExplanation,
    UnmatchedExplanation,
    WhyNot,
)
from service.match_words import MatchRule

Found = TypeVar("Found")

# One market at a time, of five thousand on either side at most: some hundred megabytes.
_KEPT_PAIRS: Final = 25_000_000
# Where groups overlap, what takes longer than a request may is not told.
_EFFORT: Final = Effort(threads=1, kept_pairs=_KEPT_PAIRS, seconds=1.0)


class WhyNotQuestion(Change):
    """Which mentor a mentee might have had."""

    mentor: MentorId = Field(description="The mentor.")
    exact: bool = Field(
        False,
        description="Whether to search for the exact cost as well, with who would have to move.",
    )


class PlacesQuestion(Change):
    """Which mentor's places are asked about."""

    mentor: MentorId = Field(description="The mentor.")


class NoQuestion(Change):
    """Nothing more to say than which row it is about."""


class NotKept(Exception):  # noqa: N818 - a signal, turned into a refusal
    """What the run looked at is not kept, or cannot be read by this matcher."""


@dataclass(frozen=True)
class _Stored:
    """What a run left behind."""

    id: UUID
    number: int
    digest: str
    configuration: Mapping[str, Any]
    pairs: Mapping[str, str]
    prices: Mapping[str, int]
    surpluses: Mapping[str, int]
    load_prices: Mapping[str, int]
    group_prices: matching.runs.GroupPrices
    bonus: int
    reward: int
    inputs: bytes


async def of_proposal(key: UUID, _: NoQuestion, *, by: Actor) -> ProposalExplanation:
    """Why this proposal is made; from the proposal alone where the inputs are not kept."""
    require(by)
    proposal = await models.MatchProposal.get(id=key)
    await require_apart(by, {proposal.request_id}, {proposal.mentor_id})
    stored = await _stored(proposal.run_id)
    mentee = str(proposal.request_id)
    parts = {name: round(share * matching.MICROS) for name, share in proposal.contributions.items()}
    try:
        found = await _asked(stored, lambda made: explanations.proposal(made, mentee))
    except NotKept:
        found = None
    told = sentences.of_proposal(found) if found else sentences.of_contributions(parts)
    return ProposalExplanation(
        is_kept=found is not None,
        score=proposal.score,
        contributions=match_answers.contributions(parts),
        keeping=match_answers.amount(found.keeping) if found else None,
        priority=match_answers.amount(found.priority) if found else None,
        rules=tuple(MatchRule),
        is_pinned=found.is_pinned if found else None,
        runner_up=match_answers.runner_up(found.runner_up) if found else None,
        sentences=told,
    )


async def of_proposed(key: UUID, asked: WhyNotQuestion, *, by: Actor) -> WhyNot:
    """Why the mentee of this proposal is not proposed to another mentor."""
    require(by)
    proposal = await models.MatchProposal.get(id=key)
    await require_apart(by, {proposal.request_id}, {proposal.mentor_id, asked.mentor})
    return await _why_not(proposal.run_id, proposal.request_id, asked)


async def of_unproposed(key: UUID, asked: WhyNotQuestion, *, by: Actor) -> WhyNot:
    """Why an unmatched mentee is not proposed to a mentor."""
    require(by)
    unmatched = await models.UnmatchedMentee.get(id=key)
    await require_apart(by, {unmatched.request_id}, {asked.mentor})
    return await _why_not(unmatched.run_id, unmatched.request_id, asked)


async def of_unmatched(key: UUID, _: NoQuestion, *, by: Actor) -> UnmatchedExplanation:
    """Why an unmatched mentee has no mentor."""
    require(by)
    unmatched = await models.UnmatchedMentee.get(id=key)
    await require_apart(by, {unmatched.request_id}, set())
    mentee = str(unmatched.request_id)
    found = await _explained(unmatched.run_id, lambda made: vacancies.mentee(made, mentee))
    return match_answers.unmatched(found)


async def of_run(key: UUID, _: NoQuestion, *, by: Actor) -> RunExplanation:
    """Why some of this run's mentees have no mentor."""
    require(by)
    return await _explained(key, _run_explanation)


async def of_places(key: UUID, asked: PlacesQuestion, *, by: Actor) -> PlacesExplanation:
    """Why this run proposes a mentor to whom, or to nobody."""
    require(by)
    await require_apart(by, set(), {asked.mentor})
    mentor = str(asked.mentor)
    found = await _explained(key, lambda made: vacancies.offer(made, mentor))
    return match_answers.places(found)


def require(by: Actor) -> None:
    """Refuses whoever may not see every run, and in every proposal what was wished for.

    Explanations tell of wishes, refusals and conflicts, of the mentee and of others.
    """
    permits.require(by, "read", "match_run")
    permits.require(by, "read_file", "match_proposal")


def may_know_rules(by: Actor) -> bool:
    """Whether the caller may know which rules forbid a pair: whoever may ask for explanations."""
    return by.reach("read", "match_run").any and by.reach("read_file", "match_proposal").any


async def require_apart(by: Actor, requests: Iterable[UUID], mentors: Iterable[UUID]) -> None:
    """Refuses whoever is one of these mentees or mentors, whatever role they hold.

    Explanations tell what was decided about a pair, which is sealed from both its halves.
    """
    if by.person_id is None:
        return
    who = {"person_id": by.person_id}
    if (
        await models.MentorshipRequest.filter(id__in=list(requests), **who).exists()
        or await models.Mentor.filter(id__in=list(mentors), **who).exists()
    ):
        raise NotAllowed("This is about yourself; somebody else may ask it.")


def _run_explanation(made: Settlement) -> RunExplanation:
    unmatched = int((made.taken == NOBODY).sum())
    found = vacancies.liftings(made)
    return RunExplanation(
        unmatched=unmatched,
        liftings=tuple(RuleCount(rule=MatchRule(one.rule), count=one.opens) for one in found),
        sentences=sentences.of_liftings(found, unmatched),
    )


async def _why_not(run_id: UUID, request_id: UUID, asked: WhyNotQuestion) -> WhyNot:
    mentee, mentor, exact = str(request_id), str(asked.mentor), asked.exact
    found = await _explained(
        run_id, lambda made: explanations.why_not(made, mentee, mentor, exact=exact)
    )
    return match_answers.why_not(found)


async def _explained(run_id: UUID, question: Callable[[Settlement], Found]) -> Found:
    stored = await _stored(run_id)
    try:
        return await _asked(stored, question)
    except NotKept as changed:
        raise Conflict(
            f"What match run {stored.number} looked at is not kept any more, so it cannot be"
            " explained; start a new run and ask about that one."
        ) from changed
    except matching.NotOptimal as wrong:
        raise Conflict(
            f"Match run {stored.number} does not bear out its own proof, so it is not explained;"
            " an operator should look at it."
        ) from wrong


async def _asked(stored: _Stored, question: Callable[[Settlement], Found]) -> Found:
    if not stored.inputs:
        # Perhaps erased by law a moment ago, when there was still a copy in memory.
        raise NotKept
    try:
        return await turns.in_a_thread(_answered, stored, question)
    except explanations.NotInRun as missing:
        message = "This mentor offered no places in that run; ask about one who did."
        raise NotFound(message, path=("mentor",)) from missing


async def _stored(run_id: UUID) -> _Stored:
    run = await models.MatchRun.get(id=run_id)
    made = models.MatchProposal.filter(run_id=run_id)
    pairs = await made.values_list("request_id", "mentor_id")
    kept = await models.MatchRunInput.get_or_none(run_id=run_id)
    return _Stored(
        id=run.id,
        number=run.number,
        digest=run.input_digest,
        configuration=run.configuration,
        pairs={str(request): str(mentor) for request, mentor in pairs},
        prices=run.prices,
        surpluses=run.surpluses,
        load_prices=run.load_prices or {},
        group_prices=run.group_prices or {},
        bonus=run.standing_bonus or 0,
        reward=run.reward or 0,
        inputs=kept.content if kept else b"",
    )


_settlements: LRUCache[UUID, Settlement] = LRUCache(
    _KEPT_PAIRS, lambda made: 1 + len(made.taken) * len(made.prices)
)
# Whoever asks about the same run meanwhile waits for it instead of doing the same.
_preparing = Lock()


def forget() -> None:
    """Lets go of the people that were kept to answer the next question faster."""
    with _preparing:
        _settlements.clear()


def _answered(stored: _Stored, question: Callable[[Settlement], Found]) -> Found:
    with _preparing:
        made = _settlements.get(stored.id)
        if made is None:
            made = _settled(stored)
            if _settlements.getsizeof(made) <= _settlements.maxsize:
                _settlements[stored.id] = made
    return question(made)


def _settled(stored: _Stored) -> Settlement:
    try:
        inputs = match_proofs.unpacked(stored.inputs)
        configuration = matching.Configuration.from_json(stored.configuration)
    except ValueError as error:
        raise NotKept from error
    situation = Situation(
        mentees=inputs.mentees,
        mentors=inputs.mentors,
        **(inputs.bound_by | {"configuration": configuration}),
    )
    if situation.digest != stored.digest:
        raise NotKept
    market = situation.market()
    return Settlement.stored(
        market,
        Worths.of(market, _EFFORT).weighed(bonus=stored.bonus, reward=stored.reward),
        pairs=stored.pairs,
        prices=stored.prices,
        surpluses=stored.surpluses,
        load_prices=stored.load_prices,
        group_prices=stored.group_prices,
    )
