"""Learned models of who suits whom, in the API; their archives never leave the service."""

from schema.declarations import ListField, Noun, Verb, among, node
from service import compatibility_models, models

NOUN = Noun(
    nodes=(
        node(
            models.CompatibilityModel,
            model_version="Its name, made from a hash of its numbers; runs that use it say so.",
            kind="How much of it is learned.",
            state="Whether it is in force.",
            trained_at="When it was learned.",
            row_count="How many rated cycles it was learned from.",
            verdict="What learning says of it, in a sentence.",
            figures="How well it foretells people it has not seen: Brier score beside the base"
            " rate's, AUC, NDCG, calibration, what it was learned from, and its numbers.",
            archive_sha256="SHA-256 of the archive that is kept; null: there is none.",
            archive_size="Bytes of the archive; null: there is none.",
            decided_at="When it was approved or rejected.",
            decision_reason="Why it was approved or rejected.",
            retired_at="When it went out of force.",
            version="Rises with every decision; decisions say which one they saw.",
            filters={
                "state": among("state", "In any of these states."),
                "kind": among("kind", "Of any of these kinds."),
            },
            sorts={"TRAINED_AT": "trained_at"},
        ),
    ),
    queries={
        "compatibilityModels": ListField(
            models.CompatibilityModel, "Models of who suits whom, as learned from ratings."
        )
    },
    verbs={
        "approveCompatibilityModel": Verb(
            compatibility_models.approve,
            "Puts a model in force; whoever trained it may not. The one before it retires.",
        ),
        "rejectCompatibilityModel": Verb(
            compatibility_models.reject, "Rejects a model for good, with the reason."
        ),
        "retireCompatibilityModel": Verb(
            compatibility_models.retire, "Takes the model in force out of it, with the reason."
        ),
    },
)
