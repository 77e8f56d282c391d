"""Requests for a mentor: who may ask, what is kept, and how a request is taken back."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from service import mentorship_requests, models
from service.access.actors import Actor
from service.mentorship_requests import NewMentorshipRequest, RequestWithdrawal
from service.models.vocabulary import (
    Function,
    Gender,
    PreferenceKind,
    ProposalState,
    RequestState,
    TopCriterion,
)
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")
GOALS = "Lead a mission through its drawdown."


async def a_wish(person_id: UUID | None = None, **changes: Any) -> NewMentorshipRequest:
    if person_id is None:
        person_id = (await factories.make_appointment()).person_id
    return NewMentorshipRequest(**{"person_id": person_id, "goals": GOALS} | changes)


async def test_a_leader_s_request_is_kept_as_it_was_made(hr: Actor) -> None:
    appointment = await factories.make_appointment()
    mentors = [await factories.make_mentor() for _ in range(3)]
    enemy = await factories.make_person()
    change = await a_wish(
        appointment.person_id,
        top_criterion=TopCriterion.LANGUAGE,
        preferred_gender=Gender.FEMALE,
        refused_nationalities=["FRA"],
        time_zone="Africa/Nairobi",
        preferred=[mentors[1].id, mentors[0].id],
        refused=[mentors[2].id],
        conflicts_declared=True,
        conflicts=[enemy.id],
    )
    row = await mentorship_requests.request(change, by=hr)
    stored = await models.MentorshipRequest.get(id=row.id).values()
    assert stored["requested_at"] == stored["conflicts_declared_at"]
    del stored["requested_at"], stored["conflicts_declared_at"], stored["created_at"]
    assert stored == {
        "id": row.id,
        "person_id": appointment.person_id,
        "appointment_id": appointment.id,
        "state": RequestState.WAITING,
        "goals": GOALS,
        "top_criterion": TopCriterion.LANGUAGE,
        "preferred_gender": Gender.FEMALE,
        "refused_nationalities": ["FRA"],
        "time_zone": "Africa/Nairobi",
        "version": 1,
    }
    wishes = await models.MentorPreference.all().values_list("mentor_id", "kind", "rank")
    assert set(wishes) == {
        (mentors[1].id, PreferenceKind.PREFERRED, 1),
        (mentors[0].id, PreferenceKind.PREFERRED, 2),
        (mentors[2].id, PreferenceKind.REFUSED, None),
    }
    declared = await models.DeclaredConflict.get()
    assert (declared.declared_by_id, declared.other_id) == (appointment.person_id, enemy.id)
    ((verb, changes),) = await history_of(row.id)
    assert (verb, changes["goals"]) == ("request", [None, GOALS])
    assert changes["refused"] == [None, [str(mentors[2].id)]]


@pytest.mark.parametrize(
    ("function", "state", "may_ask"),
    [
        ("HEAD_OF_MISSION", "IN_POST", True),
        ("DEPUTY_HEAD_OF_MISSION", "EXTENDED", True),
        ("CHIEF_OF_STAFF", "IN_POST", False),
        ("HEAD_OF_MISSION", "ENDED", False),
        ("HEAD_OF_MISSION", "CLEARED_TO_TRAVEL", False),
    ],
)
async def test_only_who_leads_a_mission_today_asks_for_a_mentor(
    hr: Actor, *, function: Function, state: str, may_ask: bool
) -> None:
    ended = {"ended_on": factories.NOON.date(), "cause_of_end": "TERM_END"}
    appointment = await factories.make_appointment(
        post=await factories.make_post(function=function),
        state=state,
        **ended if state == "ENDED" else {},
    )
    change = await a_wish(appointment.person_id)
    if may_ask:
        row = await mentorship_requests.request(change, by=hr)
        assert row.appointment_id == appointment.id
        return
    async with refused("INVALID", "person_id"):
        await mentorship_requests.request(change, by=hr)


@pytest.mark.parametrize("state", ["WAITING", "MATCHED"])
async def test_a_second_open_request_is_refused(hr: Actor, state: str) -> None:
    first = await factories.make_request(state=state)
    change = await a_wish(first.person_id)
    async with refused("CONFLICT", "person_id", saying="open request"):
        await mentorship_requests.request(change, by=hr)


async def test_after_the_last_request_closed_another_may_follow(hr: Actor) -> None:
    first = await factories.make_request(state=RequestState.CLOSED)
    row = await mentorship_requests.request(await a_wish(first.person_id), by=hr)
    assert row.state == RequestState.WAITING


async def test_of_two_requests_at_once_one_is_kept(hr: Actor) -> None:
    change = await a_wish()
    answers = await asyncio.gather(
        *(mentorship_requests.request(change, by=hr) for _ in range(3)), return_exceptions=True
    )
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["Conflict", "Conflict", "MentorshipRequest"]
    assert await models.AuditEvent.filter(aggregate="MentorshipRequest").count() == 1


async def test_a_mentor_stands_once_and_must_be_there(hr: Actor) -> None:
    mentor = await factories.make_mentor()
    twice = await a_wish(preferred=[mentor.id], refused=[mentor.id])
    async with refused("INVALID", "preferred"):
        await mentorship_requests.request(twice, by=hr)
    unknown = await a_wish(refused=[uuid4()])
    async with refused("NOT_FOUND", "refused"):
        await mentorship_requests.request(unknown, by=hr)


async def test_nobody_asks_for_themselves_as_a_mentor(hr: Actor) -> None:
    appointment = await factories.make_appointment()
    mentor = await factories.make_mentor(person_id=appointment.person_id)
    change = await a_wish(appointment.person_id, preferred=[mentor.id])
    async with refused("INVALID", "preferred"):
        await mentorship_requests.request(change, by=hr)


async def test_unknown_states_and_undeclared_conflicts_are_refused(hr: Actor) -> None:
    states = await a_wish(refused_nationalities=["XXX"])
    async with refused("INVALID", "refused_nationalities"):
        await mentorship_requests.request(states, by=hr)
    conflicts = await a_wish(conflicts=[(await factories.make_person()).id])
    async with refused("INVALID", "conflicts"):
        await mentorship_requests.request(conflicts, by=hr)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("owner", None),
        ("hr", None),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", None),
        ("manager", None),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
@pytest.mark.parametrize("verb", ["request", "withdraw"])
async def test_requests_are_the_leader_s_own_hr_s_and_the_programme_s(
    verb: str, kind: str, code: str | None
) -> None:
    if (verb, kind) == ("request", "manager"):
        # A file outside the programme is hidden from those who run it.
        code = "NOT_FOUND"
    appointment = await factories.make_appointment()
    await appointment.fetch_related("person", "post__mission")
    by = factories.callers(appointment.person, appointment.post.mission)[kind]
    if verb == "request":
        doing: Any = mentorship_requests.request
        change: Any = await a_wish(appointment.person_id)
        path = "person_id"
    else:
        row = await factories.make_request(appointment=appointment)
        doing, path = mentorship_requests.withdraw, "id"
        change = RequestWithdrawal(id=row.id, version=1)
    if code is None:
        assert (await doing(change, by=by)).person_id == appointment.person_id
        return
    async with refused(code, *([path] if code == "NOT_FOUND" else [])):
        await doing(change, by=by)


async def test_a_withdrawn_request_waits_no_longer_and_its_proposal_falls(hr: Actor) -> None:
    row = await factories.make_request()
    proposal = await factories.make_proposal(request=row)
    await mentorship_requests.withdraw(RequestWithdrawal(id=row.id, version=1), by=hr)
    stored = await models.MentorshipRequest.get(id=row.id)
    assert (stored.state, stored.version) == (RequestState.WITHDRAWN, 2)
    assert (await models.MatchProposal.get(id=proposal.id)).state == ProposalState.SUPERSEDED
    assert await history_of(row.id) == [("withdraw", {"state": ["WAITING", "WITHDRAWN"]})]


@pytest.mark.parametrize("state", ["MATCHED", "WITHDRAWN", "CLOSED"])
async def test_only_a_waiting_request_is_withdrawn(hr: Actor, state: str) -> None:
    row = await factories.make_request(state=state)
    async with refused("CONFLICT", "id"):
        await mentorship_requests.withdraw(RequestWithdrawal(id=row.id, version=1), by=hr)


async def test_an_older_version_is_not_withdrawn(hr: Actor) -> None:
    row = await factories.make_request(version=2)
    async with refused("VERSION_CONFLICT", "version"):
        await mentorship_requests.withdraw(RequestWithdrawal(id=row.id, version=1), by=hr)
