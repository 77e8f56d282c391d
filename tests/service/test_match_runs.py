"""Match runs on a real database: whole or not at all, once for the same inputs, one at a time."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tortoise import connections

import matching
from service import database, match_inputs, match_proofs, match_runs, models
from service.access.actors import ANONYMOUS, Actor, Grant, system
from service.access.roles import Role
from service.errors import Conflict, NotAllowed, NotSignedIn
from service.match_runs import MatchRunStart, Outcome, rehearse, run_match
from service.models.vocabulary import (
    ClosingReason,
    MatchRunTrigger,
    MentorshipState,
    OverrideKind,
    OverrideState,
    PreferenceKind,
    ProposalState,
    RequestState,
    TopCriterion,
    UnmatchedReason,
)
from tests import factories
from tests.programmes import LONG_AGO, Programme, programme

WORKER = system("tests")


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url):
        yield


async def run(**options: Any) -> Outcome:
    return await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER, **options)


def pairs(outcome: Outcome) -> set[tuple[Any, Any]]:
    return {(proposal.request_id, proposal.mentor_id) for proposal in outcome.proposals}


def broken(outcome: Outcome) -> dict[str, int]:
    assert len(outcome.unmatched) == 1
    return outcome.unmatched[0].rule_counts


async def read() -> match_inputs.Inputs:
    return match_inputs.records(await match_inputs.read())


async def close_pair(
    request: models.MentorshipRequest, mentor: models.Mentor, reason: ClosingReason
) -> None:
    await models.Mentorship.create(
        request=request,
        mentor=mentor,
        state=MentorshipState.CLOSED,
        started_on=date(2024, 1, 1),
        closed_on=date(2024, 6, 1),
        closing_reason=reason,
    )


async def test_a_run_is_stored_whole_with_its_proof_and_its_event() -> None:
    await programme(mentors=1, requests=2)
    outcome = await run(note="After the induction")
    stored = await models.MatchRun.get()
    assert stored.id == outcome.run.id
    assert (stored.number, stored.trigger) == (1, MatchRunTrigger.COMMAND_LINE)
    assert (stored.mentee_count, stored.mentor_count) == (2, 1)
    assert (stored.proposal_count, stored.unmatched_count, stored.gap) == (1, 1, 0.0)
    assert stored.objective == stored.bound > 0
    assert stored.configuration["levels"] == ["P_5", "D_1", "D_2", "ASG", "USG"]
    proposal = await models.MatchProposal.get()
    assert proposal.state is ProposalState.PROPOSED
    assert sum(proposal.contributions.values()) == pytest.approx(proposal.score, abs=1e-9)
    unmatched = await models.UnmatchedMentee.get()
    assert unmatched.reason is UnmatchedReason.ALL_ELIGIBLE_FULL
    event = await models.AuditEvent.get()
    assert (event.aggregate, event.aggregate_id, event.verb) == ("MatchRun", stored.id, "start")
    assert (event.actor_label, event.reason) == ("tests", "After the induction")


async def test_the_stored_proof_convinces_the_independent_check() -> None:
    await programme(mentors=3, requests=4)
    inputs = await read()
    certificate = matching.certify(
        inputs.pair(),
        inputs.mentees,
        inputs.mentors,
        fixed=inputs.fixed,
        closed_badly=inputs.closed_badly,
        configuration=match_inputs.CONFIGURATION,
    )
    assert certificate.holds


async def test_the_same_inputs_write_nothing_again() -> None:
    await programme(mentors=2, requests=2)
    first = await run()
    second = await run()
    assert (first.is_new, second.is_new) == (True, False)
    assert second.run.id == first.run.id
    assert pairs(second) == pairs(first)
    assert await models.MatchRun.all().count() == 1
    assert await models.AuditEvent.all().count() == 1


async def test_a_change_makes_a_new_run_that_supersedes_the_older_proposals() -> None:
    world = await programme(mentors=2, requests=1)
    first = await run()
    await world.request()
    second = await run()
    assert (second.run.number, second.is_new) == (2, True)
    older = await models.MatchProposal.get(run=first.run)
    assert (older.state, older.version) == (ProposalState.SUPERSEDED, 2)
    assert await models.MatchProposal.filter(state=ProposalState.PROPOSED).count() == 2
    event = await models.AuditEvent.get(aggregate_id=second.run.id)
    value = await models.AuditValue.get(event=event)
    assert value.changes["superseded_proposals"] == [None, [str(older.id)]]


async def test_a_rehearsal_computes_everything_and_writes_nothing() -> None:
    await programme(mentors=1, requests=2)
    outcome = await rehearse(MatchRunTrigger.COMMAND_LINE)
    assert (len(outcome.proposals), len(outcome.unmatched), outcome.is_new) == (1, 1, True)
    assert await models.MatchRun.all().count() == 0
    assert await models.AuditEvent.all().count() == 0


async def test_a_run_of_nobody_is_a_run() -> None:
    outcome = await run()
    assert (outcome.run.mentee_count, outcome.proposals, outcome.unmatched) == (0, [], [])


async def test_an_active_pair_keeps_its_place_and_is_not_matched_again() -> None:
    world = await programme(mentors=1, requests=2)
    request = world.requests[0]
    await models.Mentorship.create(
        request=request, mentor=world.mentors[0], started_on=date(2024, 1, 1)
    )
    await models.MentorshipRequest.filter(id=request.id).update(state=RequestState.MATCHED)
    outcome = await run()
    assert outcome.proposals == []
    assert outcome.unmatched[0].request_id == world.requests[1].id
    assert broken(outcome) == {"NO_CAPACITY": 1}


@pytest.mark.parametrize("reason", [ClosingReason.NOT_A_FIT, ClosingReason.CONFLICT_OF_INTEREST])
async def test_a_pair_that_closed_badly_is_not_made_again_under_a_new_request(
    reason: ClosingReason,
) -> None:
    world = await programme(mentors=1)
    earlier = await world.request(state=RequestState.CLOSED)
    await close_pair(earlier, world.mentors[0], reason)
    await world.request(person=await earlier.person)
    assert broken(await run()) == {"ALREADY_CLOSED_BADLY": 1}


async def test_a_pair_that_closed_well_may_be_made_again() -> None:
    world = await programme(mentors=1)
    earlier = await world.request(state=RequestState.CLOSED)
    await close_pair(earlier, world.mentors[0], ClosingReason.COMPLETED)
    again = await world.request(person=await earlier.person)
    assert pairs(await run()) == {(again.id, world.mentors[0].id)}


async def test_a_rejected_pair_is_not_proposed_again() -> None:
    await programme(mentors=1, requests=1)
    first = await run()
    await models.MatchProposal.filter(id=first.proposals[0].id).update(
        state=ProposalState.REJECTED, rejection_reason="Rivals", decided_at=datetime.now(UTC)
    )
    assert broken(await run()) == {"VETO": 1}


async def test_a_refused_mentor_is_not_proposed() -> None:
    world = await programme(mentors=1, requests=1)
    await models.MentorPreference.create(
        request=world.requests[0], mentor=world.mentors[0], kind=PreferenceKind.REFUSED
    )
    assert broken(await run()) == {"VETO": 1}


@pytest.mark.parametrize("declarer", ["mentee", "mentor"])
async def test_a_declared_conflict_counts_whoever_declared_it(declarer: str) -> None:
    world = await programme(mentors=1, requests=1)
    people = [world.requests[0].person_id, world.mentors[0].person_id]
    declared_by, other = people if declarer == "mentee" else reversed(people)
    await models.DeclaredConflict.create(declared_by_id=declared_by, other_id=other)
    assert broken(await run()) == {"DECLARED_CONFLICT": 1}


async def test_who_has_not_declared_conflicts_is_paired_with_nobody() -> None:
    world = await programme(mentors=1)
    await world.request(conflicts_declared_at=None)
    assert broken(await run()) == {"CONFLICTS_UNKNOWN": 1}


async def test_a_withdrawn_mentor_takes_no_part() -> None:
    world = await programme(requests=1)
    await world.mentor(withdrawn_at=LONG_AGO)
    outcome = await run()
    assert (outcome.run.mentor_count, broken(outcome)) == (0, {})


@pytest.mark.parametrize(
    "window",
    [{"available_from": date(2999, 1, 1)}, {"available_until": date(2000, 1, 1)}],
    ids=["not yet", "no longer"],
)
async def test_a_mentor_outside_their_window_is_not_proposed(window: dict[str, date]) -> None:
    world = await programme(requests=1)
    await world.mentor(**window)
    assert broken(await run()) == {"NOT_AVAILABLE": 1}


async def supervised(world: Programme, **values: Any) -> Outcome:
    """The mentee served under the mentor, whose own service ended on 31 December 2012."""
    mentee = await world.requests[0].person
    await world.served(mentee, supervisor_id=world.mentors[0].person_id, **values)
    return await run()


async def test_who_supervised_in_one_mission_at_one_time_is_kept_apart() -> None:
    world = await programme(mentors=1, requests=1)
    outcome = await supervised(world, first=date(2012, 12, 31), last=date(2013, 5, 1))
    assert broken(outcome) == {"SUPERVISED_IN_MISSION": 1}


async def test_a_supervision_after_the_mentor_left_does_not_count() -> None:
    world = await programme(mentors=1, requests=1)
    outcome = await supervised(world, first=date(2013, 1, 1), last=date(2013, 5, 1))
    assert len(outcome.proposals) == 1


async def test_a_period_known_to_the_year_may_have_covered_all_of_it() -> None:
    world = await programme(mentors=1, requests=1)
    await models.Experience.filter(person_id=world.mentors[0].person_id).update(
        ended_on=date(2013, 1, 1), ended_precision="YEAR"
    )
    outcome = await supervised(world, first=date(2013, 11, 1), last=date(2014, 1, 1))
    assert broken(outcome) == {"SUPERVISED_IN_MISSION": 1}


async def test_the_records_say_what_the_files_say() -> None:
    world = await programme()
    mentor = await world.mentor(
        themes=["elections"], statement="I listen.", time_zone="Africa/Nairobi", capacity=2
    )
    request = await world.request(top_criterion=TopCriterion.EXPERTISE, time_zone="Asia/Kolkata")
    for rank, name in [(2, mentor), (1, await world.mentor())]:
        await models.MentorPreference.create(
            request=request, mentor=name, kind=PreferenceKind.PREFERRED, rank=rank
        )
    inputs = await read()
    mentee = inputs.mentees[0]
    offering = next(one for one in inputs.mentors if one.id == str(mentor.id))
    assert (mentee.function, mentee.level, mentee.stream) == ("HEAD_OF_MISSION", "ASG", "CIVILIAN")
    assert mentee.mission_id == str(world.mission.id)
    assert mentee.mandate_tasks == frozenset({"ELECTIONS", "GOOD_OFFICES"})
    assert (mentee.top_criterion, mentee.utc_offset_hours) == ("goals", 5.5)
    assert mentee.preferred_mentors == (str(world.mentors[1].id), str(mentor.id))
    assert (dict(mentee.languages), mentee.nationalities) == ({"en": 6}, frozenset({"KEN"}))
    assert (offering.level, offering.functions) == ("USG", frozenset({"HEAD_OF_MISSION"}))
    assert offering.regions | offering.mission_types == frozenset({"AFRICA", "PEACEKEEPING"})
    assert (offering.capacity, offering.active, offering.available) == (2, 0, True)
    assert offering.expertise == "\nI listen.\nelections"
    assert offering.utc_offset_hours == 3.0


async def test_waiting_counts_the_mondays_gone_by_on_the_database_s_calendar() -> None:
    world = await programme()
    _, rows = await connections.get("default").execute_query(
        "SELECT date_trunc('week', now()) AS monday"
    )
    monday: datetime = rows[0]["monday"]
    just_before = await world.request(requested_at=monday - timedelta(seconds=1))
    just_after = await world.request(requested_at=monday)
    weeks_ago = await world.request(requested_at=monday - timedelta(days=21))
    waited = {mentee.id: mentee.waiting_days for mentee in (await read()).mentees}
    assert waited == {str(just_before.id): 7, str(just_after.id): 0, str(weeks_ago.id): 21}


async def test_the_number_of_statements_does_not_grow_with_the_people(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts = []
    for people in (1, 2, 20):
        await programme(mentors=people, requests=people + 1)
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            await run()
        counts.append(len(caplog.records))
        caplog.clear()
    # The first run has nothing to supersede, so it may do with fewer.
    assert counts[0] <= counts[1] == counts[2] < 20


@asynccontextmanager
async def a_run_under_way(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A run that computes until the block has ended, and then stores what it found."""
    original = match_runs._solved
    computes, may_end = threading.Event(), threading.Event()

    def held(*given: Any) -> Any:
        computes.set()
        assert may_end.wait(timeout=30)
        return original(*given)

    monkeypatch.setattr(match_runs, "_solved", held)
    running = asyncio.create_task(run())
    assert await asyncio.to_thread(computes.wait, 30)
    try:
        yield
    finally:
        may_end.set()
        await running


