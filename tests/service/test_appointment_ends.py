"""Ends of appointments: what closes with them, and who becomes a mentor."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service import appointments, clock, models
from service.access.actors import Actor
from service.mentors import MentorOffer
from service.models.vocabulary import (
    AppointmentState,
    CauseOfEnd,
    ClosingReason,
    Function,
    MentorshipState,
    Precision,
    ProposalState,
    RequestState,
)
from tests import factories
from tests.appointing import START, a_change, an_end, columns
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")


async def test_an_end_closes_the_service_and_leaves_other_service_alone(hr: Actor) -> None:
    row = await appointments.record(await a_change(), by=hr)
    other = await factories.make_experience(
        person_id=row.person_id, ended_on=None, ended_precision=None
    )
    ended = await appointments.end(an_end(row, cause=CauseOfEnd.RESIGNATION), by=hr)
    assert columns(ended, "state", "ended_on", "cause_of_end", "version") == [
        AppointmentState.ENDED,
        date(2024, 3, 31),
        CauseOfEnd.RESIGNATION,
        2,
    ]
    mine = await models.Experience.get(post_id=row.post_id)
    assert (mine.ended_on, mine.ended_precision) == (date(2024, 3, 31), Precision.DAY)
    assert (await models.Experience.get(id=other.id)).ended_on is None
    assert (await history_of(row.id))[-1] == (
        "end",
        {
            "state": ["IN_POST", "ENDED"],
            "ended_on": [None, "2024-03-31"],
            "cause_of_end": [None, "RESIGNATION"],
        },
    )
    assert (await history_of(row.person_id))[-1] == (
        "close_experience",
        {"experience.ended_on": [None, "2024-03-31"]},
    )


async def test_the_last_day_is_neither_before_the_first_nor_ahead_of_the_database(
    hr: Actor,
) -> None:
    row = await factories.make_appointment()
    today = await clock.today()
    for day in (START - timedelta(days=1), today + timedelta(days=1)):
        async with refused("INVALID", "ended_on"):
            await appointments.end(an_end(row, ended_on=day), by=hr)
    assert (await appointments.end(an_end(row, ended_on=today), by=hr)).ended_on == today


async def test_a_leaver_who_consents_is_a_mentor_in_the_same_breath(hr: Actor) -> None:
    post = await factories.make_post(function=Function.DEPUTY_HEAD_OF_MISSION)
    row = await factories.make_appointment(post=post)
    enemy = await factories.make_person()
    offer = MentorOffer(
        consents=True,
        capacity=2,
        themes=["PROTECTION_OF_CIVILIANS"],
        statement="Transitions.",
        time_zone="Africa/Nairobi",
        available_from=date(2024, 6, 1),
        conflicts_declared=True,
        conflicts=[enemy.id],
    )
    await appointments.end(an_end(row, mentor=offer), by=hr)
    mentor = await models.Mentor.get(person_id=row.person_id)
    assert (mentor.capacity, mentor.themes, mentor.statement, mentor.time_zone) == (
        2,
        ["PROTECTION_OF_CIVILIANS"],
        "Transitions.",
        "Africa/Nairobi",
    )
    assert mentor.conflicts_declared_at == mentor.consented_at
    declared = await models.DeclaredConflict.get(declared_by_id=row.person_id)
    assert declared.other_id == enemy.id
    assert [verb for verb, _ in await history_of(mentor.id)] == ["register"]


async def test_a_leaver_who_does_not_consent_is_no_mentor(hr: Actor) -> None:
    row = await factories.make_appointment()
    await appointments.end(an_end(row, mentor=MentorOffer(consents=False)), by=hr)
    assert await models.Mentor.all().count() == 0


@pytest.mark.parametrize(
    ("function", "cause", "offer", "path"),
    [
        ("HEAD_OF_MISSION", "DEATH", {}, ("mentor",)),
        ("CHIEF_OF_STAFF", "TERM_END", {}, ("mentor",)),
        (
            "HEAD_OF_MISSION",
            "TERM_END",
            {"refused_nationalities": ["XXX"]},
            ("mentor", "refused_nationalities"),
        ),
        ("HEAD_OF_MISSION", "TERM_END", {"conflicts": [uuid4()]}, ("mentor", "conflicts")),
        (
            "HEAD_OF_MISSION",
            "TERM_END",
            {"available_from": date(2025, 1, 2), "available_until": date(2025, 1, 1)},
            ("mentor", "available_until"),
        ),
    ],
)
async def test_an_end_with_an_impossible_mentor_does_not_happen(
    hr: Actor, function: str, cause: str, offer: dict[str, Any], path: tuple[str, ...]
) -> None:
    row = await factories.make_appointment(post=await factories.make_post(function=function))
    mentor = MentorOffer(consents=True, **offer)
    async with refused("INVALID", *path):
        await appointments.end(an_end(row, cause=cause, mentor=mentor), by=hr)


async def test_who_mentors_already_is_not_registered_twice(hr: Actor) -> None:
    row = await factories.make_appointment()
    await factories.make_mentor(person_id=row.person_id)
    async with refused("CONFLICT", "mentor", saying="already"):
        await appointments.end(an_end(row, mentor=MentorOffer(consents=True)), by=hr)


async def test_a_leaver_s_waiting_request_closes_and_its_proposal_falls(hr: Actor) -> None:
    row = await factories.make_appointment()
    request = await factories.make_request(appointment=row)
    proposal = await factories.make_proposal(request=request)
    await appointments.end(an_end(row), by=hr)
    assert (await models.MentorshipRequest.get(id=request.id)).state == RequestState.CLOSED
    assert (await models.MatchProposal.get(id=proposal.id)).state == ProposalState.SUPERSEDED
    assert await history_of(request.id) == [("close", {"state": ["WAITING", "CLOSED"]})]
    assert await history_of(proposal.id) == [("supersede", {"state": ["PROPOSED", "SUPERSEDED"]})]


async def test_a_leaver_s_mentorship_closes_because_the_mentee_left(hr: Actor) -> None:
    row = await factories.make_appointment()
    request = await factories.make_request(appointment=row, state=RequestState.MATCHED)
    pair = await factories.make_mentorship(request=request)
    bystander = await factories.make_mentorship()
    await appointments.end(an_end(row), by=hr)
    closed = await models.Mentorship.get(id=pair.id)
    assert (closed.state, closed.closing_reason, closed.closed_on) == (
        MentorshipState.CLOSED,
        ClosingReason.MENTEE_LEFT_POST,
        await clock.today(),
    )
    assert (await models.MentorshipRequest.get(id=request.id)).state == RequestState.CLOSED
    assert (await models.Mentorship.get(id=bystander.id)).state == MentorshipState.ACTIVE
