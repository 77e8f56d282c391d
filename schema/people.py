"""People, their files and the pipeline in the API."""

from schema.declarations import (
    ListField,
    Noun,
    Verb,
    among,
    any_row,
    at_least,
    at_most,
    each,
    is_null,
    matches,
    node,
    overlaps,
    ranks,
    related,
    some,
)
from service import models, people

NOUN = Noun(
    nodes=(
        node(
            models.Person,
            given_names="Given names, as the person writes them.",
            family_name="Family name, as the person writes it.",
            gender="As declared by the person; null: not declared, or not yours to see.",
            nationalities="ISO 3166 alpha-3 codes.",
            regional_groups="Regional groups of those States.",
            expertise="What the person knows best.",
            availability="Whether the person can take up a post.",
            available_from="First day of availability, with AVAILABLE_FROM only.",
            pipeline_since="The day the person joined the pipeline; null: not a candidate.",
            highest_level="The highest level held so far.",
            seniority="The same as a number to sort by, 0 for none to 5 for USG.",
            is_invented="True of people made up for demonstration.",
            version="Rises with every change of the file; updates say which one they saw.",
            created_at="When the file was opened.",
            languages=related("Languages commanded."),
            education=related("Degrees and studies."),
            experiences=related("Periods of service."),
            appointments=related("Appointments, as far as you may see."),
            acting_designations=related("Posts covered for others."),
            mentor=related("The person's offer to mentor."),
            mentorship_requests=related("The person's requests for a mentor."),
            filters={
                "text": matches(
                    "search", "Every word, each as a prefix, in names or expertise; accents aside."
                ),
                "gender": among("gender", "Any of these genders, as declared."),
                "nationalities_any": overlaps(
                    "nationalities", "A national of any of these States."
                ),
                "regional_groups_any": overlaps("regional_groups", "From any of these groups."),
                "availability": among("availability", "Any of these."),
                "available_by": at_most("available_from", "Available from this day or earlier."),
                "highest_level": ranks("highest_level", "Highest level held so far in this range."),
                "is_outside_pipeline": is_null(
                    "pipeline_since", "True: not in the pipeline; false: in it."
                ),
                "pipeline_from": at_least("pipeline_since", "Joined on this day or later."),
                "languages_all": each("languages", "Commands each of these languages."),
                "languages_any": any_row("languages", "Commands any of these languages."),
                "experience": some("experiences", "One period of service satisfies all of this."),
                "experiences_all": each("experiences", "For each there is a period of service."),
                "appointment": some("appointments", "One appointment satisfies all of this."),
            },
            sorts={
                "FAMILY_NAME": "family_name",
                "GIVEN_NAMES": "given_names",
                "SENIORITY": "seniority",
                "PIPELINE_SINCE": "pipeline_since",
                "AVAILABLE_FROM": "available_from",
            },
        ),
        node(
            models.PersonLanguage,
            language="ISO 639 code.",
            proficiency="Command on the Common European Framework.",
            filters={
                "language": among("language", "Any of these languages."),
                "at_least": at_least("proficiency", "This level or a higher one."),
            },
            sorts={"PROFICIENCY": "proficiency", "LANGUAGE": "language"},
        ),
        node(
            models.Education,
            institution="Where it was taken.",
            degree="What it is called.",
            subject="In what.",
            completed_year="The year of completion.",
            sorts={"COMPLETED_YEAR": "completed_year"},
        ),
        node(
            models.Experience,
            organisation="The organisation, outside missions.",
            function="What the person did.",
            title="The title held.",
            level="The grade held.",
            stream="Civilian, military or police.",
            started_on="First day; read it with its precision.",
            started_precision="How exactly the first day is known.",
            ended_on="Last day; null while it lasts.",
            ended_precision="How exactly the last day is known.",
            person=related("Whose service."),
            mission=related("The mission served."),
            post=related("The post held."),
            supervisor=related("Who supervised."),
            filters={
                "function": among("function", "Any of these functions."),
                "level": among("level", "Any of these levels."),
                "level_range": ranks("level", "A level in this range."),
                "stream": among("stream", "Any of these streams."),
                "mission": some("mission", "In a mission that satisfies this."),
                "started_from": at_least("started_on", "Started on this day or later."),
                "started_until": at_most("started_on", "Started on this day or earlier."),
                "ended_from": at_least("ended_on", "Ended on this day or later."),
                "ended_until": at_most("ended_on", "Ended on this day or earlier."),
                "is_current": is_null("ended_on", "True: still serving; false: ended."),
            },
            sorts={"STARTED_ON": "started_on", "ENDED_ON": "ended_on"},
        ),
    ),
    queries={
        "people": ListField(models.Person, "People whose files you may see.", requires="read"),
        "candidates": ListField(
            models.Person, "People in the pipeline.", people.CANDIDATES, requires="read_file"
        ),
    },
    verbs={
        "createPerson": Verb(people.create, "Opens a person's file."),
        "updatePerson": Verb(
            people.update, "Changes a person's file: null clears a value, omitted leaves it."
        ),
        "recordExperience": Verb(people.record_experience, "Adds a period of service to a file."),
    },
)
