"""Match runs, their proposals and those who still wait, in the API."""

from schema.declarations import (
    ChangeField,
    ListField,
    Noun,
    Verb,
    among,
    at_least,
    node,
    related,
    some,
)
from service import match_proposals, match_runs, models

NOUN = Noun(
    nodes=(
        node(
            models.MatchRun,
            number="Counts the runs from 1.",
            trigger="Who started it.",
            input_digest="SHA-256 of everything the run looked at; the same input, the same run.",
            configuration="Weights and limits: feature name to weight, and the unmatched value.",
            versions="Versions of the code and libraries by name.",
            mentee_count="How many mentees waited.",
            mentor_count="How many mentors offered.",
            proposal_count="How many pairs it proposes.",
            unmatched_count="How many mentees it found nobody for.",
            objective="The value of the whole pairing.",
            bound="A proved upper bound on the value of any pairing.",
            gap="Bound less objective; 0: no better pairing exists.",
            prices="What a further place with each mentor is worth, by mentor, in millionths.",
            started_at="When it started.",
            duration_ms="How long it took, in milliseconds.",
            rounds="How often it was solved and priced until no pair could add anything.",
            proposals=related("The proposed pairs."),
            unmatched=related("Who still waits, and why."),
            sorts={"NUMBER": "number", "STARTED_AT": "started_at"},
        ),
        node(
            models.MatchProposal,
            score="How well the two fit; compare within one run only.",
            contributions="What each feature adds: name to share; the shares sum to the score.",
            state="What became of it.",
            rejection_reason="Why it was rejected.",
            decided_at="When it was decided.",
            version="Rises with the decision; decisions say which one they saw.",
            run=related("The run that proposes it."),
            request=related("The mentee's request."),
            mentor=related("The proposed mentor."),
            runner_up=related("The next best mentor for this mentee."),
            mentorships=related("The mentorship that came of it."),
            filters={
                "state": among("state", "In any of these states."),
                "score_from": at_least("score", "This score or a higher one."),
                "mentor": some("mentor", "With a mentor who satisfies this."),
            },
            sorts={"SCORE": "score", "DECIDED_AT": "decided_at"},
        ),
        node(
            models.UnmatchedMentee,
            reason="Why nobody was proposed.",
            rule_counts="How many mentors each rule excluded: rule code to count.",
            request=related("The mentee's request."),
            filters={"reason": among("reason", "For any of these reasons.")},
        ),
    ),
    queries={"matchRuns": ListField(models.MatchRun, "The match runs.")},
    verbs={
        "startMatchRun": Verb(
            match_runs.start, "Pairs everybody who waits; the same inputs answer with the same run."
        ),
        "approveMatchProposal": Verb(
            match_proposals.approve, "Approves a proposed pair; only this makes a mentorship."
        ),
        "rejectMatchProposal": Verb(
            match_proposals.reject,
            "Rejects a proposed pair with a reason; it is never proposed again.",
        ),
    },
    subscriptions={
        "matchRunChanged": ChangeField(
            models.MatchRun,
            "A match run, whenever it was stored and whenever one of its proposals was approved,"
            " rejected or superseded.",
        ),
    },
)
