"""Appointments and cover, over HTTP: what each step answers and in which words it is refused."""

from datetime import date
from typing import Any

import pytest

from service import models
from tests import factories
from tests.factories import history_of
from tests.schema.served import Served, opaque
from tests.schema.verbs import CASES, paired

WHOLE = """
    state offeredOn startedOn termEndsOn endedOn causeOfEnd announcedOn version
    person { id } post { id }
"""
EMPTY = dict.fromkeys(
    ("offeredOn", "startedOn", "termEndsOn", "endedOn", "causeOfEnd", "announcedOn")
)


async def sound(served: Served, verb: str, **changes: Any) -> dict[str, Any]:
    """The input of the verb's case, changed."""
    return await CASES[verb].given(served.world) | changes


async def test_a_recorded_appointment_is_answered_as_it_stands(served: Served) -> None:
    dates = {
        "offeredOn": "2023-11-30",
        "termEndsOn": "2026-01-31",
        "announcedOn": "2024-01-02",
    }
    given = await sound(served, "recordAppointment", **dates)
    assert await served.done("recordAppointment", given, select=WHOLE) == EMPTY | dates | {
        "state": "IN_POST",
        "startedOn": "2024-01-31",
        "version": 1,
        "person": {"id": given["personId"]},
        "post": {"id": given["postId"]},
    }


async def test_an_offer_is_recorded_without_a_first_day(served: Served) -> None:
    given = await sound(served, "recordAppointment", state="OFFERED", startedOn=None)
    row = await served.done("recordAppointment", given, select="state startedOn")
    assert row == {"state": "OFFERED", "startedOn": None}


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            {"state": "ENDED"},
            ["state"],
            "Record one of OFFERED, ACCEPTED, CLEARED_TO_TRAVEL, IN_POST; later states are steps.",
        ),
        ({"startedOn": None}, ["startedOn"], "IN_POST needs this date."),
        (
            {"state": "OFFERED"},
            ["startedOn"],
            "A first day goes with IN_POST only; leave it out.",
        ),
        (
            {"startedOn": "2999-01-01"},
            ["startedOn"],
            "The first day lies ahead; until then the state is CLEARED_TO_TRAVEL.",
        ),
        (
            {"offeredOn": "2024-02-01"},
            ["startedOn"],
            "Nobody starts before the offer; correct a date.",
        ),
        (
            {"startedOn": "2009-12-31"},
            ["postId"],
            "The post was established later, on 2010-01-01.",
        ),
        (
            {"termEndsOn": "2024-01-30"},
            ["termEndsOn"],
            "The term ends before it starts; correct its last day.",
        ),
        (
            {"state": None},
            ["state"],
            "This cannot be null; give a value, or leave the field out.",
        ),
    ],
)
async def test_an_appointment_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], path: list[str], message: str
) -> None:
    given = await sound(served, "recordAppointment", **change)
    assert await served.refused("recordAppointment", given) == ("INVALID", path, message)


async def test_a_post_has_one_holder_and_hidden_people_are_not_appointed(served: Served) -> None:
    post = await models.Post.get(id=served.world.appointment.post_id)
    given = await sound(served, "recordAppointment", postId=opaque(post))
    assert await served.refused("recordAppointment", given) == (
        "CONFLICT",
        ["startedOn"],
        "The post has a holder in this period; record their end first, or choose other dates.",
    )
    stranger = await sound(served, "recordAppointment", personId=opaque(served.world.stranger))
    assert await served.refused("recordAppointment", stranger, by="hr_here") == (
        "NOT_FOUND",
        ["personId"],
        "There is no such Person, or you may not see it.",
    )


