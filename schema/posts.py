"""Posts in the API."""

from schema.declarations import (
    ListField,
    Noun,
    among,
    any_row,
    at_least,
    each,
    equals,
    is_null,
    node,
    ranks,
    related,
    some,
)
from service import models

NOUN = Noun(
    nodes=(
        node(
            models.Post,
            reference="Short reference, unique among posts.",
            function="What its holder does, whatever the title.",
            title="The title its holder bears.",
            level="Its grade.",
            stream="Civilian, military or police.",
            delegated_authorities="What its holder may decide alone.",
            established_on="First day of the post.",
            abolished_on="Last day of the post; null while it stands.",
            is_vacant="Whether it stands and nobody holds it today, as far as you may see.",
            mission=related("The mission it belongs to."),
            languages=related("What its holder must speak."),
            appointments=related("Its holders and those on their way, as far as you may see."),
            acting_designations=related("Who covered it."),
            filters={
                "reference": among("reference", "Any of these references."),
                "function": among("function", "Any of these functions."),
                "level": among("level", "Any of these levels."),
                "level_range": ranks("level", "A level in this range."),
                "stream": among("stream", "Any of these streams."),
                "is_vacant": equals("is_vacant", "Whether it looks vacant to you today."),
                "is_standing": is_null("abolished_on", "True: still standing; false: abolished."),
                "mission": some("mission", "Its mission satisfies this."),
                "languages_all": each("languages", "Asks for each of these languages."),
                "languages_any": any_row("languages", "Asks for any of these languages."),
                "acting_designation": some("acting_designations", "Was covered like this."),
            },
            sorts={
                "REFERENCE": "reference",
                "FUNCTION": "function",
                "ESTABLISHED_ON": "established_on",
            },
        ),
        node(
            models.PostLanguage,
            language="ISO 639 code.",
            proficiency="The lowest level that suffices.",
            filters={
                "language": among("language", "Any of these languages."),
                "at_least": at_least("proficiency", "This level or a higher one."),
            },
        ),
    ),
    queries={"posts": ListField(models.Post, "Senior posts of all missions.")},
)
