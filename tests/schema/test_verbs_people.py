"""Files of people, over HTTP: what a change answers, and in which words it is refused."""

from typing import Any

import pytest

from service import models
from tests import factories
from tests.schema.served import Served, opaque, opaque_id
from tests.schema.verbs import CASES

FILE = """
    givenNames familyName gender nationalities expertise availability availableFrom pipelineSince
    version languages { edges { node { language proficiency } } }
    education { edges { node { institution degree subject completedYear } } }
"""
AMINA = {
    "givenNames": " Amina ",
    "familyName": "Óró-Kéïta",
    "gender": "FEMALE",
    "nationalities": ["KEN", "FRA"],
    "languages": [{"language": "fr", "proficiency": "C2"}],
    "education": [{"institution": "Université de Nairobi", "degree": "LLM", "completedYear": 1999}],
    "expertise": "Mediation\nand law.",
    "availability": "AVAILABLE_FROM",
    "availableFrom": "2026-02-28",
    "pipelineSince": "2024-02-29",
}
SHOWN = AMINA | {
    "givenNames": "Amina",
    "version": 1,
    "languages": {"edges": [{"node": {"language": "fr", "proficiency": "C2"}}]},
    "education": {
        "edges": [
            {
                "node": {
                    "institution": "Université de Nairobi",
                    "degree": "LLM",
                    "subject": None,
                    "completedYear": 1999,
                }
            }
        ]
    },
}
NO_NULL = "This cannot be null; give a value, or leave the field out."


async def amina(served: Served) -> str:
    """The id of a file with something in every field."""
    return str((await served.done("createPerson", AMINA))["id"])


async def test_a_new_file_is_answered_as_it_was_sent(served: Served) -> None:
    assert await served.done("createPerson", AMINA, select=FILE) == SHOWN


async def test_a_file_opens_with_two_names_and_nothing_else(served: Served) -> None:
    row = await served.done("createPerson", {"givenNames": "A", "familyName": "B"}, select=FILE)
    assert row == {
        "givenNames": "A",
        "familyName": "B",
        "gender": None,
        "nationalities": [],
        "expertise": "",
        "availability": "NOT_AVAILABLE",
        "availableFrom": None,
        "pipelineSince": None,
        "version": 1,
        "languages": {"edges": []},
        "education": {"edges": []},
    }


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"givenNames": " \n"}, ["givenNames"], "This cannot be empty; write something."),
        ({"familyName": "n" * 121}, ["familyName"], "Write at most 120 characters."),
        ({"expertise": "x" * 10_001}, ["expertise"], "Write at most 10000 characters."),
        ({"nationalities": ["XXX"]}, ["nationalities"], "No Member State has the code XXX."),
        (
            {"nationalities": ["KEN", "fra"]},
            ["nationalities", "1"],
            "This must be an ISO 3166 alpha-3 code such as KEN.",
        ),
        (
            {"nationalities": ["KEN"] * 11},
            ["nationalities"],
            "Give at most 10 entries; these are 11.",
        ),
        (
            {"languages": [{"language": "French", "proficiency": "C2"}]},
            ["languages", "0", "language"],
            "This must be an ISO 639 code such as fr.",
        ),
        (
            {"languages": [{"language": "fr", "proficiency": level} for level in ("C1", "C2")]},
            ["languages"],
            "Each language stands once; give its highest level.",
        ),
        (
            {"education": [{"institution": "U", "degree": ""}]},
            ["education", "0", "degree"],
            "This cannot be empty; write something.",
        ),
        (
            {"education": [{"institution": "U", "degree": "MA", "completedYear": 1929}]},
            ["education", "0", "completedYear"],
            "Give 1930 or more.",
        ),
        (
            {"education": [{"institution": "U", "degree": "MA", "completedYear": 2**31 - 1}]},
            ["education", "0", "completedYear"],
            "Give 2100 or less.",
        ),
        (
            {"availability": "AVAILABLE_FROM"},
            ["availableFrom"],
            "A date of availability goes with AVAILABLE_FROM, and only with it.",
        ),
        (
            {"availableFrom": "2026-01-31"},
            ["availableFrom"],
            "A date of availability goes with AVAILABLE_FROM, and only with it.",
        ),
    ],
)
async def test_a_file_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], path: list[str], message: str
) -> None:
    given = {"givenNames": "A", "familyName": "B"} | change
    assert await served.refused("createPerson", given) == ("INVALID", path, message)
    assert await models.Person.filter(given_names="A").count() == 0


async def test_the_longest_names_and_texts_are_kept_as_they_are(served: Served) -> None:
    given = {"givenNames": "é" * 120, "familyName": "🙂" * 120, "expertise": "語" * 10_000}
    names = "givenNames familyName expertise"
    assert await served.done("createPerson", given, select=names) == given


@pytest.mark.parametrize("name", ["gender", "pipelineSince"])
async def test_null_clears_what_may_be_unknown(served: Served, name: str) -> None:
    given = {"id": await amina(served), "version": 1, name: None}
    row = await served.done("updatePerson", given, select=FILE)
    assert row == SHOWN | {"version": 2, name: None}


async def test_a_date_of_availability_is_cleared_with_its_word(served: Served) -> None:
    change = {"availability": "AVAILABLE", "availableFrom": None}
    given = {"id": await amina(served), "version": 1} | change
    assert await served.done("updatePerson", given, select=FILE) == SHOWN | change | {"version": 2}


@pytest.mark.parametrize(
    "name",
    ["givenNames", "familyName", "nationalities", "languages", "expertise", "availability"],
)
async def test_null_is_refused_where_a_value_must_stay(served: Served, name: str) -> None:
    given = {"id": await amina(served), "version": 1, name: None}
    assert await served.refused("updatePerson", given) == ("INVALID", [name], NO_NULL)


