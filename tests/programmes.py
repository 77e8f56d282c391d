"""A small mentoring programme to test with: a mission, leaders who wait, leaders who offer."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from service import models
from service.models.vocabulary import (
    AppointmentState,
    Function,
    Level,
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


async def _person(nationalities: list[str]) -> models.Person:
    number = next(_numbers)
    person = await models.Person.create(
        given_names="Amina", family_name=f"Tester{number}", nationalities=nationalities
    )
    await models.PersonLanguage.create(person=person, language="en", proficiency=Proficiency.C2)
    return person
