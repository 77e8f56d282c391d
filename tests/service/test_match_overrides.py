"""Pins and bans: two people decide, neither of them half of the pair, and only while it counts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from tortoise import connections

from service import clock, match_overrides, models
from service.access.actors import Actor, system
from service.access.roles import Role
from service.match_overrides import NewMatchOverride, OverrideApproval, OverrideRefusal
from service.models.match_overrides import COUNTS_TODAY
from service.models.vocabulary import OverrideKind, OverrideState
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")

WHY = "They know the country best."


async def soon(days: int = 90) -> date:
    return await clock.today() + timedelta(days=days)


async def a_pair() -> tuple[models.MentorshipRequest, models.Mentor]:
    request, mentor = await factories.make_request(), await factories.make_mentor()
    await factories.suit(request, mentor)
    return request, mentor


async def an_override(**changes: Any) -> NewMatchOverride:
    values: dict[str, Any] = {"kind": OverrideKind.PIN, "reason": WHY, "ends_on": await soon()}
    if not {"request_id", "mentor_id"} <= set(changes):
        request, mentor = await a_pair()
        values |= {"request_id": request.id, "mentor_id": mentor.id}
    return NewMatchOverride(**values | changes)


def a_manager(person: models.Person | None = None) -> Actor:
    return factories.an_actor(Role.MENTORING_MANAGER, person=person)


async def approved(row: models.MatchOverride, by: Actor | None = None) -> models.MatchOverride:
    change = OverrideApproval(id=row.id, version=row.version)
    return await match_overrides.approve(change, by=by or a_manager())


async def declined(row: models.MatchOverride, by: Actor | None = None) -> models.MatchOverride:
    change = OverrideRefusal(id=row.id, version=row.version, reason="Hearsay.")
    return await match_overrides.decline(change, by=by or a_manager())


async def withdrawn(row: models.MatchOverride, by: Actor | None = None) -> models.MatchOverride:
    change = OverrideRefusal(id=row.id, version=row.version, reason="They made peace.")
    return await match_overrides.withdraw(change, by=by or a_manager())


DECIDE: dict[str, Callable[..., Awaitable[models.MatchOverride]]] = {
    "approve": approved,
    "decline": declined,
    "withdraw": withdrawn,
}


async def counting() -> set[tuple[str, str, str]]:
    """What binds a run of today, as the run's own statement may ask."""
    _, rows = await connections.get("default").execute_query(
        "SELECT kind, request_id, mentor_id FROM match_override decided WHERE "
        + COUNTS_TODAY.format(row="decided")
    )
    return {(row["kind"], str(row["request_id"]), str(row["mentor_id"])) for row in rows}


@pytest.mark.parametrize("kind", OverrideKind)
@pytest.mark.parametrize("role", [Role.HR_OFFICER, Role.MENTORING_MANAGER])
async def test_what_one_proposes_and_another_approves_is_in_force(
    kind: OverrideKind, role: Role
) -> None:
    proposer, other = factories.an_actor(role), factories.an_actor(role)
    change = await an_override(kind=kind)
    row = await match_overrides.propose(change, by=proposer)
    assert await counting() == set()
    stored = await models.MatchOverride.get(id=row.id)
    assert (stored.state, stored.proposed_by_id) == (OverrideState.PROPOSED, proposer.account_id)
    assert (stored.proposed_on, stored.decided_on) == (await clock.today(), None)
    await approved(row, by=other)
    stored = await models.MatchOverride.get(id=row.id)
    assert (stored.state, stored.decided_by_id) == (OverrideState.IN_FORCE, other.account_id)
    assert (stored.decided_on, stored.version) == (await clock.today(), 2)
    assert await counting() == {(kind.value, str(change.request_id), str(change.mentor_id))}


async def test_the_history_keeps_every_step_with_its_reason() -> None:
    row = await match_overrides.propose(await an_override(), by=a_manager())
    await withdrawn(await approved(row))
    verbs = [verb for verb, _ in await history_of(row.id)]
    assert verbs == ["propose", "approve", "withdraw"]
    (_, first), (_, second), _ = await history_of(row.id)
    assert (first["kind"], first["reason"]) == ([None, "PIN"], [None, WHY])
    assert second["state"] == ["PROPOSED", "IN_FORCE"]
    events = await models.AuditEvent.filter(aggregate_id=row.id).order_by("sequence")
    assert [event.reason for event in events] == [WHY, None, "They made peace."]


