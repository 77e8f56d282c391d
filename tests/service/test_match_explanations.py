"""Stored runs explained: from their own proof, with the people they looked at, or not at all."""

from collections.abc import AsyncIterator
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

import matching
from matching import comparisons, explanations, vacancies
from service import (
    database,
    match_explanations,
    match_inputs,
    match_proofs,
    match_proposals,
    models,
)
from service.access.actors import ANONYMOUS, Actor, Grant, system
from service.access.roles import Role
from service.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from service.match_explanations import NoQuestion, PlacesQuestion, WhyNotQuestion
from service.match_proposals import ProposalApproval, ProposalRejection
from service.match_runs import Outcome, run_match
from service.match_words import (
    MatchAim,
    MatchRule,
    PairFate,
    PairStanding,
    PlacesStanding,
    RemedyKind,
)
from service.models.vocabulary import MatchRunTrigger, RequestState, UnmatchedReason
from tests.programmes import Programme, programme

WORKER = system("tests")
HR = Actor(UUID(int=1), None, "hr", (Grant(Role.HR_OFFICER),))
NONE = NoQuestion()


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url):
        yield


async def a_run(**changes: Any) -> tuple[Programme, Outcome]:
    """Two mentors with a place each, and three who wait, one of whom asked for the first."""
    world = await programme(mentors=2, requests=3)
    await models.MentorPreference.create(
        request=world.requests[0], mentor=world.mentors[0], kind="PREFERRED", rank=1
    )
    return world, await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER, **changes)


def other_of(world: Programme, proposal: models.MatchProposal) -> UUID:
    (other,) = {mentor.id for mentor in world.mentors} - {proposal.mentor_id}
    return UUID(str(other))


async def settled() -> Any:
    """The same run from the library."""
    inputs = match_inputs.records(await match_inputs.read())
    situation = matching.what_ifs.Situation(
        mentees=inputs.mentees, mentors=inputs.mentors, **inputs.bound_by
    )
    market = situation.market()
    worths = matching.worths.Worths.of(market)
    return matching.settlements.Settlement.of(market, worths, matching.optima.find(worths))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (MatchRule, matching.Rule),
        (PairStanding, explanations.Standing),
        (RemedyKind, explanations.RemedyKind),
        (PlacesStanding, vacancies.OfferStanding),
        (PairFate, comparisons.Fate),
        (MatchAim, matching.Aim),
        (UnmatchedReason, matching.Reason),
    ],
)
def test_words_are_those_of_the_matcher(ours: type[StrEnum], theirs: type[StrEnum]) -> None:
    assert [word.value for word in ours] == [word.value for word in theirs]


async def test_every_answer_is_the_librarys_on_the_same_people() -> None:
    world, outcome = await a_run()
    made = await settled()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    other = other_of(world, proposal)

    told = await match_explanations.of_proposal(proposal.id, NONE, by=HR)
    found = explanations.proposal(made, str(proposal.request_id))
    assert (told.score, told.is_kept) == (proposal.score, True)
    assert told.runner_up is not None
    assert found.runner_up is not None
    assert (told.runner_up.mentor_id, told.runner_up.cost) == (
        other,
        found.runner_up.cost / matching.MICROS,
    )
    assert sum(part.value for part in told.contributions) == pytest.approx(told.score)
    assert told.rules == tuple(MatchRule)
    assert told.sentences == matching.sentences.of_proposal(found)

    for exact in (False, True):
        asked = WhyNotQuestion(mentor=other, exact=exact)
        not_that = await match_explanations.of_proposed(proposal.id, asked, by=HR)
        why = explanations.why_not(made, str(proposal.request_id), str(other), exact=exact)
        assert not_that.sentences == matching.sentences.of_why_not(why)
        assert (not_that.exact_cost is None) == (not exact)
        assert len(not_that.moves) == len(why.moves)

    for mentor in world.mentors:
        asked = WhyNotQuestion(mentor=mentor.id, exact=True)
        nobody = await match_explanations.of_unproposed(unmatched.id, asked, by=HR)
        assert nobody.standing is PairStanding.COSTS_OTHERS
        assert nobody.held_id is None
        side = await match_explanations.of_places(
            outcome.run.id, PlacesQuestion(mentor=mentor.id), by=HR
        )
        assert side.standing is PlacesStanding.FULL
        assert side.sentences == matching.sentences.of_offer(vacancies.offer(made, str(mentor.id)))

    left = await match_explanations.of_unmatched(unmatched.id, NONE, by=HR)
    alone = vacancies.mentee(made, str(unmatched.request_id))
    assert left.reason is UnmatchedReason.ALL_ELIGIBLE_FULL
    assert left.room is not None
    assert alone.room is not None
    assert left.room.cost == alone.room.cost.objective / matching.MICROS
    assert left.room.moves[0].request_id == unmatched.request_id
    assert left.sentences == matching.sentences.of_unmatched(alone)

    whole = await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert (whole.unmatched, whole.liftings) == (1, ())


