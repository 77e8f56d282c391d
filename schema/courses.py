"""Courses in the API."""

from schema.declarations import ListField, Noun, Verb, among, at_least, at_most, node
from service import courses, models

NOUN = Noun(
    nodes=(
        node(
            models.Course,
            title="What it is called.",
            organiser="Who holds it.",
            language="ISO 639 code of the language it is held in.",
            starts_on="First day.",
            ends_on="Last day.",
            places="How many can take part.",
            filters={
                "language": among("language", "Held in any of these languages."),
                "starts_from": at_least("starts_on", "Starts on this day or later."),
                "starts_until": at_most("starts_on", "Starts on this day or earlier."),
                "places_from": at_least("places", "Offers at least this many places."),
            },
            sorts={"STARTS_ON": "starts_on", "TITLE": "title"},
        ),
    ),
    queries={"courses": ListField(models.Course, "Courses for senior leaders.")},
    verbs={"createCourse": Verb(courses.create, "Announces a course.")},
)
