"""Match runs, their proposals and those who still wait, in the API."""

from schema.declarations import (
    ChangeField,
    Computed,
    ListField,
    Noun,
    RowField,
    Verb,
    among,
    at_least,
    node,
    related,
    some,
)
from service import (
    match_answers,
    match_comparisons,
    match_explanations,
    match_progress,
    match_proposals,
    match_runs,
    match_trials,
    models,
)

# A question to the matcher takes as long as some hundreds of rows to read, and pairing
# everybody twice as long as some thousands.
_EXPLAINED, _TRIED = 300, 3_000
# Who reads what all mentees and mentors wished for reads the runs as well.
_ALL_WISHES = "read_file.match_proposal"

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
            group_prices="What a place within a cap is worth beyond the mentor's own price:"
            " grouping to group to mentor, in millionths; null: no caps.",
            load_prices="What one less in a mentor's least load would be worth to others, by"
            " mentor, in millionths; null: no least loads.",
            aims="What either aim reaches: aim to number of pairs and value; null: one was looked"
            " for.",
            stability="What standing proposals meant: how many stood, could be kept, were kept,"
            " and what keeping them cost; null: none stood.",
            propensities="How likely each pair was to be made, or why that cannot be told: what"
            " judging other ways to pair by these outcomes would need.",
            broken_pin_count="How many pins in force bound nothing, because a rule forbids their"
            " pair by now; withdraw them.",
            started_at="When it started.",
            duration_ms="How long it took, in milliseconds.",
            rounds="How often it was solved and priced until no pair could add anything.",
            proposals=related("The proposed pairs."),
            unmatched=related("Who still waits, and why."),
            audits=related("Whom it served how well, group by group; for those who answer for it."),
            sorts={"NUMBER": "number", "STARTED_AT": "started_at"},
            computed={
                "explanation": Computed(
                    "Why some have no mentor, and which rule keeps out most of them.",
                    match_explanations.of_run,
                    match_answers.RunExplanation,
                    match_explanations.NoQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
                "places": Computed(
                    "Why a mentor is proposed to whom, or to nobody.",
                    match_explanations.of_places,
                    match_answers.PlacesExplanation,
                    match_explanations.PlacesQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
            },
        ),
        node(
            models.RunningMatch,
            trigger="Who started it.",
            started_at="When it started.",
            phase="What it does now: read, score, shortlist, solve, price, explain or store.",
            rounds="How often it was solved and priced so far.",
            edges="How many pairs the solver looks at.",
            open_pairs="How many pairs the last prices did not cover yet.",
            gap="How much better any pairing can be than the last one; 0: that one is proved.",
            cancelled_at="When somebody asked for its end, which then is a second away.",
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
            computed={
                "explanation": Computed(
                    "Why this pair is proposed, and how the runner-up differs.",
                    match_explanations.of_proposal,
                    match_answers.ProposalExplanation,
                    match_explanations.NoQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
                "why_not": Computed(
                    "Why the mentee is not proposed to another mentor.",
                    match_explanations.of_proposed,
                    match_answers.WhyNot,
                    match_explanations.WhyNotQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
            },
        ),
        node(
            models.UnmatchedMentee,
            reason="Why nobody was proposed.",
            rule_counts="How many mentors each rule excluded: rule code to count.",
            request=related("The mentee's request."),
            filters={"reason": among("reason", "For any of these reasons.")},
            computed={
                "explanation": Computed(
                    "Why the mentee has no mentor, and whom a place would displace.",
                    match_explanations.of_unmatched,
                    match_answers.UnmatchedExplanation,
                    match_explanations.NoQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
                "why_not": Computed(
                    "Why the mentee is not proposed to a mentor.",
                    match_explanations.of_unproposed,
                    match_answers.WhyNot,
                    match_explanations.WhyNotQuestion,
                    _ALL_WISHES,
                    _EXPLAINED,
                ),
            },
        ),
    ),
    queries={
        "matchRuns": ListField(models.MatchRun, "The match runs."),
        "matchRun": RowField(models.MatchRun, "id", "The match run with this id."),
        "matchProposal": RowField(models.MatchProposal, "id", "The proposal with this id."),
        "unmatchedMentee": RowField(
            models.UnmatchedMentee, "id", "The mentee without a proposal with this id."
        ),
        "runningMatch": RowField(
            models.RunningMatch,
            "place",
            "The match run under way, once it lasts longer than half a second; null without one,"
            " and for whoever may not read match runs.",
            only=1,
        ),
    },
    computed={
        "whatIfMatch": Computed(
            "How the best pairing of today would change if something were otherwise; it stores"
            " nothing and proposes nothing.",
            match_trials.try_out,
            match_comparisons.MatchComparison,
            match_trials.WhatIfQuestion,
            _ALL_WISHES,
            _TRIED,
        ),
        "compareMatchRuns": Computed(
            "How the second of two stored runs differs from the first.",
            match_trials.compare_runs,
            match_comparisons.MatchComparison,
            match_trials.ComparisonQuestion,
            _ALL_WISHES,
            _EXPLAINED,
        ),
    },
    verbs={
        "startMatchRun": Verb(
            match_runs.start, "Pairs everybody who waits; the same inputs answer with the same run."
        ),
        "cancelMatchRun": Verb(
            match_progress.cancel,
            "Ends the match run under way before it is stored; nothing of it is written.",
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
        "runningMatchChanged": ChangeField(
            models.RunningMatch,
            "The match run under way, twice a second while it comes further, and when somebody"
            " cancels it. That it was stored is told by matchRunChanged.",
        ),
    },
)
