"""Trying a mutation, and doing it once: what `validateOnly` and `idempotencyKey` promise."""

import asyncio
from typing import Any

import pytest

from schema.root import assembled
from service import models
from tests.refusals import everything
from tests.schema.served import Served, mutation, opaque
from tests.schema.verbs import CASES

VERBS = sorted(CASES)
TRIED = {"validateOnly": True}
KEYED = {"idempotencyKey": "the first of May"}


async def ready(served: Served, verb: str) -> tuple[str, dict[str, Any]]:
    """Somebody who may do it, signed in already, and a sound input."""
    name = min(CASES[verb].allowed)
    await served.token(name)
    return name, await CASES[verb].given(served.world)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_sound_input_that_is_only_tried_answers_no_row_and_writes_nothing(
    served: Served, verb: str
) -> None:
    name, given = await ready(served, verb)
    before = await everything()
    payload = await served.do(verb, given | TRIED | KEYED, by=name)
    assert payload["row"] is None
    assert payload["errors"] == []
    assert await everything() == before
    # Neither the trial nor its key stands in the way of the real thing.
    assert (await served.done(verb, given | KEYED, by=name))["id"]


@pytest.mark.parametrize("verb", VERBS)
async def test_a_bad_input_is_refused_in_the_same_words_whether_tried_or_done(
    served: Served, verb: str
) -> None:
    name, given = await ready(served, verb)
    change, code, path = CASES[verb].bad
    before = await everything()
    tried = await served.do(verb, given | change | TRIED, by=name)
    assert await served.do(verb, given | change, by=name) == tried
    assert tried["row"] is None
    assert [(error["code"], error["path"]) for error in tried["errors"]] == [(code, path)]
    assert await everything() == before


@pytest.mark.parametrize("verb", VERBS)
async def test_a_repeat_under_the_same_key_answers_the_same_row_and_writes_nothing(
    served: Served, verb: str
) -> None:
    name, given = await ready(served, verb)
    first = await served.done(verb, given | KEYED, by=name)
    after = await everything()
    assert await served.done(verb, given | KEYED, by=name) == first
    # Asked again, a trial has nothing to show and nothing to refuse.
    trial = await served.do(verb, given | KEYED | TRIED, by=name)
    assert (trial["row"], trial["errors"]) == (None, [])
    assert await everything() == after


@pytest.mark.parametrize("verb", VERBS)
async def test_a_key_that_was_used_for_another_input_is_refused(served: Served, verb: str) -> None:
    name, given = await ready(served, verb)
    await served.done(verb, given | KEYED, by=name)
    after = await everything()
    assert await served.refused(verb, given | CASES[verb].other | KEYED, by=name) == (
        "CONFLICT",
        ["idempotencyKey"],
        "This key was used for another input; use a new key for a new change.",
    )
    assert await everything() == after


@pytest.mark.parametrize("verb", VERBS)
async def test_two_requests_at_once_under_one_key_write_once_and_answer_alike(
    served: Served, verb: str
) -> None:
    name, given = await ready(served, verb)
    one, other = await asyncio.gather(
        served.done(verb, given | KEYED, by=name), served.done(verb, given | KEYED, by=name)
    )
    assert one == other
    done = assembled().verbs[verb].operation.permission.split(".")[0]
    events = await models.AuditEvent.filter(actor_label=name)
    steps = [(event.aggregate, event.verb) for event in events]
    assert done in {step for _, step in steps}
    assert len(set(steps)) == len(steps)


async def test_a_key_of_one_verb_is_refused_for_another(served: Served) -> None:
    given = await CASES["createPerson"].given(served.world)
    await served.done("createPerson", given | KEYED)
    code, path, _ = await served.refused(
        "createCourse", await CASES["createCourse"].given(served.world) | KEYED
    )
    assert (code, path) == ("CONFLICT", ["idempotencyKey"])