async def test_of_two_at_once_one_runs_and_the_other_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme(mentors=2, requests=2)
    async with a_run_under_way(monkeypatch):
        with pytest.raises(Conflict) as left:
            await run()
    assert left.value.message == (
        "A match run is under way; wait until it has ended and look at its result."
    )
    assert await models.MatchRun.all().count() == 1


async def test_a_pool_full_of_starts_does_not_block_itself(fresh_url: str) -> None:
    await programme(mentors=1, requests=1)
    outcomes = await asyncio.wait_for(
        asyncio.gather(*(run() for _ in range(40)), return_exceptions=True), timeout=30
    )
    assert {type(outcome) for outcome in outcomes} <= {Outcome, Conflict}
    assert await models.MatchRun.all().count() == 1


async def test_who_withdrew_while_the_run_was_computed_gets_no_standing_proposal(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await programme(mentors=2, requests=2)
    async with a_run_under_way(monkeypatch), database.session(fresh_url) as session:
        await session.execute(
            "UPDATE mentorship_request SET state = 'WITHDRAWN' WHERE id = $1", world.requests[0].id
        )
    states = {row.request_id: row.state for row in await models.MatchProposal.all()}
    assert states == {
        world.requests[0].id: ProposalState.SUPERSEDED,
        world.requests[1].id: ProposalState.PROPOSED,
    }


async def test_the_event_loop_goes_on_while_a_run_is_computed_in_a_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme(mentors=2, requests=2)
    # Computed on the loop, the run would hold up this very test and never be let go.
    async with a_run_under_way(monkeypatch):
        assert await models.Mentor.all().count() == 2
    assert await models.MatchRun.all().count() == 1


async def test_the_event_loop_goes_on_while_a_run_is_computed_in_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await programme(mentors=40, requests=40)
    monkeypatch.setattr(match_runs, "PAIRS_IN_A_THREAD", 0)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.005)
            beats += 1

    beating = asyncio.create_task(beat())
    outcome = await run()
    beating.cancel()
    assert len(outcome.proposals) == 40
    # Starting the process alone takes a hundred beats; a loop held up by it has a few.
    assert beats > 40