@pytest.mark.parametrize("role", [Role.HR_OFFICER, Role.MENTORING_MANAGER])
async def test_whoever_proposed_an_override_does_not_approve_it_and_may_take_it_back(
    role: Role,
) -> None:
    proposer = factories.an_actor(role)
    row = await match_overrides.propose(await an_override(), by=proposer)
    async with refused("NOT_ALLOWED", saying="You proposed this override; somebody else"):
        await approved(row, by=proposer)
    done = await declined(row, by=proposer)
    assert (done.state, done.decline_reason) == (OverrideState.DECLINED, "Hearsay.")
    assert await counting() == set()


@pytest.mark.parametrize("half", ["request", "mentor"])
async def test_neither_half_of_the_pair_proposes(half: str) -> None:
    request, mentor = await a_pair()
    change = await an_override(request_id=request.id, mentor_id=mentor.id)
    person = await (request if half == "request" else mentor).person
    async with refused("NOT_ALLOWED", saying="You are part of this pair"):
        await match_overrides.propose(change, by=a_manager(person))


@pytest.mark.parametrize("half", ["request", "mentor"])
@pytest.mark.parametrize("verb", DECIDE)
async def test_to_either_half_of_the_pair_there_is_no_such_override(half: str, verb: str) -> None:
    state = "IN_FORCE" if verb == "withdraw" else "PROPOSED"
    row = await factories.make_override(state=state)
    person = await (await getattr(row, half)).person
    async with refused("NOT_FOUND", "id"):
        await DECIDE[verb](row, by=a_manager(person))
    done = await DECIDE[verb](row, by=a_manager(await factories.make_person()))
    assert done.version == 2


async def test_a_machine_decides_nothing() -> None:
    night, change = system("The night"), await an_override()
    async with refused("NOT_ALLOWED", saying="A person decides"):
        await match_overrides.propose(change, by=night)
    row = await factories.make_override()
    for verb in ("approve", "decline"):
        async with refused("NOT_ALLOWED", saying="A person decides"):
            await DECIDE[verb](row, by=night)


@pytest.mark.parametrize("verb", ["propose", *DECIDE])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("owner", "NOT_FOUND"),
        ("hr", None),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", "NOT_FOUND"),
        ("manager", None),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
async def test_only_the_programme_decides(kind: str, code: str | None, verb: str) -> None:
    request, mentor = await a_pair()
    await request.fetch_related("person", "appointment__post__mission")
    by = factories.callers(request.person, request.appointment.post.mission)[kind]
    if verb == "propose":
        change = await an_override(request_id=request.id, mentor_id=mentor.id)
        if code is None:
            assert (await match_overrides.propose(change, by=by)).version == 1
            return
        # There is no row yet to hide from them.
        async with refused(code.replace("NOT_FOUND", "NOT_ALLOWED")):
            await match_overrides.propose(change, by=by)
        return
    state = "IN_FORCE" if verb == "withdraw" else "PROPOSED"
    row = await factories.make_override(request=request, mentor=mentor, state=state)
    if code is None:
        assert (await DECIDE[verb](row, by=by)).version == 2
        return
    async with refused(code, *(["id"] if code == "NOT_FOUND" else [])):
        await DECIDE[verb](row, by=by)


ALLOWED = {("PROPOSED", "approve"), ("PROPOSED", "decline"), ("IN_FORCE", "withdraw")}
OVER: dict[str, dict[str, Any]] = {
    "DECLINED": {"decline_reason": "Hearsay."},
    "WITHDRAWN": {"withdrawn_on": date(2026, 1, 1), "withdrawal_reason": "They made peace."},
}


@pytest.mark.parametrize("state", OverrideState)
@pytest.mark.parametrize("verb", DECIDE)
async def test_only_the_next_step_is_taken(state: OverrideState, verb: str) -> None:
    row = await factories.make_override(state=state, **OVER.get(state, {}))
    if (state, verb) in ALLOWED:
        assert (await DECIDE[verb](row)).version == 2
        return
    async with refused("CONFLICT", "id", saying=f"is {state.label.lower()}"):
        await DECIDE[verb](row)


@pytest.mark.parametrize("verb", DECIDE)
async def test_an_older_version_is_not_decided_upon(verb: str) -> None:
    state = "IN_FORCE" if verb == "withdraw" else "PROPOSED"
    row = await factories.make_override(state=state, version=3)
    row.version = 2
    async with refused("VERSION_CONFLICT", "version"):
        await DECIDE[verb](row)


@pytest.mark.parametrize("days", [-1, 0, 367])
async def test_an_override_ends_after_today_and_within_a_year(days: int) -> None:
    change = await an_override(ends_on=await soon(days))
    async with refused("INVALID", "ends_on", saying="at most a year ahead"):
        await match_overrides.propose(change, by=a_manager())


async def test_an_override_may_end_tomorrow_or_in_a_year() -> None:
    for days in (1, 365):
        row = await match_overrides.propose(
            await an_override(ends_on=await soon(days)), by=a_manager()
        )
        assert row.state is OverrideState.PROPOSED