async def test_rules_are_counted_and_named() -> None:
    world = await programme(mentors=2, requests=1)
    await models.PersonLanguage.filter(person_id=world.requests[0].person_id).delete()
    outcome = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    told = await match_explanations.of_unmatched(outcome.unmatched[0].id, NONE, by=HR)
    assert [(one.rule, one.count) for one in told.rule_counts] == [
        (MatchRule.NO_COMMON_LANGUAGE, 2)
    ]
    assert told.lifting == told.rule_counts[0]
    whole = await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert [(one.rule, one.count) for one in whole.liftings] == [(MatchRule.NO_COMMON_LANGUAGE, 1)]


async def test_a_run_whose_people_have_changed_is_not_explained_with_others() -> None:
    world, outcome = await a_run()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    asked = WhyNotQuestion(mentor=other_of(world, proposal))
    await match_explanations.of_proposed(proposal.id, asked, by=HR)

    await models.MatchRunInput.filter(run=outcome.run).delete()

    refused = (
        match_explanations.of_proposed(proposal.id, asked, by=HR),
        match_explanations.of_unproposed(unmatched.id, asked, by=HR),
        match_explanations.of_unmatched(unmatched.id, NONE, by=HR),
        match_explanations.of_run(outcome.run.id, NONE, by=HR),
        match_explanations.of_places(
            outcome.run.id, PlacesQuestion(mentor=world.mentors[0].id), by=HR
        ),
    )
    for question in refused:
        with pytest.raises(Conflict, match=r"match run 1 looked at is not kept"):
            await question
    told = await match_explanations.of_proposal(proposal.id, NONE, by=HR)
    assert (told.is_kept, told.runner_up, told.score) == (False, None, proposal.score)
    assert {part.feature: part.value for part in told.contributions} == pytest.approx(
        proposal.contributions
    )
    assert told.sentences[0].startswith("The two fit with a score of")


async def test_what_was_decided_about_a_runs_own_proposals_leaves_it_explained() -> None:
    world, outcome = await a_run()
    first, second = outcome.proposals
    asked = WhyNotQuestion(mentor=other_of(world, first), exact=True)
    before = await match_explanations.of_proposed(first.id, asked, by=HR)

    await match_proposals.approve(ProposalApproval(id=first.id, version=1), by=WORKER)
    reject = ProposalRejection(id=second.id, version=1, reason="They know each other.")
    await match_proposals.reject(reject, by=WORKER)

    assert await match_explanations.of_proposed(first.id, asked, by=HR) == before
    # A new run sees the decisions, and is explained with them.
    later = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert later.is_new
    question = WhyNotQuestion(mentor=second.mentor_id)
    rows = {one.request_id: one.id for one in later.unmatched}
    made = {one.request_id: one.id for one in later.proposals}
    asks, row = (
        (match_explanations.of_unproposed, rows[second.request_id])
        if second.request_id in rows
        else (match_explanations.of_proposed, made[second.request_id])
    )
    told = await asks(row, question, by=HR)
    assert told.rules == (MatchRule.VETO,)


async def test_a_world_that_moved_on_leaves_a_run_explained_as_it_was() -> None:
    world, outcome = await a_run()
    proposal = outcome.proposals[0]
    asked = WhyNotQuestion(mentor=other_of(world, proposal), exact=True)
    before = await match_explanations.of_proposed(proposal.id, asked, by=HR)
    await models.Mentor.all().update(capacity=5)
    match_explanations.forget()
    assert await match_explanations.of_proposed(proposal.id, asked, by=HR) == before


