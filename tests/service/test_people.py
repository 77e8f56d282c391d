"""People's files: opened by HR, kept up by their owner, never overwritten unseen."""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from service import models, people
from service.access.actors import Actor
from service.models.vocabulary import Availability, Gender, Precision, Proficiency, Stream
from service.people import Degree, LanguageSkill, NewExperience, NewPerson, PersonUpdate
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")
FRENCH = LanguageSkill(language="fr", proficiency=Proficiency.C1)


def an_update(row: models.Person, **changes: Any) -> PersonUpdate:
    return PersonUpdate(**{"id": row.id, "version": row.version} | changes)


def a_period(person: models.Person, **changes: Any) -> NewExperience:
    values = {
        "person_id": person.id,
        "organisation": "African Union",
        "title": "Adviser",
        "stream": Stream.CIVILIAN,
        "started_on": date(2015, 1, 1),
    }
    return NewExperience(**values | changes)


async def test_a_new_file_holds_what_it_was_opened_with(hr: Actor) -> None:
    change = NewPerson(
        given_names=" Amina ",
        family_name="Otieno",
        gender=Gender.FEMALE,
        nationalities=["KEN", "FRA"],
        languages=[FRENCH],
        education=[Degree(institution="Nairobi", degree="LLM", completed_year=1999)],
        availability=Availability.AVAILABLE_FROM,
        available_from=date(2027, 1, 1),
    )
    row = await people.create(change, by=hr)
    stored = await models.Person.get(id=row.id)
    assert (stored.given_names, stored.family_name, stored.gender) == ("Amina", "Otieno", "FEMALE")
    assert (stored.nationalities, stored.regional_groups) == (["KEN", "FRA"], ["AFRICAN", "WEOG"])
    assert (stored.available_from, stored.version) == (date(2027, 1, 1), 1)
    skill = await models.PersonLanguage.get(person=row)
    assert (skill.language, skill.proficiency) == ("fr", Proficiency.C1)
    degree = await models.Education.get(person=row)
    assert (degree.institution, degree.degree, degree.completed_year) == ("Nairobi", "LLM", 1999)
    ((verb, changes),) = await history_of(row.id)
    assert (verb, changes["nationalities"]) == ("create", [None, ["KEN", "FRA"]])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"nationalities": ["XXX"]}, "nationalities"),
        ({"languages": [FRENCH, FRENCH]}, "languages"),
        ({"availability": Availability.AVAILABLE_FROM}, "available_from"),
        ({"available_from": date(2027, 1, 1)}, "available_from"),
    ],
)
async def test_a_file_that_cannot_be_is_not_opened(
    hr: Actor, changes: dict[str, Any], path: str
) -> None:
    values: dict[str, Any] = {"given_names": "A", "family_name": "B"} | changes
    async with refused("INVALID", path):
        await people.create(NewPerson(**values), by=hr)


async def test_only_hr_of_all_missions_opens_files() -> None:
    mission = await factories.make_mission()
    callers = factories.callers(await factories.make_person(), mission)
    change = NewPerson(given_names="A", family_name="B")
    assert (await people.create(change, by=callers.pop("hr"))).version == 1
    for kind, by in callers.items():
        async with refused("NOT_SIGNED_IN" if kind == "anonymous" else "NOT_ALLOWED"):
            await people.create(change, by=by)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("owner", None),
        ("hr", None),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", None),
        ("manager", "NOT_FOUND"),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
@pytest.mark.parametrize("verb", ["update", "record_experience"])
async def test_a_file_is_kept_up_by_its_owner_and_hr_of_the_mission(
    verb: str, kind: str, code: str | None
) -> None:
    person, mission = await factories.make_person(), await factories.make_mission()
    await factories.make_experience(person=person, mission=mission)
    by = factories.callers(person, mission)[kind]
    doing: Any = people.update if verb == "update" else people.record_experience
    change = an_update(person, expertise="Law.") if verb == "update" else a_period(person)
    if code is None:
        assert (await doing(change, by=by)).id
        return
    path = "id" if verb == "update" else "person_id"
    async with refused(code, *([path] if code == "NOT_FOUND" else [])):
        await doing(change, by=by)


