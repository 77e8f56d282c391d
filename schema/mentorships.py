"""Mentorships and requests for a mentor, in the API."""

from schema.declarations import ListField, Noun, Verb, among, at_most, node, related, some
from service import mentorship_requests, mentorships, models

NOUN = Noun(
    nodes=(
        node(
            models.MentorshipRequest,
            state="How far it has come.",
            goals="What the mentee wants from a mentor.",
            top_criterion="What matters most to the mentee.",
            preferred_gender="The gender of mentor the mentee would rather have, if any.",
            refused_nationalities="States whose nationals the mentee will not take as a mentor.",
            time_zone="IANA time zone the mentee works in.",
            conflicts_declared_at="When conflicts of interest were declared; null: not yet.",
            requested_at="When it was made.",
            version="Rises with every change; updates say which one they saw.",
            person=related("The mentee."),
            appointment=related("The appointment it was made in."),
            preferences=related("Mentors the mentee prefers or refuses."),
            proposals=related("Proposals made for it."),
            mentorships=related("Mentorships that came of it."),
            overrides=related("Pins and bans that name it, as far as you may see."),
            filters={
                "state": among("state", "In any of these states."),
                "requested_until": at_most("requested_at", "Made at this time or earlier."),
                "person": some("person", "By a person who satisfies this."),
            },
            sorts={"REQUESTED_AT": "requested_at"},
        ),
        node(
            models.MentorPreference,
            kind="Preferred or refused.",
            rank="Place among the preferred, from 1.",
            mentor=related("The mentor."),
            sorts={"RANK": "rank"},
        ),
        node(
            models.Mentorship,
            state="Whether the two still work together.",
            started_on="First day.",
            closed_on="Last day.",
            closing_reason="Why it closed.",
            version="Rises with every change; updates say which one they saw.",
            mentor=related("The mentor."),
            request=related("The mentee's request."),
            proposal=related("The proposal it came from."),
            outcomes=related("How its halves rated their cycles, each its own."),
            filters={
                "state": among("state", "In any of these states."),
                "closing_reason": among("closing_reason", "Closed for any of these reasons."),
                "mentor": some("mentor", "With a mentor who satisfies this."),
                "request": some("request", "For a request that satisfies this."),
            },
            sorts={"STARTED_ON": "started_on", "CLOSED_ON": "closed_on"},
        ),
    ),
    queries={
        "mentorships": ListField(models.Mentorship, "Pairs of mentor and mentee."),
        "mentorshipRequests": ListField(models.MentorshipRequest, "Requests for a mentor."),
    },
    verbs={
        "requestMentor": Verb(
            mentorship_requests.request, "Asks for a mentor, with goals, wishes and refusals."
        ),
        "withdrawRequest": Verb(mentorship_requests.withdraw, "Takes a request back."),
        "closeMentorship": Verb(mentorships.close, "Closes a mentorship with its reason."),
    },
)