async def test_starting_needs_the_permission() -> None:
    mentee = Actor(account_id=models.Row().id, grants=(Grant(Role.MENTEE),))
    with pytest.raises(NotAllowed, match=r"start\.any\.match_run"):
        await match_runs.start(MatchRunStart(), by=mentee)
    with pytest.raises(NotSignedIn):
        await match_runs.start(MatchRunStart(), by=ANONYMOUS)


async def test_a_manager_starts_a_run_and_is_named_in_its_history() -> None:
    await programme(mentors=1, requests=1)
    manager = Actor(
        account_id=models.Mentor().id, label="M", grants=(Grant(Role.MENTORING_MANAGER),)
    )
    stored = await match_runs.start(MatchRunStart(note="New arrivals"), by=manager)
    assert (stored.number, stored.trigger) == (1, MatchRunTrigger.PERSON)
    event = await models.AuditEvent.get(aggregate_id=stored.id)
    assert (event.actor_id, event.reason) == (manager.account_id, "New arrivals")


async def test_pins_and_bans_in_force_bind_a_run_and_what_cannot_be_kept_is_said() -> None:
    world = await programme(mentors=2, requests=1)
    first = (await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)).proposals[0]
    other = next(mentor for mentor in world.mentors if mentor.id != first.mentor_id)
    decided = {"request_id": first.request_id, "state": OverrideState.IN_FORCE}
    await factories.make_override(kind=OverrideKind.PIN, mentor_id=other.id, **decided)
    second = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert [proposal.mentor_id for proposal in second.proposals] == [other.id]
    assert (await match_proofs.verify()).holds
    assert second.run.broken_pin_count == 0
    # A pin that is out of date stops no run: it binds nothing, and is counted.
    await models.Mentor.filter(id=other.id).update(available_until="2020-01-01")
    third = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert [proposal.mentor_id for proposal in third.proposals] == [first.mentor_id]
    assert third.run.broken_pin_count == 1
    assert (await match_proofs.verify()).holds


