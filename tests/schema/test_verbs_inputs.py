"""Inputs that no change can be made of: refused at their field, in words, and never a fault."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from schema.inputs import _bare
from schema.root import assembled
from service.changes import Change
from tests.refusals import everything
from tests.schema.served import ANONYMOUS, Served, mutation, opaque, opaque_id
from tests.schema.verbs import CASES

VERBS = sorted(CASES)
NO_NULL = "This cannot be null; give a value, or leave the field out."
NO_ID = "This is not an id that Cadre gave out."
A_DATE = "A Date is written as 2026-01-31."
A_DATETIME = "A DateTime is written with its zone, as 2026-01-31T12:00:00Z."
NO_DAY = "There is no such day; a Date is written as 2026-01-31."


def change_of(verb: str) -> type[Change]:
    """The change that this mutation takes."""
    found: type[Change] = assembled().verbs[verb].operation.change
    return found


def references() -> Iterator[tuple[str, str, str, bool]]:
    """Every id that an input takes: mutation, field, the noun it names, whether it is a list."""
    for verb in VERBS:
        for name, info in change_of(verb).model_fields.items():
            found = _bare(info.annotation, info.metadata)
            inner = _bare(found.type, ()) if found.is_list else found
            if inner.refers_to:
                yield verb, to_camel_case(name), inner.refers_to, found.is_list


REFERENCES = list(references())


async def top(served: Served, verb: str, change: dict[str, Any]) -> tuple[str, str]:
    """The code and words of an input that is refused before the mutation runs."""
    given = await CASES[verb].given(served.world) | change
    answer = await served.ask(mutation(verb), {"input": given}, by=min(CASES[verb].allowed))
    assert "data" not in answer
    (error,) = answer["errors"]
    return error["extensions"]["code"], error["message"]


def test_every_kind_of_reference_is_among_those_that_are_tried() -> None:
    assert {noun for _, _, noun, _ in REFERENCES} >= {"Person", "Post", "Mission", "Account"}
    assert {verb for verb, _, _, _ in REFERENCES} == set(VERBS) - {
        "createPerson",
        "createCourse",
        "startMatchRun",
    }


@pytest.mark.parametrize("verb", sorted({verb for verb, _, _, _ in REFERENCES}))
async def test_what_is_no_id_or_another_noun_s_is_refused_at_its_field(
    served: Served, verb: str
) -> None:
    given = await CASES[verb].given(served.world)
    name = min(CASES[verb].allowed)
    another = opaque(served.world.here), opaque(served.world.stranger)
    for _, field, noun, is_list in (row for row in REFERENCES if row[0] == verb):
        path = [field, "0"] if is_list else [field]
        wrong = another[1] if noun == "Mission" else another[0]
        for value, message in (
            (wrong, f"This is not the id of a {noun}."),
            ("Amina", NO_ID),
            ("", NO_ID),
            ("é", NO_ID),
            (opaque_id(noun, "1"), NO_ID),
            (opaque_id("", ""), NO_ID),
            (str(served.world.owner.id), NO_ID),
        ):
            sent = given | {field: [value] if is_list else value}
            refused = await served.refused(verb, sent, by=name)
            assert refused == ("INVALID", path, message)


@pytest.mark.parametrize("verb", VERBS)
async def test_null_clears_or_is_refused_as_the_field_s_type_says(
    served: Served, verb: str
) -> None:
    given = await CASES[verb].given(served.world)
    name = min(CASES[verb].allowed)
    await served.token(name)
    before = await everything()
    for python, info in change_of(verb).model_fields.items():
        if info.is_required():
            continue
        field = to_camel_case(python)
        sent = given | {field: None, "validateOnly": True}
        errors = (await served.do(verb, sent, by=name))["errors"]
        must_stay = type(None) not in getattr(info.annotation, "__args__", ())
        refusals = [error for error in errors if error["message"] == NO_NULL]
        assert [error["path"] for error in refusals] == ([[field]] if must_stay else []), field
    assert await everything() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_an_unknown_field_is_refused_by_name(served: Served, verb: str) -> None:
    code, message = await top(served, verb, {"surprise": 1})
    assert code == "BAD_USER_INPUT"
    assert "not to include unknown field 'surprise'" in message


@pytest.mark.parametrize("verb", VERBS)
async def test_a_required_field_is_missed_by_name(served: Served, verb: str) -> None:
    given = await CASES[verb].given(served.world)
    required = [
        to_camel_case(name)
        for name, info in change_of(verb).model_fields.items()
        if info.is_required()
    ]
    for field in required:
        left = {name: value for name, value in given.items() if name != field}
        answer = await served.ask(mutation(verb), {"input": left})
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert f"to include required field '{field}'" in error["message"]


@pytest.mark.parametrize(
    ("verb", "change", "message"),
    [
        ("createPerson", {"gender": "female"}, "at .gender: Value 'female' does not exist"),
        ("createPerson", {"gender": 1}, "at .gender: Enum 'Gender' cannot represent"),
        ("endAppointment", {"cause": "ended"}, "at .cause: Value 'ended' does not exist"),
        (
            "createPerson",
            {"languages": [{"language": "fr", "proficiency": "C3"}]},
            "at .languages[0].proficiency: Value 'C3' does not exist",
        ),
        ("createPerson", {"givenNames": 5}, "at .givenNames: String cannot represent"),
        ("createPerson", {"givenNames": None}, "at .givenNames: Expected value of non-null type"),
        ("createPerson", {"nationalities": [None]}, "at .nationalities[0]: Expected value of non"),
        ("createPerson", {"languages": [[]]}, "at .languages[0]: Expected value of type"),
        ("createPerson", {"validateOnly": "yes"}, "at .validateOnly: Boolean cannot represent"),
        ("updatePerson", {"version": 2**31}, "at .version: Int cannot represent non 32-bit"),
        ("updatePerson", {"version": -(2**31) - 1}, "at .version: Int cannot represent non 32-bit"),
        ("updatePerson", {"version": 1.5}, "at .version: Int cannot represent non-integer"),
        ("updatePerson", {"version": True}, "at .version: Int cannot represent non-integer"),
        ("updatePerson", {"version": "1"}, "at .version: Int cannot represent non-integer"),
        ("endAppointment", {"mentor": {}}, "at .mentor: Expected value of type"),
        ("createPerson", {"availableFrom": "2026-02-30"}, NO_DAY),
        ("createPerson", {"availableFrom": "2026-02-29"}, NO_DAY),
        ("createPerson", {"availableFrom": "0000-01-01"}, NO_DAY),
        ("createPerson", {"availableFrom": "2026-2-3"}, A_DATE),
        ("createPerson", {"availableFrom": "2026-01-31T00:00:00Z"}, A_DATE),
        ("createPerson", {"availableFrom": 20260203}, A_DATE),
        ("createPerson", {"availableFrom": "31.01.2026"}, A_DATE),
        (
            "createPerson",
            {"availableFrom": "\u0662\u0660\u0662\u0666-01-31"},
            "There is no such day",
        ),
        ("issueToken", {"expiresAt": "2027-01-01"}, A_DATETIME),
        ("issueToken", {"expiresAt": "2027-01-01T00:00:00"}, A_DATETIME),
        ("issueToken", {"expiresAt": "2027-02-30T00:00:00Z"}, A_DATETIME),
        ("issueToken", {"expiresAt": "0001-01-01T00:00:00+14:00"}, A_DATETIME),
        ("issueToken", {"expiresAt": "9999-12-31T23:59:59-14:00"}, A_DATETIME),
        ("issueToken", {"expiresAt": 1798761600}, A_DATETIME),
        ("createPerson", {"givenNames": "A\x00"}, "Text must not contain the character NUL"),
        ("updatePerson", {"id": "\x00"}, "Text must not contain the character NUL"),
        ("createPerson", {"idempotencyKey": "\x00"}, "Text must not contain the character NUL"),
    ],
)
async def test_a_value_of_the_wrong_kind_is_refused_with_its_place(
    served: Served, verb: str, change: dict[str, Any], message: str
) -> None:
    code, words = await top(served, verb, change)
    assert code == "BAD_USER_INPUT"
    assert message in words
    (field,) = change
    assert f"at .{field}" in words or "NUL" in words


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ("", "GRAPHQL_VALIDATION_FAILED", "of type 'CreatePersonInput!' is required"),
        ("(input: null)", "GRAPHQL_VALIDATION_FAILED", "Expected value of non-null type"),
        (
            '(input: {givenNames: "A", familyName: "B", gender: FEMAIL})',
            "GRAPHQL_VALIDATION_FAILED",
            "Value 'FEMAIL' does not exist in 'Gender' enum. Did you mean the enum value 'FEMALE'?",
        ),
        (
            '(input: {givenNames: "A", familyName: "B", availableFrom: "2026-02-30"})',
            "GRAPHQL_VALIDATION_FAILED",
            NO_DAY,
        ),
        (
            '(input: {givenNames: "A", givenNames: "A", familyName: "B"})',
            "GRAPHQL_VALIDATION_FAILED",
            "There can be only one input field named 'givenNames'.",
        ),
        (
            '(input: {givenNames: "\\ud800", familyName: "B"})',
            "GRAPHQL_PARSE_FAILED",
            "Invalid Unicode escape sequence",
        ),
    ],
)
async def test_a_literal_of_the_wrong_kind_is_refused_with_its_place(
    served: Served, given: str, code: str, message: str
) -> None:
    answer = await served.ask(f"mutation {{ createPerson{given} {{ errors {{ code }} }} }}")
    error = answer["errors"][0]
    assert error["extensions"]["code"] == code
    assert message in error["message"]
    assert error["locations"][0]["line"] == 1


@pytest.mark.parametrize("text", ['"A\\u0000"', '"\\u{0}"'])
async def test_nul_is_refused_in_literals_too(served: Served, text: str) -> None:
    document = (
        f"mutation {{ createPerson(input: {{givenNames: {text}, familyName: 7}}) {{ row }} }}"
    )
    answer = await served.ask(document)
    (error,) = answer["errors"]
    assert error["message"] == "Text must not contain the character NUL; remove it."


@pytest.mark.parametrize("half", [rb'"\ud800"', rb'"\udfff"', b'"\xff"', b'"\xed\xa0\x80"'])
async def test_half_a_character_is_no_json(served: Served, half: bytes) -> None:
    given = {"givenNames": "HALF", "familyName": "B"}
    body = json.dumps({"query": mutation("createPerson"), "variables": {"input": given}})
    headers = {"Authorization": f"Bearer {await served.token('hr')}"}
    answer = await served.client.post(
        "/graphql",
        content=body.encode().replace(b'"HALF"', half),
        headers=headers | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["extensions"]["code"], error["message"]) == (
        "BAD_REQUEST",
        "The body is not JSON in UTF-8.",
    )


async def test_a_list_of_more_than_250_entries_is_refused_and_one_of_250_reaches_its_field(
    served: Served,
) -> None:
    code, message = await top(served, "createPerson", {"nationalities": ["KEN"] * 251})
    assert code == "LIMIT_EXCEEDED"
    assert message == (
        "Entries of one input list or object: 251; the limit `list_items` is 250."
        " Send the entries in several requests."
    )
    given = await CASES["createPerson"].given(served.world) | {"nationalities": ["KEN"] * 250}
    assert await served.refused("createPerson", given) == (
        "INVALID",
        ["nationalities"],
        "Give at most 10 entries; these are 250.",
    )


@pytest.mark.parametrize("verb", VERBS)
async def test_the_public_learns_nothing_from_what_is_wrong_with_an_input(
    served: Served, verb: str
) -> None:
    given = await CASES[verb].given(served.world) | CASES[verb].bad[0]
    answer = await served.ask(mutation(verb), {"input": given}, by=ANONYMOUS)
    assert answer["data"] == {verb: None}
    assert [error["message"] for error in answer["errors"]] == [
        "Sign in first: this needs an account."
    ]


async def test_an_integer_that_is_written_as_a_float_is_one_and_a_single_entry_is_a_list(
    served: Served,
) -> None:
    given = await CASES["updatePerson"].given(served.world)
    change = {"version": 1.0, "nationalities": "KEN"}
    row = await served.done("updatePerson", given | change, select="version nationalities")
    assert row == {"version": 2, "nationalities": ["KEN"]}


async def test_the_codes_of_refusals_are_an_enum_and_each_says_what_it_means(
    served: Served,
) -> None:
    document = '{ __type(name: "RefusalCode") { enumValues { name description } } }'
    answer = await served.ask(document)
    values = {one["name"]: one["description"] for one in answer["data"]["__type"]["enumValues"]}
    assert list(values) == [
        "NOT_SIGNED_IN",
        "NOT_ALLOWED",
        "NOT_FOUND",
        "INVALID",
        "CONFLICT",
        "VERSION_CONFLICT",
        "UNAVAILABLE",
    ]
    assert all(meaning.endswith(".") for meaning in values.values())


async def test_nodes_are_read_by_a_hundred_ids_at_once_and_not_by_more(served: Served) -> None:
    document = "query Read($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    key = opaque(served.world.here)
    answer = await served.ask(document, {"ids": [key] * 100})
    assert answer["data"] == {"nodes": [{"id": key}] * 100}
    answer = await served.ask(document, {"ids": [key] * 101})
    assert answer["data"] == {"nodes": None}
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "INVALID", "path": ["ids"]}
    assert error["message"] == "Ask for at most 100 ids at once."