async def test_an_update_writes_what_is_given_and_keeps_what_is_omitted(hr: Actor) -> None:
    row = await factories.make_person(
        gender=Gender.FEMALE, expertise="Law.", pipeline_since=date(2020, 1, 1)
    )
    await people.update(an_update(row, expertise="Peace.", pipeline_since=None), by=hr)
    stored = await models.Person.get(id=row.id)
    assert (stored.expertise, stored.pipeline_since, stored.gender) == ("Peace.", None, "FEMALE")
    assert stored.version == 2
    assert await history_of(row.id) == [
        (
            "update",
            {"expertise": ["Law.", "Peace."], "pipeline_since": ["2020-01-01", None]},
        )
    ]


async def test_languages_are_replaced_as_a_whole(hr: Actor) -> None:
    row = await factories.make_person()
    row = await people.update(an_update(row, languages=[FRENCH]), by=hr)
    arabic = LanguageSkill(language="ar", proficiency=Proficiency.B2)
    row = await people.update(an_update(row, languages=[arabic]), by=hr)
    assert [skill.language for skill in await models.PersonLanguage.all()] == ["ar"]
    assert (await history_of(row.id))[-1] == ("update", {"languages": [["fr:C1"], ["ar:B2"]]})


@pytest.mark.parametrize("name", ["family_name", "nationalities", "availability"])
async def test_what_must_have_a_value_refuses_an_explicit_null(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        PersonUpdate(id=uuid4(), version=1, **{name: None})


async def test_of_two_updates_of_one_version_the_second_is_refused(hr: Actor) -> None:
    row = await factories.make_person()
    answers = await asyncio.gather(
        *(people.update(an_update(row, expertise=text), by=hr) for text in ("A", "B")),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["Person", "VersionConflict"]
    assert len(await history_of(row.id)) == 1


async def test_a_recorded_period_stands_in_the_file_and_its_history(hr: Actor) -> None:
    post, person = await factories.make_post(), await factories.make_person()
    change = a_period(
        person, post_id=post.id, mission_id=post.mission_id, ended_on=date(2018, 1, 1)
    )
    row = await people.record_experience(change, by=hr)
    stored = await models.Experience.get(id=row.id)
    assert (stored.post_id, stored.mission_id) == (post.id, post.mission_id)
    assert (stored.ended_on, stored.ended_precision) == (date(2018, 1, 1), Precision.DAY)
    ((verb, changes),) = await history_of(person.id)
    assert (verb, changes["experience.title"]) == ("record_experience", [None, "Adviser"])


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"ended_on": date(2014, 1, 1)}, "INVALID", "ended_on"),
        ({"organisation": None}, "INVALID", "organisation"),
        ({"mission_id": uuid4()}, "NOT_FOUND", "mission_id"),
        ({"post_id": uuid4()}, "NOT_FOUND", "post_id"),
        ({"supervisor_id": uuid4()}, "NOT_FOUND", "supervisor_id"),
    ],
)
async def test_a_period_that_cannot_be_is_not_recorded(
    hr: Actor, changes: dict[str, Any], code: str, path: str
) -> None:
    change = a_period(await factories.make_person(), **changes)
    async with refused(code, path):
        await people.record_experience(change, by=hr)


async def test_a_post_is_served_in_its_own_mission_and_nobody_supervises_themselves(
    hr: Actor,
) -> None:
    post, person = await factories.make_post(), await factories.make_person()
    elsewhere = await factories.make_mission()
    change = a_period(person, post_id=post.id, mission_id=elsewhere.id)
    async with refused("INVALID", "mission_id"):
        await people.record_experience(change, by=hr)
    async with refused("INVALID", "supervisor_id"):
        await people.record_experience(a_period(person, supervisor_id=person.id), by=hr)
