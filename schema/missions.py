"""Missions in the API."""

from schema.declarations import (
    ListField,
    Noun,
    RowField,
    among,
    at_least,
    at_most,
    contains,
    equals,
    node,
    overlaps,
    related,
    some,
)
from service import models

NOUN = Noun(
    nodes=(
        node(
            models.Mission,
            acronym="Short name, unique among missions.",
            name="Full name in English.",
            name_fr="Full name in French, where known.",
            mission_type="Peacekeeping or special political.",
            area="Where it works; may be disputed territory.",
            region="The part of the world.",
            headquarters="Where its headquarters are.",
            country="ISO 3166 alpha-3 code, where it works in one undisputed country.",
            head_title="The title of its head.",
            started_on="First day; read it with its precision.",
            started_precision="How exactly the first day is known.",
            ended_on="Last day; null while it lasts.",
            ended_precision="How exactly the last day is known.",
            planned_end_on="The day on which its mandate is planned to end.",
            is_active="Whether it works today.",
            working_languages="ISO 639 codes of its working languages.",
            mandate_tasks="Codes of what it was mandated to do; see terms of kind MANDATE_TASK.",
            predecessors=related("The missions it followed."),
            successors=related("The missions that followed it."),
            posts=related("Its senior posts, past ones included."),
            filters={
                "acronym": among("acronym", "Any of these acronyms."),
                "mission_type": among("mission_type", "Any of these types."),
                "region": among("region", "In any of these regions."),
                "is_active": equals("is_active", "Whether it works today."),
                "started_from": at_least("started_on", "Started on this day or later."),
                "started_until": at_most("started_on", "Started on this day or earlier."),
                "languages_any": overlaps("working_languages", "Works in any of these languages."),
                "languages_all": contains("working_languages", "Works in all of these languages."),
                "mandate_tasks_any": overlaps("mandate_tasks", "Mandated to do any of these."),
                "mandate_tasks_all": contains("mandate_tasks", "Mandated to do all of these."),
                "post": some("posts", "Has a post that satisfies this."),
            },
            sorts={"ACRONYM": "acronym", "STARTED_ON": "started_on", "ENDED_ON": "ended_on"},
        ),
    ),
    queries={
        "missions": ListField(models.Mission, "All missions, running and closed."),
        "mission": RowField(models.Mission, "acronym", "The mission with this acronym."),
    },
)