async def copied(run: models.MatchRun, **changes: Any) -> models.MatchRun:
    """A run stored beside another that cannot be changed, without its proposals."""
    names = run._meta.db_fields - {"id", "number", "created_at"}
    values = {name: getattr(run, name) for name in names} | changes
    copy: models.MatchRun = await models.MatchRun.create(number=run.number + 1, **values)
    kept = await models.MatchRunInput.get(run=run)
    await models.MatchRunInput.create(run=copy, content=kept.content)
    return copy


async def test_a_run_with_settings_that_this_version_does_not_know_is_not_explained() -> None:
    _, outcome = await a_run()
    copy = await copied(outcome.run, configuration={"charm": 1})
    with pytest.raises(Conflict, match="is not kept any more"):
        await match_explanations.of_run(copy.id, NONE, by=HR)


async def test_a_run_that_does_not_prove_itself_is_not_explained() -> None:
    _, outcome = await a_run()
    match_explanations.forget()
    copy = await copied(outcome.run)
    with pytest.raises(Conflict, match="run 2 does not bear out its own proof"):
        await match_explanations.of_run(copy.id, NONE, by=HR)


async def test_a_mentor_who_offered_nothing_is_not_found_and_named_by_the_argument() -> None:
    _, outcome = await a_run()
    stranger = UUID(int=7)
    questions = (
        match_explanations.of_places(outcome.run.id, PlacesQuestion(mentor=stranger), by=HR),
        match_explanations.of_proposed(
            outcome.proposals[0].id, WhyNotQuestion(mentor=stranger), by=HR
        ),
    )
    for question in questions:
        with pytest.raises(NotFound) as refused:
            await question
        assert refused.value.path == ("mentor",)


async def test_the_same_run_is_prepared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _, outcome = await a_run()
    match_explanations.forget()
    prepared: list[Any] = []
    unpacked = match_proofs.unpacked

    def counted(content: bytes) -> match_inputs.Inputs:
        prepared.append(content)
        return unpacked(content)

    monkeypatch.setattr(match_proofs, "unpacked", counted)
    for _ in range(3):
        await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert len(prepared) == 1


STRANGERS = (
    ANONYMOUS,
    *(
        Actor(UUID(int=2), None, role, (Grant(role),))
        for role in Role
        if role not in {Role.HR_OFFICER, Role.MENTORING_MANAGER, Role.AUDITOR}
    ),
    Actor(UUID(int=2), None, "hr of one mission", (Grant(Role.HR_OFFICER, UUID(int=3)),)),
)


async def test_whoever_may_not_see_every_run_is_told_nothing() -> None:
    world, outcome = await a_run()
    proposal, (unmatched,) = outcome.proposals[0], outcome.unmatched
    why, side = WhyNotQuestion(mentor=world.mentors[0].id), PlacesQuestion(mentor=UUID(int=9))
    for by in STRANGERS:
        questions = (
            match_explanations.of_proposal(proposal.id, NONE, by=by),
            match_explanations.of_proposed(proposal.id, why, by=by),
            match_explanations.of_unproposed(unmatched.id, why, by=by),
            match_explanations.of_unmatched(unmatched.id, NONE, by=by),
            match_explanations.of_run(outcome.run.id, NONE, by=by),
            match_explanations.of_places(outcome.run.id, side, by=by),
        )
        for question in questions:
            with pytest.raises(NotSignedIn if by.is_anonymous else NotAllowed):
                await question


async def test_explaining_writes_nothing() -> None:
    _, outcome = await a_run()
    before = await models.AuditEvent.all().count()
    await match_explanations.of_run(outcome.run.id, NONE, by=HR)
    assert await models.AuditEvent.all().count() == before
    assert await models.MatchRun.all().count() == 1
    request = await models.MentorshipRequest.get(id=outcome.unmatched[0].request_id)
    assert request.state is RequestState.WAITING
    assert request.requested_at.date() < date(2024, 1, 1)
