"""Reference data in the API: terms, Member States, competency frameworks, rating scales."""

from schema.declarations import ListField, Noun, among, node, overlaps, related
from service import models

NOUN = Noun(
    nodes=(
        node(
            models.Term,
            kind="The vocabulary it belongs to.",
            code="Its code, as columns hold it.",
            label="Its name in English.",
            label_fr="Its name in French, where known.",
            meaning="What it means, in a sentence.",
            rank="Its place in the vocabulary.",
            filters={
                "kind": among("kind", "Of any of these vocabularies."),
                "code": among("code", "Any of these codes."),
            },
            sorts={"RANK": "rank", "LABEL": "label", "CODE": "code"},
        ),
        node(
            models.MemberState,
            code="ISO 3166 alpha-3 code.",
            name="Its name.",
            regional_groups="The regional groups it takes part in.",
            electoral_group="The group it is counted with in elections.",
            filters={
                "code": among("code", "Any of these codes."),
                "regional_groups_any": overlaps("regional_groups", "Of any of these groups."),
            },
            sorts={"NAME": "name", "CODE": "code"},
        ),
        node(
            models.CompetencyFramework,
            code="Its code.",
            name="Its name.",
            edition="Which edition.",
            adopted_on="When it was adopted; read it with its precision.",
            adopted_precision="How exactly that is known.",
            competencies=related("Its values, competencies and behaviours."),
            sorts={"NAME": "name", "ADOPTED_ON": "adopted_on"},
        ),
        node(
            models.Competency,
            kind="Value, core, managerial, behaviour and so on.",
            code="Its code within the framework.",
            label="Its name.",
            parent_code="The code of what it belongs under, if anything.",
            framework=related("The framework it belongs to."),
            filters={"kind": among("kind", "Of any of these kinds.")},
            sorts={"LABEL": "label", "CODE": "code"},
        ),
        node(
            models.RatingScale,
            code="Its code.",
            edition="Which edition.",
            purpose="What it is used for.",
            levels=related("Its steps."),
            sorts={"CODE": "code"},
        ),
        node(
            models.RatingLevel,
            rank="Its place on the scale, lowest first.",
            label="What it is called.",
            value="What it counts, where it counts.",
            scale=related("The scale it belongs to."),
            sorts={"RANK": "rank"},
        ),
    ),
    queries={
        "terms": ListField(models.Term, "The vocabularies with their labels."),
        "memberStates": ListField(models.MemberState, "The Member States."),
        "competencyFrameworks": ListField(
            models.CompetencyFramework, "Competency frameworks, by edition."
        ),
        "ratingScales": ListField(models.RatingScale, "Rating scales, by edition."),
    },
)
