"""Courses for senior leaders: what is offered, when, in which language, for how many.

A course never ends before it starts, and never offers no place at all.
"""

from datetime import date

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from service.access.conditions import ALWAYS
from service.access.rules import Rules
from service.models.rows import Row


class Course(Row):
    """A course for senior leaders, such as a mission leaders' course."""

    access = Rules("course", public=ALWAYS)

    title = fields.CharField(max_length=200)
    organiser = fields.CharField(max_length=200)
    language = fields.CharField(max_length=3)
    starts_on: date = fields.DateField()
    ends_on: date = fields.DateField()
    places = fields.SmallIntField()

    class Meta:
        table = "course"
        indexes = [Index(fields=("starts_on", "id"), name="course_starts_on_idx")]
        constraints = [
            UniqueConstraint(("title", "organiser", "starts_on"), "course_uniq"),
            CheckConstraint("ends_on >= starts_on", "course_period_check"),
            CheckConstraint("places BETWEEN 1 AND 1000", "course_places_check"),
        ]
