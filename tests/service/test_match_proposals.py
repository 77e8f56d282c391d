"""Deciding on proposed pairs, on a real database."""

import asyncio
from typing import Any

import pytest
from tortoise import connections

from service import models
from service.access.actors import Actor
from service.access.roles import Role
from service.errors import Conflict, NotAllowed, NotFound, VersionConflict
from service.match_proposals import ProposalApproval, ProposalRejection, approve, reject
from service.match_runs import Outcome, run_match
from service.models.vocabulary import (
    MatchRunTrigger,
    MentorshipState,
    PreferenceKind,
    ProposalState,
    RequestState,
)
from tests import factories
from tests.programmes import LONG_AGO, programme

pytestmark = pytest.mark.usefixtures("database")


def a_manager(person: models.Person | None = None) -> Actor:
    return factories.an_actor(Role.MENTORING_MANAGER, person=person)


async def approved(proposal: models.MatchProposal, by: Actor | None = None) -> models.MatchProposal:
    change = ProposalApproval(id=proposal.id, version=proposal.version)
    return await approve(change, by=by or a_manager())


async def rejected(proposal: models.MatchProposal, by: Actor | None = None) -> models.MatchProposal:
    change = ProposalRejection(id=proposal.id, version=proposal.version, reason="Old rivals")
    return await reject(change, by=by or a_manager())


async def refusal(proposal: models.MatchProposal, **options: Any) -> str:
    with pytest.raises(Conflict) as caught:
        await approved(proposal, **options)
    assert await models.Mentorship.filter(proposal_id=proposal.id).count() == 0
    return caught.value.message


async def test_an_approval_starts_the_mentorship_today() -> None:
    manager, proposal = a_manager(), await factories.make_proposal()
    decided = await approved(proposal, by=manager)
    _, rows = await connections.get("default").execute_query("SELECT CURRENT_DATE AS today")
    assert (decided.id, decided.state, decided.version) == (proposal.id, "APPROVED", 2)
    stored = await models.MatchProposal.get(id=proposal.id)
    assert (stored.state, stored.version) == (ProposalState.APPROVED, 2)
    assert stored.decided_by_id == manager.account_id
    assert stored.decided_at is not None
    mentorship = await models.Mentorship.get(proposal_id=proposal.id)
    assert (mentorship.state, mentorship.started_on) == (MentorshipState.ACTIVE, rows[0]["today"])
    assert mentorship.mentor_id == proposal.mentor_id
    request = await models.MentorshipRequest.get(id=proposal.request_id)
    assert (request.state, request.version) == (RequestState.MATCHED, 2)


async def test_an_approval_stands_in_the_history_of_all_three() -> None:
    proposal = await factories.make_proposal()
    await approved(proposal)
    mentorship = await models.Mentorship.get(proposal_id=proposal.id)
    assert await factories.history_of(proposal.id) == [
        ("approve", {"state": ["PROPOSED", "APPROVED"]})
    ]
    assert await factories.history_of(proposal.request_id) == [
        ("match", {"state": ["WAITING", "MATCHED"]})
    ]
    (verb, changes), *others = await factories.history_of(mentorship.id)
    assert (verb, changes["state"], others) == ("open", [None, "ACTIVE"], [])


async def test_a_rejection_keeps_its_reason_and_changes_nothing_else() -> None:
    manager, proposal = a_manager(), await factories.make_proposal()
    await rejected(proposal, by=manager)
    stored = await models.MatchProposal.get(id=proposal.id)
    assert (stored.state, stored.rejection_reason) == (ProposalState.REJECTED, "Old rivals")
    assert (stored.decided_by_id, stored.version) == (manager.account_id, 2)
    request = await models.MentorshipRequest.get(id=proposal.request_id)
    assert (request.state, request.version) == (RequestState.WAITING, 1)
    assert await models.Mentorship.all().count() == 0
    event = await models.AuditEvent.get(aggregate_id=proposal.id)
    assert (event.verb, event.reason) == ("reject", "Old rivals")


@pytest.mark.parametrize("state", ["APPROVED", "REJECTED", "SUPERSEDED"])
async def test_a_proposal_is_decided_once(state: str) -> None:
    values: dict[str, Any] = {"state": state}
    if state != "SUPERSEDED":
        values["decided_at"] = LONG_AGO
    if state == "REJECTED":
        values["rejection_reason"] = "Rivals"
    proposal = await factories.make_proposal(**values)
    for decide in (approved, rejected):
        with pytest.raises(Conflict, match=f"This proposal is {state.lower()} already"):
            await decide(proposal)