async def test_decisions_that_cannot_all_be_kept_are_said_and_nothing_is_stored() -> None:
    world = await programme(mentors=1, requests=2)
    for request in world.requests:
        await factories.make_override(
            kind=OverrideKind.PIN,
            state=OverrideState.IN_FORCE,
            mentor_id=world.mentors[0].id,
            request_id=request.id,
        )
    await models.Mentor.all().update(capacity=1)
    with pytest.raises(Conflict, match="No pairing keeps all that was decided"):
        await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert not await models.MatchRun.exists()


async def test_a_ban_in_force_keeps_two_apart_and_one_that_is_only_proposed_does_not() -> None:
    await programme(mentors=1, requests=1)
    pair = (await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)).proposals[0]
    named = {"request_id": pair.request_id, "mentor_id": pair.mentor_id}
    await factories.make_override(kind=OverrideKind.BAN, **named)
    assert not (await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)).is_new
    row = models.MatchOverride.filter(**named)
    today = date.today()  # noqa: DTZ011 - the database's day decides, and this one is stored
    await row.update(
        state=OverrideState.IN_FORCE, version=2, decided_on=today, decided_by_id=uuid4()
    )
    banned = await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)
    assert (banned.proposals, len(banned.unmatched)) == ([], 1)
    assert banned.unmatched[0].rule_counts == {"BANNED": 1}
    assert (await match_proofs.verify()).holds