async def test_an_offer_becomes_a_service_step_by_step(served: Served) -> None:
    given = await sound(served, "advanceAppointment")
    facts: list[tuple[str, dict[str, Any]]] = [
        ("ACCEPTED", {"termEndsOn": "2027-01-31"}),
        ("CLEARED_TO_TRAVEL", {"announcedOn": "2024-01-15"}),
        ("IN_POST", {"startedOn": "2024-01-31"}),
    ]
    shown: dict[str, Any] = EMPTY | {"person": {"id": opaque(served.world.owner)}}
    for version, (state, change) in enumerate(facts, start=1):
        step = {"id": given["id"], "version": version, "to": state, **change}
        row = await served.done("advanceAppointment", step, select=WHOLE)
        row.pop("post")
        shown |= change
        assert row == shown | {"state": state, "version": version + 1}


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"to": "IN_POST", "startedOn": "2024-01-31"},
            "CONFLICT",
            ["to"],
            "From OFFERED an appointment can go to ACCEPTED, DECLINED, WITHDRAWN; not IN_POST.",
        ),
        (
            {"startedOn": "2024-01-31"},
            "INVALID",
            ["startedOn"],
            "A first day goes with IN_POST only; leave it out.",
        ),
        (
            {"version": 2},
            "VERSION_CONFLICT",
            ["version"],
            "It changed since you read it; read it again and repeat your change.",
        ),
    ],
)
async def test_a_step_that_does_not_follow_is_refused(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "advanceAppointment", **change)
    assert await served.refused("advanceAppointment", given) == (code, path, message)


async def test_a_term_is_extended_and_extended_again_but_never_cut(served: Served) -> None:
    given = await sound(served, "extendAppointment")
    row = await served.done("extendAppointment", given, select="state termEndsOn version")
    assert row == {"state": "EXTENDED", "termEndsOn": "2031-01-14", "version": 2}
    again = given | {"version": 2, "termEndsOn": "2032-01-14"}
    row = await served.done("extendAppointment", again, select="state termEndsOn version")
    assert row == {"state": "EXTENDED", "termEndsOn": "2032-01-14", "version": 3}
    assert await served.refused("extendAppointment", again | {"version": 3}) == (
        "INVALID",
        ["termEndsOn"],
        "An extension ends later than 2032-01-14.",
    )


async def test_an_offer_has_no_term_to_extend_and_nothing_to_end(served: Served) -> None:
    offer = await sound(served, "advanceAppointment")
    extension = {"id": offer["id"], "version": 1, "termEndsOn": "2031-01-14"}
    code, path, _ = await served.refused("extendAppointment", extension)
    assert (code, path) == ("CONFLICT", ["id"])
    end = {"id": offer["id"], "version": 1, "endedOn": "2024-06-30", "cause": "RESIGNATION"}
    code, path, _ = await served.refused("endAppointment", end)
    assert (code, path) == ("CONFLICT", ["id"])


async def test_an_ended_appointment_closes_the_service_the_request_and_the_pair(
    served: Served,
) -> None:
    pair = await paired(served.world)
    given = await sound(served, "endAppointment", cause="MISSION_CLOSURE")
    select = f"{WHOLE} mentorshipRequests {{ edges {{ node {{ state }} }} }}"
    row = await served.done("endAppointment", given, select=select)
    assert row == EMPTY | {
        "state": "ENDED",
        "startedOn": "2023-01-15",
        "termEndsOn": "2030-01-14",
        "endedOn": "2024-06-30",
        "causeOfEnd": "MISSION_CLOSURE",
        "version": 2,
        "person": {"id": opaque(served.world.owner)},
        "post": row["post"],
        "mentorshipRequests": {"edges": [{"node": {"state": "CLOSED"}}]},
    }
    pair = await models.Mentorship.get(id=pair.id)
    assert (pair.state, pair.closing_reason) == ("CLOSED", "MENTEE_LEFT_POST")
    service = await models.Experience.get(post_id=served.world.appointment.post_id)
    assert service.ended_on == date(2024, 6, 30)


