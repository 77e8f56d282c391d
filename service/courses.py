"""Courses: announcing one.

It refuses a course that is announced already.
"""

from datetime import date

from pydantic import Field

from service import audit, models, permits
from service.access.actors import Actor
from service.changes import Change, Language, Line
from service.operations import Meaning, operation

_CONSTRAINTS = {
    "course_uniq": Meaning(
        "This organiser has announced this course for that day already.", ("title",), True
    ),
    "course_period_check": Meaning("The course ends before it starts.", ("ends_on",)),
    "course_places_check": Meaning("A course has 1 to 1000 places.", ("places",)),
}


class NewCourse(Change):
    """A course to announce."""

    title: Line = Field(description="What it is called.")
    organiser: Line = Field(description="Who holds it.")
    language: Language = Field(description="ISO 639 code of the language it is held in.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="Last day.")
    places: int = Field(ge=1, le=1000, description="How many can take part.")


@operation("create.course", _CONSTRAINTS)
async def create(change: NewCourse, *, by: Actor) -> models.Course:
    """The announced course. Refuses a second one of the same name on the same day."""
    permits.require(by, "create", "course")
    values = change.model_dump()
    course = await models.Course.create(**values)
    await audit.record(audit.Entry(course, "create", audit.initial(values)), by=by)
    return course