async def test_two_live_overrides_of_a_pair_are_refused() -> None:
    change = await an_override()
    row = await match_overrides.propose(change, by=a_manager())
    ban = change.model_copy(update={"kind": OverrideKind.BAN})
    for step in (approved, withdrawn):
        async with refused("CONFLICT", "mentor_id", saying="proposed or in force"):
            await match_overrides.propose(ban, by=a_manager())
        row = await step(row)
    assert (await match_overrides.propose(ban, by=a_manager())).state is OverrideState.PROPOSED


async def test_a_second_pin_of_a_request_is_refused_while_the_first_is_in_force() -> None:
    request, mentor = await a_pair()
    first = await factories.make_pin(request=request, mentor=mentor)
    second = await factories.make_pin(request=request)
    await approved(first)
    async with refused("CONFLICT", "id", saying="Another pin is in force for this request"):
        await approved(second)
    await withdrawn(await models.MatchOverride.get(id=first.id))
    assert (await approved(second)).state is OverrideState.IN_FORCE


async def test_of_two_pins_approved_at_once_one_counts() -> None:
    request = await factories.make_request()
    rows = [await factories.make_pin(request=request) for _ in range(3)]
    await asyncio.gather(*(approved(row) for row in rows), return_exceptions=True)
    assert len(await counting()) == 1


@pytest.mark.parametrize("kind", OverrideKind)
async def test_what_no_longer_waits_is_neither_proposed_nor_approved(kind: OverrideKind) -> None:
    row = await factories.make_override(kind=kind)
    await models.MentorshipRequest.filter(id=row.request_id).update(state="WITHDRAWN", version=2)
    async with refused("CONFLICT", "id", saying="The request is withdrawn"):
        await approved(row)
    change = await an_override(request_id=row.request_id, mentor_id=row.mentor_id, kind=kind)
    async with refused("CONFLICT", "request_id", saying="The request is withdrawn"):
        await match_overrides.propose(change, by=a_manager())


async def test_nobody_is_pinned_to_themselves() -> None:
    request = await factories.make_request()
    mentor = await factories.make_mentor(person_id=request.person_id)
    change = await an_override(request_id=request.id, mentor_id=mentor.id)
    async with refused("INVALID", "mentor_id", saying="Nobody mentors themselves"):
        await match_overrides.propose(change, by=a_manager())


async def test_an_override_whose_day_has_come_is_not_approved() -> None:
    row = await factories.make_override(proposed_on=await soon(-9), ends_on=await soon(0))
    async with refused("CONFLICT", "id", saying="It would have ended on"):
        await approved(row)


async def test_an_override_counts_until_its_day_and_not_on_it() -> None:
    for days in (0, 1):
        row = await factories.make_override(
            state="IN_FORCE", proposed_on=await soon(-9), ends_on=await soon(days)
        )
    assert await counting() == {("BAN", str(row.request_id), str(row.mentor_id))}


@pytest.mark.parametrize("state", ["MATCHED", "WITHDRAWN", "CLOSED"])
async def test_an_override_of_a_request_that_waits_no_longer_stops_counting(state: str) -> None:
    row = await factories.make_override(state="IN_FORCE")
    assert len(await counting()) == 1
    await models.MentorshipRequest.filter(id=row.request_id).update(state=state)
    assert await counting() == set()
    assert (await models.MatchOverride.get(id=row.id)).state is OverrideState.IN_FORCE


async def test_an_override_of_a_mentor_who_withdrew_stops_counting_until_they_return() -> None:
    row = await factories.make_override(state="IN_FORCE")
    mentors = models.Mentor.filter(id=row.mentor_id)
    await mentors.update(withdrawn_at=factories.NOON)
    assert await counting() == set()
    await mentors.update(withdrawn_at=None)
    assert len(await counting()) == 1


async def test_a_ban_drops_what_is_proposed_for_the_two_and_for_nobody_else() -> None:
    proposal, other = await factories.make_proposal(), await factories.make_proposal()
    same_mentor = await factories.make_proposal(mentor_id=proposal.mentor_id)
    row = await factories.make_override(
        request_id=proposal.request_id, mentor_id=proposal.mentor_id
    )
    await approved(row)
    states = {each.id: each.state.value for each in await models.MatchProposal.all()}
    assert states == {
        proposal.id: "SUPERSEDED",
        other.id: "PROPOSED",
        same_mentor.id: "PROPOSED",
    }


async def test_a_pin_leaves_what_is_proposed_to_the_next_run() -> None:
    proposal = await factories.make_proposal()
    await approved(await factories.make_pin(request_id=proposal.request_id))
    assert (await models.MatchProposal.get(id=proposal.id)).state == "PROPOSED"
