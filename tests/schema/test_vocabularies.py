"""The words of every enum, as screens ask for them."""

import pickle
from enum import Enum
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLEnumType

from schema import root
from schema.engine import CadreSchema
from seeds import records
from service.access.roles import Role
from service.models.steps import NEXT_STEPS
from service.models.vocabulary import Function, Level, RegionalGroup, Word

QUERY = "query Words($name: String!) { enumValues(name: $name) { name label meaning nextSteps } }"


@pytest.fixture(scope="module")
def whole() -> CadreSchema:
    """The whole schema of the API."""
    return root.create_schema()


async def ask(schema: CadreSchema, name: str) -> Any:
    return await schema.execute(
        QUERY, variable_values={"name": name}, context_value=SimpleNamespace()
    )


async def words(schema: CadreSchema, name: str) -> dict[str, dict[str, Any]]:
    answer = await ask(schema, name)
    assert answer.errors is None
    return {word["name"]: word for word in answer.data["enumValues"]}


async def test_a_word_carries_its_label_and_its_meaning(whole: CadreSchema) -> None:
    found = await words(whole, "CauseOfEnd")
    assert found["PERSONA_NON_GRATA"] == {
        "name": "PERSONA_NON_GRATA",
        "label": "Persona non grata",
        "meaning": "The host State rejected the person.",
        "nextSteps": None,
    }


async def test_a_state_names_the_next_steps_and_a_last_state_has_none(whole: CadreSchema) -> None:
    found = await words(whole, "AppointmentState")
    assert found["IN_POST"]["nextSteps"] == ["EXTENDED", "ENDED"]
    assert found["FORMER_LEADER"]["nextSteps"] == []
    # WITHDRAWN is a word of both enums; each keeps steps of its own.
    assert (await words(whole, "RequestState"))["WAITING"]["nextSteps"] == [
        "MATCHED",
        "WITHDRAWN",
        "CLOSED",
    ]


async def test_a_role_says_the_same_here_as_in_its_duties(whole: CadreSchema) -> None:
    found = await words(whole, "Role")
    assert found["AUDITOR"]["meaning"] == "Reads everything, changes nothing."
    assert list(found) == [role.name for role in Role]


async def test_an_unknown_name_is_refused_with_the_known_ones(whole: CadreSchema) -> None:
    answer = await ask(whole, "Vibe")
    assert answer.data == {"enumValues": None}
    message = answer.errors[0].message
    assert message.startswith("No enum is called so; the enums are AccountOrderField, ")
    assert ", AppointmentState, " in message


async def test_every_enum_of_the_api_is_explained_in_the_schema_and_by_the_field(
    whole: CadreSchema,
) -> None:
    types = whole._schema.type_map.values()
    enums = [t for t in types if isinstance(t, GraphQLEnumType) and not t.name.startswith("__")]
    assert len(enums) > 25
    for kind in enums:
        found = await words(whole, kind.name)
        described = {name: value.description for name, value in kind.values.items()}
        assert described == {name: word["meaning"] for name, word in found.items()}
        for word in found.values():
            assert word["meaning"].endswith("."), word
            assert word["label"].strip(), word


@pytest.mark.parametrize("states", NEXT_STEPS, ids=lambda states: str(states.__name__))
def test_every_state_has_its_steps_and_leads_only_to_states_of_its_own(
    states: type[Word],
) -> None:
    steps = NEXT_STEPS[states]
    assert list(steps) == list(states)
    assert all(type(step) is states for following in steps.values() for step in following)


def test_a_word_is_its_code_and_survives_a_journey() -> None:
    assert Function.HEAD_OF_MISSION == "HEAD_OF_MISSION"
    assert Function("HEAD_OF_MISSION") is Function.HEAD_OF_MISSION
    assert pickle.loads(pickle.dumps(Level.D_2)) is Level.D_2


def test_a_word_without_a_meaning_is_refused() -> None:
    make: Any = Word
    with pytest.raises(TypeError, match="FOUND has no meaning"):
        make("Careless", {"FOUND": "FOUND"})


def test_words_that_are_reference_data_too_say_the_same_there() -> None:
    data = records.load()
    functions = {row.code: (row.label_en, row.meaning) for row in data.functions}
    shared = [word for word in Function if word.name in functions]
    assert len(shared) >= 12
    for word in shared:
        assert (word.label, word.meaning) == functions[word.name]
    assert {row.code: row.label for row in data.levels} == labels(Level)
    assert {row.code: row.label_en for row in data.regional_groups} == labels(RegionalGroup)


def labels(words: type[Enum]) -> dict[str, str]:
    members: Any = words
    return {word.name: word.label for word in members}
