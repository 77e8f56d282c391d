"""Ratings of cycles by the halves of pairs, in the API."""

from schema.declarations import (
    ListField,
    Noun,
    Verb,
    among,
    at_least,
    at_most,
    equals,
    node,
    related,
    some,
)
from service import match_outcomes, models

NOUN = Noun(
    nodes=(
        node(
            models.MatchOutcome,
            side="Which half of the pair rates; the other half never sees it.",
            cycle="Which cycle of the programme, counted from its first, 1.",
            cycle_ended_on="Last day of that cycle.",
            rating="How good the cycle was on the whole, 1 (poor) to 5 (excellent).",
            goals_met="How far the mentee's goals were met, 1 (not at all) to 5 (fully).",
            working_relationship="How well the two worked together, 1 to 5: trust and candour.",
            shared_values="How alike values and ways of working are, 1 to 5.",
            meetings_held="How many times the two met in the cycle.",
            meeting_rhythm="Whether that was often enough.",
            would_continue="Whether this half would go on with the other.",
            would_recommend="Whether this half would recommend the other to a colleague.",
            remark="A remark in their own words; for people only, nothing is computed from it.",
            given_on="When the rating was given.",
            is_on_behalf="True: staff of the programme wrote it down for this half.",
            version="Rises with every correction; corrections say which one they saw.",
            mentorship=related("The pair."),
            filters={
                "side": among("side", "From any of these sides."),
                "cycle": among("cycle", "About any of these cycles."),
                "rating_from": at_least("rating", "This rating or a better one."),
                "rating_until": at_most("rating", "This rating or a worse one."),
                "cycle_ended_from": at_least("cycle_ended_on", "Cycle ended this day or later."),
                "cycle_ended_until": at_most("cycle_ended_on", "Cycle ended this day or earlier."),
                "given_from": at_least("given_on", "Given on this day or later."),
                "would_continue": equals("would_continue", "Would go on, or would not."),
                "is_on_behalf": equals("is_on_behalf", "Written down by staff, or not."),
                "mentorship": some("mentorship", "About a pair that satisfies this."),
            },
            sorts={
                "GIVEN_ON": "given_on",
                "CYCLE_ENDED_ON": "cycle_ended_on",
                "RATING": "rating",
            },
        ),
    ),
    queries={
        "matchOutcomes": ListField(
            models.MatchOutcome, "How halves of pairs rated their cycles: what learning reads."
        )
    },
    verbs={
        "recordMatchOutcome": Verb(
            match_outcomes.record,
            "Records how one half of a pair rates a cycle; sealed from the other half.",
        ),
        "correctMatchOutcome": Verb(
            match_outcomes.correct, "Corrects answers of a rating, with the reason."
        ),
    },
)