async def test_what_is_omitted_stays_and_empty_lists_empty(served: Served) -> None:
    key = await amina(served)
    row = await served.done("updatePerson", {"id": key, "version": 1}, select=FILE)
    assert row == SHOWN | {"version": 2}
    emptied = {"languages": [], "nationalities": [], "expertise": ""}
    row = await served.done("updatePerson", {"id": key, "version": 2} | emptied, select=FILE)
    assert row == SHOWN | emptied | {"version": 3, "languages": {"edges": []}}


async def test_a_stale_update_names_the_version_of_today(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.done("updatePerson", given)
    payload = await served.do("updatePerson", given)
    assert payload == {
        "row": None,
        "errors": [
            {
                "code": "VERSION_CONFLICT",
                "message": "It changed since you read it; read it again and repeat your change.",
                "path": ["version"],
                "currentVersion": 2,
            }
        ],
    }


async def test_a_recorded_period_is_answered_with_its_place(served: Served) -> None:
    world = served.world
    post = await factories.make_post(mission=world.here)
    given = {
        "personId": opaque(world.owner),
        "missionId": opaque(world.here),
        "postId": opaque(post),
        "supervisorId": opaque(world.stranger),
        "function": "CHIEF_OF_STAFF",
        "title": "Chief of Staff",
        "level": "D_2",
        "stream": "CIVILIAN",
        "startedOn": "2012-03-01",
        "startedPrecision": "MONTH",
        "endedOn": "2013-12-31",
    }
    select = """
        organisation function title level stream startedOn startedPrecision endedOn endedPrecision
        personId: person { id } missionId: mission { id } postId: post { id }
        supervisorId: supervisor { id }
    """
    row = await served.done("recordExperience", given, select=select)
    assert row == {
        name: {"id": value} if name.endswith("Id") else value for name, value in given.items()
    } | {"organisation": None, "endedPrecision": "DAY"}


@pytest.mark.parametrize(
    ("change", "code", "path", "message"),
    [
        (
            {"endedOn": "2011-12-31"},
            "INVALID",
            ["endedOn"],
            "The period ends before it starts; correct its last day.",
        ),
        (
            {"organisation": None},
            "INVALID",
            ["organisation"],
            "Name the mission, or the organisation served.",
        ),
        (
            {"missionId": opaque_id("Mission", "0190a000-0000-7000-8000-00000000dead")},
            "NOT_FOUND",
            ["missionId"],
            "There is no such Mission, or you may not see it.",
        ),
        (
            {"postId": opaque_id("Post", "0190a000-0000-7000-8000-00000000dead")},
            "NOT_FOUND",
            ["postId"],
            "There is no such Post, or you may not see it.",
        ),
        (
            {"supervisorId": opaque_id("Person", "0190a000-0000-7000-8000-00000000dead")},
            "NOT_FOUND",
            ["supervisorId"],
            "There is no such Person, or you may not see it.",
        ),
        ({"title": ""}, "INVALID", ["title"], "This cannot be empty; write something."),
        ({"startedPrecision": None}, "INVALID", ["startedPrecision"], NO_NULL),
        (
            {"endedPrecision": "DAY"},
            "INVALID",
            ["endedPrecision"],
            "A precision goes with a last day; give that day too, or leave this out.",
        ),
    ],
)
async def test_a_period_that_cannot_be_is_refused_at_its_field(
    served: Served, change: dict[str, Any], code: str, path: list[str], message: str
) -> None:
    given = await CASES["recordExperience"].given(served.world) | change
    assert await served.refused("recordExperience", given) == (code, path, message)


async def test_nobody_supervises_themselves_and_posts_stay_in_their_mission(
    served: Served,
) -> None:
    given = await CASES["recordExperience"].given(served.world)
    assert await served.refused(
        "recordExperience", given | {"supervisorId": given["personId"]}
    ) == (
        "INVALID",
        ["supervisorId"],
        "Nobody supervises themselves.",
    )
    post = opaque(await factories.make_post(mission=served.world.here))
    elsewhere = {"postId": post, "missionId": opaque(served.world.elsewhere)}
    assert await served.refused("recordExperience", given | elsewhere) == (
        "INVALID",
        ["missionId"],
        "The post belongs to another mission.",
    )


async def test_a_hidden_person_is_not_found_in_the_same_words_as_an_absent_one(
    served: Served,
) -> None:
    hidden = {"id": opaque(served.world.owner), "version": 1}
    absent = hidden | {"id": opaque_id("Person", "0190a000-0000-7000-8000-00000000dead")}
    refusal = await served.refused("updatePerson", hidden, by="stranger")
    assert refusal == await served.refused("updatePerson", absent, by="stranger")
    assert refusal == (
        "NOT_FOUND",
        ["id"],
        "There is no such Person, or you may not see it.",
    )


async def test_a_missing_permission_is_named(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    assert await served.refused("updatePerson", given, by="auditor") == (
        "NOT_ALLOWED",
        [],
        "You need the permission update.any.person or one narrower for this person.",
    )


async def test_an_announced_course_is_answered_and_announced_once(served: Served) -> None:
    given = await CASES["createCourse"].given(served.world)
    select = "title organiser language startsOn endsOn places"
    assert await served.done("createCourse", given, select=select) == given
    assert await served.refused("createCourse", given) == (
        "CONFLICT",
        ["title"],
        "This organiser has announced this course for that day already.",
    )
    backwards = given | {"endsOn": "2026-03-01"}
    code, path, _ = await served.refused("createCourse", backwards)
    assert (code, path) == ("INVALID", ["endsOn"])
