"""Mentors in the API."""

from schema.declarations import (
    ListField,
    Noun,
    Verb,
    among,
    at_least,
    contains,
    equals,
    is_null,
    node,
    overlaps,
    related,
    some,
)
from service import mentors, models

NOUN = Noun(
    nodes=(
        node(
            models.Mentor,
            capacity="How many mentees at most, 0 to 5.",
            active_mentorships="How many mentees now.",
            has_free_place="Whether the capacity exceeds that.",
            available_from="First day of availability; null: open.",
            available_until="Last day of availability; null: open.",
            themes="Codes of the tasks the mentor knows best; see terms of kind MANDATE_TASK.",
            statement="What the mentor offers, in their own words.",
            time_zone="IANA time zone the mentor lives in.",
            refused_nationalities="States whose nationals the mentor will not take.",
            conflicts_declared_at="When conflicts of interest were declared; null: not yet.",
            consented_at="When the mentor consented to be one.",
            withdrawn_at="When the mentor withdrew; null: still offering.",
            version="Rises with every change; updates say which one they saw.",
            person=related("The former leader."),
            mentorships=related("The mentor's pairs, as far as you may see."),
            overrides=related("Pins and bans that name the mentor, as far as you may see."),
            filters={
                "themes_any": overlaps("themes", "Knows any of these tasks."),
                "themes_all": contains("themes", "Knows all of these tasks."),
                "has_free_place": equals("has_free_place", "Whether another mentee has a place."),
                "capacity_from": at_least("capacity", "Offers at least this many places."),
                "is_offering": is_null("withdrawn_at", "True: still offering; false: withdrawn."),
                "person": some("person", "The former leader satisfies this."),
                "time_zone": among("time_zone", "Lives in any of these time zones."),
            },
            sorts={"CAPACITY": "capacity", "AVAILABLE_FROM": "available_from"},
        ),
    ),
    queries={"mentors": ListField(models.Mentor, "Former leaders who offer to mentor.")},
    verbs={
        "registerMentor": Verb(
            mentors.register, "Registers a former leader who consents to mentor."
        ),
        "updateMentor": Verb(
            mentors.update, "Changes a mentor's offer: null clears a value, omitted leaves it."
        ),
    },
)