async def test_a_decision_on_an_older_version_is_refused() -> None:
    proposal = await factories.make_proposal(version=3)
    proposal.version = 2
    with pytest.raises(VersionConflict) as caught:
        await approved(proposal)
    assert caught.value.details == {"currentVersion": 3}


@pytest.mark.parametrize("half", ["mentor", "request"])
@pytest.mark.parametrize("decide", [approved, rejected])
async def test_nobody_decides_about_a_pair_they_are_part_of(half: str, decide: Any) -> None:
    proposal = await factories.make_proposal()
    person = await (await getattr(proposal, half)).person
    with pytest.raises(NotAllowed, match="You are part of this pair"):
        await decide(proposal, by=a_manager(person))
    assert (await models.MatchProposal.get(id=proposal.id)).state is ProposalState.PROPOSED


async def test_a_mentor_without_a_place_left_is_refused() -> None:
    mentor = await factories.make_mentor()
    await factories.make_mentorship(mentor=mentor)
    proposal = await factories.make_proposal(mentor=mentor)
    assert await refusal(proposal) == (
        "The mentor has no place left; reject this proposal, or raise the mentor's capacity."
    )
    assert (await models.MatchProposal.get(id=proposal.id)).state is ProposalState.PROPOSED
    assert await factories.history_of(proposal.id) == []


async def test_of_two_approvals_for_the_last_place_one_is_refused() -> None:
    mentor = await factories.make_mentor()
    proposals = [await factories.make_proposal(mentor=mentor) for _ in range(2)]
    outcomes = await asyncio.gather(*map(approved, proposals), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "MatchProposal"]
    assert await models.Mentorship.filter(mentor=mentor).count() == 1


async def test_two_approvals_of_one_proposal_make_one_mentorship() -> None:
    proposal = await factories.make_proposal(mentor=await factories.make_mentor(capacity=5))
    outcomes = await asyncio.gather(approved(proposal), approved(proposal), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "MatchProposal"]
    assert await models.Mentorship.all().count() == 1


async def test_a_mentee_who_no_longer_waits_is_refused() -> None:
    proposal = await factories.make_proposal()
    await models.MentorshipRequest.filter(id=proposal.request_id).update(state="WITHDRAWN")
    assert await refusal(proposal) == (
        "The mentee no longer waits for a mentor; start a new match run."
    )


async def test_a_mentor_who_withdrew_is_refused() -> None:
    mentor = await factories.make_mentor(withdrawn_at=LONG_AGO)
    proposal = await factories.make_proposal(mentor=mentor)
    assert await refusal(proposal) == "The mentor has withdrawn; start a new match run."


@pytest.mark.parametrize("declarer", ["mentor", "mentee"])
async def test_a_conflict_declared_since_the_run_is_refused(declarer: str) -> None:
    proposal = await factories.make_proposal()
    pair = [(await proposal.mentor).person_id, (await proposal.request).person_id]
    declared_by, other = pair if declarer == "mentor" else reversed(pair)
    await models.DeclaredConflict.create(declared_by_id=declared_by, other_id=other)
    assert await refusal(proposal) == (
        "A conflict of interest was declared since; start a new match run."
    )


async def test_a_mentor_refused_since_the_run_is_refused() -> None:
    proposal = await factories.make_proposal()
    await models.MentorPreference.create(
        request_id=proposal.request_id, mentor_id=proposal.mentor_id, kind=PreferenceKind.REFUSED
    )
    assert await refusal(proposal) == (
        "The mentee has refused this mentor since; start a new match run."
    )


async def test_somebody_without_the_permission_cannot_tell_a_proposal_from_none() -> None:
    proposal = await factories.make_proposal()
    with pytest.raises(NotFound):
        await approved(proposal, by=factories.an_actor(Role.MENTEE))
    with pytest.raises(NotAllowed):
        await approved(proposal, by=factories.an_actor(Role.AUDITOR))


async def test_a_run_and_an_approval_at_one_moment_both_end_well() -> None:
    world = await programme(mentors=6, requests=1)
    manager = a_manager()
    for _ in range(4):
        latest = await run_match(MatchRunTrigger.PERSON, by=manager)
        await world.request()
        ran, decided = await asyncio.gather(
            run_match(MatchRunTrigger.PERSON, by=manager),
            approved(latest.proposals[0], by=manager),
            return_exceptions=True,
        )
        assert isinstance(ran, Outcome)
        assert isinstance(decided, models.MatchProposal | Conflict)
        standing = await models.MatchProposal.filter(state="PROPOSED").prefetch_related("request")
        assert {row.request.state for row in standing} == {RequestState.WAITING}