async def test_a_leaver_who_consents_is_a_mentor_in_the_same_answer(served: Served) -> None:
    offer = {
        "consents": True,
        "capacity": 3,
        "statement": "I listen.",
        "timeZone": "Africa/Nairobi",
        "refusedNationalities": ["FRA"],
        "conflictsDeclared": True,
        "conflicts": [opaque(served.world.stranger)],
    }
    given = await sound(served, "endAppointment", mentor=offer)
    select = """
        state person { mentor {
            capacity statement timeZone refusedNationalities activeMentorships version
        } }
    """
    row = await served.done("endAppointment", given, select=select)
    kept = {name: value for name, value in offer.items() if not name.startswith("con")}
    mentor = kept | {"activeMentorships": 0, "version": 1}
    assert row == {"state": "ENDED", "person": {"mentor": mentor}}
    stored = await models.Mentor.get(person_id=served.world.owner.id)
    assert [verb for verb, _ in await history_of(stored.id)] == ["register"]


async def test_a_leaver_who_does_not_consent_is_no_mentor(served: Served) -> None:
    given = await sound(served, "endAppointment", mentor={"consents": False, "capacity": 3})
    row = await served.done("endAppointment", given, select="state person { mentor { id } }")
    assert row == {"state": "ENDED", "person": {"mentor": None}}


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"endedOn": "2999-01-01"},
            "INVALID",
            ["endedOn"],
            "The last day lies ahead; record the end when it has come.",
        ),
        (
            {"endedOn": "2023-01-14"},
            "INVALID",
            ["endedOn"],
            "It ends before it starts on 2023-01-15.",
        ),
        (
            {"version": 7},
            "VERSION_CONFLICT",
            ["version"],
            "It changed since you read it; read it again and repeat your change.",
        ),
        (
            {"cause": "DEATH", "mentor": {"consents": True}},
            "INVALID",
            ["mentor"],
            "Somebody who died in post cannot mentor.",
        ),
        (
            {"mentor": {"consents": True, "capacity": 6}},
            "INVALID",
            ["mentor", "capacity"],
            "Give 5 or less.",
        ),
        (
            {"mentor": {"consents": True, "refusedNationalities": ["XXX"]}},
            "INVALID",
            ["mentor", "refusedNationalities"],
            "No Member State has the code XXX.",
        ),
        (
            {
                "mentor": {
                    "consents": True,
                    "availableFrom": "2025-02-01",
                    "availableUntil": "2025-01-31",
                }
            },
            "INVALID",
            ["mentor", "availableUntil"],
            "The mentor's availability ends before it starts; correct its last day.",
        ),
    ],
)
async def test_an_end_that_cannot_be_is_refused_and_leaves_the_holder_in_post(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await sound(served, "endAppointment", **change)
    assert await served.refused("endAppointment", given) == (code, path, message)
    row = await models.Appointment.get(id=served.world.appointment.id)
    assert (row.state, row.version) == ("IN_POST", 1)


async def test_a_leaver_who_mentors_already_is_not_registered_twice(served: Served) -> None:
    await factories.make_mentor(person=served.world.owner)
    given = await sound(served, "endAppointment", mentor={"consents": True})
    assert await served.refused("endAppointment", given) == (
        "CONFLICT",
        ["mentor"],
        "This person is a mentor already; leave the mentor out and update that entry instead.",
    )


async def test_a_designation_is_answered_and_refused_while_somebody_covers(
    served: Served,
) -> None:
    dates = {"endedOn": "2024-03-31", "announcedOn": "2024-02-01"}
    given = await sound(served, "designateActing", **dates)
    select = "kind startedOn endedOn announcedOn personId: person { id } postId: post { id }"
    row = await served.done("designateActing", given, select=select)
    assert row == {
        name: {"id": value} if name.endswith("Id") else value for name, value in given.items()
    }
    assert await served.refused("designateActing", given | {"startedOn": "2024-03-01"}) == (
        "CONFLICT",
        ["startedOn"],
        "Somebody covers the post in this period; choose other dates.",
    )


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            {"endedOn": "2024-01-31"},
            ["endedOn"],
            "The designation ends before it starts; correct its last day.",
        ),
        (
            {"startedOn": "2009-12-31"},
            ["startedOn"],
            "The post was established later, on 2010-01-01.",
        ),
    ],
)
async def test_a_cover_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], path: list[str], message: str
) -> None:
    given = await sound(served, "designateActing", **change)
    assert await served.refused("designateActing", given) == ("INVALID", path, message)
