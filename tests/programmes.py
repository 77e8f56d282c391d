"""A small mentoring programme to test with: a mission, leaders who wait, leaders who offer."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import asyncpg
from uuid_utils.compat import uuid7

import matching
from service import engines, match_progress, models
from service.models.vocabulary import (
    AppointmentState,
    Function,
    Level,
    MatchRunTrigger,
    MissionType,
    Proficiency,
    Region,
    Stream,
)

_numbers = count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Programme:
    """The mission everybody served in."""

    mission: models.Mission
    mentors: list[models.Mentor] = field(default_factory=list)
    requests: list[models.MentorshipRequest] = field(default_factory=list)

    async def mentor(self, **values: Any) -> models.Mentor:
        """A former head of mission with one place and no conflicts."""
        person = await _person(values.pop("nationalities", ["FRA"]))
        await self.served(person, date(2010, 1, 1), date(2012, 12, 31))
        given = {"consented_at": LONG_AGO, "conflicts_declared_at": LONG_AGO} | values
        mentor = await models.Mentor.create(person=person, **given)
        self.mentors.append(mentor)
        return mentor

    async def request(self, **values: Any) -> models.MentorshipRequest:
        """A head of mission in post who waits, without conflicts."""
        person = values.pop("person", None) or await _person(["KEN"])
        post = await models.Post.create(
            mission=self.mission,
            reference=f"POST-{next(_numbers)}",
            function=Function.HEAD_OF_MISSION,
            title="Special Representative",
            level=Level.ASG,
            stream=Stream.CIVILIAN,
            established_on=date(2015, 1, 1),
        )
        appointment = await models.Appointment.create(
            person=person,
            post=post,
            state=AppointmentState.IN_POST,
            started_on=date(2024, 1, 1),
        )
        given: dict[str, Any] = {
            "goals": "Lead a mission through an election.",
            "requested_at": LONG_AGO,
            "conflicts_declared_at": LONG_AGO,
        } | values
        request = await models.MentorshipRequest.create(
            person=person, appointment=appointment, **given
        )
        self.requests.append(request)
        return request

    async def served(
        self, person: models.Person, first: date, last: date | None, **values: Any
    ) -> models.Experience:
        """A period at the head of the mission."""
        given: dict[str, Any] = {
            "function": Function.HEAD_OF_MISSION,
            "level": Level.USG,
            "ended_precision": "DAY" if last else None,
        } | values
        return await models.Experience.create(
            person=person,
            mission=self.mission,
            title="Special Representative",
            stream=Stream.CIVILIAN,
            started_on=first,
            ended_on=last,
            **given,
        )


async def programme(*, mentors: int = 0, requests: int = 0) -> Programme:
    """A programme with so many of each."""
    mission = await models.Mission.create(
        acronym=f"UNTEST{next(_numbers)}",
        name="Mission of the tests",
        mission_type=MissionType.PEACEKEEPING,
        area="Testland",
        region=Region.AFRICA,
        started_on=date(2000, 1, 1),
        working_languages=["en"],
        mandate_tasks=["ELECTIONS", "GOOD_OFFICES"],
    )
    made = Programme(mission)
    for _ in range(mentors):
        await made.mentor()
    for _ in range(requests):
        await made.request()
    return made


async def crowd(size: int) -> None:
    """So many mentors and as many who wait, all alike, in few statements."""
    made = await programme(mentors=1, requests=1)
    mentor, request = made.mentors[0], made.requests[0]
    appointment = await models.Appointment.get(id=request.appointment_id)
    post = await models.Post.get(id=appointment.post_id)
    service = await models.Experience.get(person_id=mentor.person_id)
    mentors = await _copies(await mentor.person, size - 1)
    mentees = await _copies(await request.person, size - 1)
    await _spoken([*mentors, *mentees])
    await _copies(service, size - 1, person_id=[one.id for one in mentors])
    await _copies(mentor, size - 1, person_id=[one.id for one in mentors])
    references = [f"POST-{next(_numbers)}" for _ in range(size - 1)]
    posts = await _copies(post, size - 1, reference=references)
    people = [one.id for one in mentees]
    held = await _copies(appointment, size - 1, person_id=people, post_id=[one.id for one in posts])
    await _copies(request, size - 1, person_id=people, appointment_id=[one.id for one in held])


async def _copies(row: models.Row, number: int, **columns: list[Any]) -> list[Any]:
    """So many rows like this one, with these values in their columns."""
    made = []
    for place in range(number):
        copy = row.clone(pk=uuid7())
        for name, values in columns.items():
            setattr(copy, name, values[place])
        made.append(copy)
    await type(row).bulk_create(made, batch_size=1_000)
    return made


async def _spoken(people: list[models.Person]) -> None:
    await models.PersonLanguage.bulk_create(
        [
            models.PersonLanguage(person_id=person.id, language="en", proficiency=Proficiency.C2)
            for person in people
        ],
        batch_size=1_000,
    )


_turns: list[asyncpg.Connection] = []


async def a_running_match(**changes: Any) -> models.RunningMatch:
    """A match run of somebody else, under way until `end_running_matches`."""
    await end_running_matches()
    connection = await engines.apart()
    _turns.append(connection)
    await connection.execute("BEGIN")
    turn: Any = await connection.fetchrow(match_progress._TURN)
    shown = match_progress.Shown(
        MatchRunTrigger.NIGHTLY, match_progress.Turn(turn["holder"], turn["since"])
    )
    given: dict[str, Any] = {"phase": "solve", "rounds": 2, "edges": 700} | changes
    await shown.tell(matching.Progress(**given))
    assert shown._connection is not None
    _turns.append(shown._connection)
    return await models.RunningMatch.get()


async def end_running_matches() -> None:
    """Ends what `a_running_match` began, as the end of their processes would."""
    while _turns:
        await _turns.pop().close()


async def _person(nationalities: list[str]) -> models.Person:
    number = next(_numbers)
    person = await models.Person.create(
        given_names="Amina", family_name=f"Tester{number}", nationalities=nationalities
    )
    await models.PersonLanguage.create(person=person, language="en", proficiency=Proficiency.C2)
    return person