async def test_two_accounts_may_use_the_same_key_without_meeting(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.done("updatePerson", given | KEYED, by="owner")
    row = await served.done(
        "updatePerson", given | {"version": 2, "expertise": "Law."} | KEYED, select="expertise"
    )
    assert row == {"expertise": "Law."}


async def test_a_refused_write_leaves_its_key_free(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    code, _, _ = await served.refused("updatePerson", given | {"version": 9} | KEYED)
    assert code == "VERSION_CONFLICT"
    assert await served.done("updatePerson", given | KEYED, select="version") == {"version": 2}


async def test_a_repeat_shows_the_row_as_it_is_now(served: Served) -> None:
    given = await CASES["updatePerson"].given(served.world)
    await served.done("updatePerson", given | KEYED)
    await served.done("updatePerson", given | {"version": 2, "expertise": "Law."})
    row = await served.done("updatePerson", given | KEYED, select="version expertise")
    assert row == {"version": 3, "expertise": "Law."}


async def test_null_and_false_mean_that_the_write_is_neither_tried_nor_keyed(
    served: Served,
) -> None:
    given = await CASES["createPerson"].given(served.world)
    plain = {"validateOnly": None, "idempotencyKey": None}
    first = await served.done("createPerson", given | plain)
    second = await served.done("createPerson", given | {"validateOnly": False})
    assert first != second
    assert await models.IdempotencyKey.all().count() == 0


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "This cannot be empty; write something."),
        ("  ", "This cannot be empty; write something."),
        ("k" * 101, "Write at most 100 characters."),
    ],
)
async def test_a_key_that_cannot_be_kept_is_refused(served: Served, key: str, message: str) -> None:
    given = await CASES["createPerson"].given(served.world)
    refused = await served.refused("createPerson", given | {"idempotencyKey": key})
    assert refused == ("INVALID", ["idempotencyKey"], message)


async def test_the_longest_key_is_kept(served: Served) -> None:
    given = await CASES["createPerson"].given(served.world) | {"idempotencyKey": "é" * 100}
    first = await served.done("createPerson", given)
    assert await served.done("createPerson", given) == first


async def test_several_mutations_run_in_order_and_a_refusal_takes_nothing_back(
    served: Served,
) -> None:
    owner = opaque(served.world.owner)
    steps = {
        "first": {"id": owner, "version": 1, "expertise": "One."},
        "stale": {"id": owner, "version": 1, "expertise": "Two."},
        "third": {"id": owner, "version": 2, "expertise": "Three."},
    }
    shown = "person { version expertise } errors { code currentVersion }"
    fields = " ".join(f"{name}: updatePerson(input: ${name}) {{ {shown} }}" for name in steps)
    typed = ", ".join(f"${name}: UpdatePersonInput!" for name in steps)
    answer = await served.ask(f"mutation Do({typed}) {{ {fields} }}", steps)
    assert "errors" not in answer
    assert answer["data"] == {
        "first": {"person": {"version": 2, "expertise": "One."}, "errors": []},
        "stale": {
            "person": None,
            "errors": [{"code": "VERSION_CONFLICT", "currentVersion": 2}],
        },
        "third": {"person": {"version": 3, "expertise": "Three."}, "errors": []},
    }


async def test_a_payload_answers_under_every_alias_and_through_fragments(served: Served) -> None:
    document = """
    mutation Do($input: CreatePersonInput!, $no: Boolean = false) {
      createPerson(input: $input) {
        __typename
        one: person { id }
        other: person { familyName ...Given }
        left: person @include(if: $no) { id }
        why: errors { code }
        ...Whole
      }
    }
    fragment Given on Person { givenNames }
    fragment Whole on CreatePersonPayload { person { version } }
    """
    given = await CASES["createPerson"].given(served.world)
    answer = await served.ask(document, {"input": given})
    payload = answer["data"]["createPerson"]
    assert payload.pop("one")["id"]
    assert payload == {
        "__typename": "CreatePersonPayload",
        "other": {"familyName": "Njoroge", "givenNames": "Grace"},
        "why": [],
        "person": {"version": 1},
    }


async def test_the_public_is_refused_for_each_mutation_of_a_document(served: Served) -> None:
    given = await CASES["createPerson"].given(served.world)
    document = mutation("createPerson").replace("{ createPerson", "{ a: createPerson", 1)
    document = document.removesuffix("}") + "b: createPerson(input: $input) { person { id } } }"
    answer = await served.ask(document, {"input": given}, by="anonymous")
    assert answer["data"] == {"a": None, "b": None}
    assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
        (["a"], {"code": "NOT_SIGNED_IN"}),
        (["b"], {"code": "NOT_SIGNED_IN"}),
    ]


async def test_variables_reach_directives_and_lists_below_the_payload(served: Served) -> None:
    document = """
    mutation Do($input: UpdatePersonInput!, $yes: Boolean!, $many: Int = 1, $where: MissionFilter) {
      updatePerson(input: $input) {
        person @include(if: $yes) {
          version @skip(if: $yes)
          experiences(first: $many, orderBy: [{ field: STARTED_ON }]) { totalCount edges { node { organisation } } }
          all: experiences(filter: { mission: $where }) { totalCount }
        }
        errors { code }
      }
    }
    """
    variables = {
        "input": await CASES["updatePerson"].given(served.world),
        "yes": True,
        "where": {"acronym": ["UNHERE"]},
    }
    answer = await served.ask(document, variables)
    assert answer["data"]["updatePerson"] == {
        "person": {
            "experiences": {
                "totalCount": 2,
                "edges": [{"node": {"organisation": "African Union"}}],
            },
            "all": {"totalCount": 1},
        },
        "errors": [],
    }
