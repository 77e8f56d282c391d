"""Appointments and acting cover in the API."""

from schema.declarations import (
    ListField,
    Noun,
    Verb,
    among,
    at_least,
    at_most,
    is_null,
    node,
    related,
    some,
)
from service import acting_designations, appointments, models

NOUN = Noun(
    nodes=(
        node(
            models.Appointment,
            state="How far it has come.",
            offered_on="The day of the offer.",
            started_on="First day in post.",
            term_ends_on="Last day of the term, extensions included.",
            ended_on="The day it ended.",
            cause_of_end="Why it ended.",
            announced_on="The day it was made public; null: not yet.",
            version="Rises with every change; updates say which one they saw.",
            created_at="When it was recorded.",
            person=related("Who is appointed."),
            post=related("To which post."),
            mentorship_requests=related("Requests for a mentor made in this post."),
            filters={
                "state": among("state", "Any of these states."),
                "cause_of_end": among("cause_of_end", "Ended for any of these causes."),
                "started_from": at_least("started_on", "Started on this day or later."),
                "started_until": at_most("started_on", "Started on this day or earlier."),
                "term_ends_from": at_least("term_ends_on", "The term ends on this day or later."),
                "term_ends_until": at_most("term_ends_on", "The term ends on this day or earlier."),
                "is_unannounced": is_null("announced_on", "True: not announced; false: announced."),
                "post": some("post", "To a post that satisfies this."),
                "person": some("person", "Of a person who satisfies this."),
            },
            sorts={
                "STARTED_ON": "started_on",
                "TERM_ENDS_ON": "term_ends_on",
                "ENDED_ON": "ended_on",
            },
        ),
        node(
            models.ActingDesignation,
            kind="In what capacity.",
            started_on="First day of the cover.",
            ended_on="Last day of the cover; null while it lasts.",
            announced_on="The day it was made public; null: not yet.",
            person=related("Who covers."),
            post=related("Which post is covered."),
            filters={
                "kind": among("kind", "In any of these capacities."),
                "is_current": is_null("ended_on", "True: no end is set; false: an end is set."),
                "started_from": at_least("started_on", "Started on this day or later."),
                "person": some("person", "By a person who satisfies this."),
            },
            sorts={"STARTED_ON": "started_on"},
        ),
    ),
    queries={
        "appointments": ListField(
            models.Appointment, "Appointments: the announced ones, and those you may see beyond."
        ),
    },
    verbs={
        "recordAppointment": Verb(
            appointments.record, "Records an appointment, from the offer or already in post."
        ),
        "advanceAppointment": Verb(
            appointments.advance, "Takes an appointment to its next state, towards the post."
        ),
        "extendAppointment": Verb(appointments.extend, "Moves the end of a term further out."),
        "endAppointment": Verb(
            appointments.end,
            "Ends an appointment with its cause; a leaver who consents becomes a mentor.",
        ),
        "designateActing": Verb(
            acting_designations.designate, "Designates who covers a post for a time."
        ),
    },
)
