"""Pins and bans of pairs by people, in the API."""

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
from service import match_overrides, models

NOUN = Noun(
    nodes=(
        node(
            models.MatchOverride,
            kind="Whether the two must be proposed to each other, or must not be.",
            state="What people decided about it.",
            counts_today="Whether it binds a run of today: in force, before its day, while the"
            " mentee waits and the mentor offers.",
            reason="Why it was proposed.",
            ends_on="The day on which it stops counting.",
            proposed_on="When it was proposed.",
            decided_on="When it was approved or declined.",
            decline_reason="Why it was declined.",
            withdrawn_on="When it was withdrawn.",
            withdrawal_reason="Why it was withdrawn.",
            version="Rises with every decision; decisions say which one they saw.",
            request=related("The mentee's request."),
            mentor=related("The mentor."),
            filters={
                "kind": among("kind", "Pins, bans or both."),
                "state": among("state", "In any of these states."),
                "counts_today": equals("counts_today", "Binds a run of today, or does not."),
                "ends_from": at_least("ends_on", "Stops counting on this day or later."),
                "ends_until": at_most("ends_on", "Stops counting on this day or earlier."),
                "proposed_from": at_least("proposed_on", "Proposed on this day or later."),
                "request": some("request", "For a request that satisfies this."),
                "mentor": some("mentor", "About a mentor who satisfies this."),
            },
            sorts={"PROPOSED_ON": "proposed_on", "ENDS_ON": "ends_on"},
        ),
    ),
    queries={
        "matchOverrides": ListField(
            models.MatchOverride, "Pairs that people pinned or banned; hidden from both halves."
        )
    },
    verbs={
        "proposeMatchOverride": Verb(
            match_overrides.propose,
            "Proposes that a pair must be proposed, or must not be; somebody else approves it.",
        ),
        "approveMatchOverride": Verb(
            match_overrides.approve,
            "Puts an override in force from the next run on; whoever proposed it may not.",
        ),
        "declineMatchOverride": Verb(
            match_overrides.decline, "Declines a proposed override, with the reason."
        ),
        "withdrawMatchOverride": Verb(
            match_overrides.withdraw, "Takes an override out of force, with the reason."
        ),
    },
)
