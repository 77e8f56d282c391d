"""What is kept of requests that repeat: short queries, the second time, and nobody's answers."""

from typing import Any

import orjson

from schema.limits import Limits
from schema.repeats import Repeats, Worked
from schema.variables import Form
from tests.schema.served import Served, mutation

FORM = Form((), ())
WIDE, NARROW = Limits(), Limits(page=10)


def test_a_body_is_kept_from_the_second_time_on() -> None:
    repeats: Repeats[str] = Repeats()
    repeats.keep(b"a", "first")
    assert repeats.find(b"a") is None
    repeats.keep(b"a", "second")
    assert repeats.find(b"a") == "second"
    assert repeats.find(b"b") is None


def test_a_long_body_is_never_kept() -> None:
    repeats: Repeats[str] = Repeats()
    for _ in range(3):
        repeats.keep(b"a" * 2_049, "long")
    assert repeats.find(b"a" * 2_049) is None


def test_bodies_that_never_repeat_push_none_out_and_grow_nothing() -> None:
    repeats: Repeats[int] = Repeats()
    for _ in range(2):
        repeats.keep(b"repeated", 1)
    for number in range(20_000):
        repeats.keep(b"%d" % number, number)
    assert repeats.find(b"repeated") == 1
    assert len(repeats._noticed) <= 5_000
    assert len(repeats._kept) == 1


def test_what_was_worked_out_counts_for_its_operation_and_its_limits_alone() -> None:
    worked = Worked()
    assert worked.cost(1, WIDE) is None
    worked.learn_cost(1, WIDE, 7)
    worked.learn_form(1, FORM)
    assert (worked.cost(1, WIDE), worked.form(1)) == (7, FORM)
    assert worked.cost(1, NARROW) is None
    assert (worked.cost(2, WIDE), worked.form(2)) == (None, None)
    worked.learn_form(2, Form((1,), ()))
    assert worked.form(2) is None, "the form of an operation whose cost is not known"
    worked.learn_cost(1, NARROW, 3)
    assert (worked.cost(1, WIDE), worked.form(1)) == (None, FORM)
    worked.learn_cost(2, WIDE, 9)
    assert worked.form(2) is None


PEOPLE = """query ($first: Int!, $filter: PersonFilter) {
    people(first: $first, filter: $filter) { edges { node { familyName } } } }"""


async def test_the_same_bytes_are_answered_to_each_caller_by_what_they_may_see(
    served: Served,
) -> None:
    body = {
        "query": PEOPLE,
        "variables": {
            "first": 5,
            "filter": {"availability": ["AVAILABLE", "AVAILABLE_FROM", "NOT_AVAILABLE"]},
        },
    }
    first: dict[str, Any] = {}
    for _ in range(4):
        for caller in ("hr", "auditor", "anonymous", "stranger"):
            answer = (await served.post(body, await served.token(caller))).json()
            del answer["extensions"]
            assert answer == first.setdefault(caller, answer)
    assert len(first["hr"]["data"]["people"]["edges"]) > 0
    assert "errors" in first["anonymous"]


async def test_a_repeated_page_beyond_the_limits_is_refused_each_time(served: Served) -> None:
    body = {"query": PEOPLE, "variables": {"first": 5_000}}
    for _ in range(4):
        answer = (await served.post(body, await served.token("hr"))).json()
        assert [error["extensions"]["details"]["limit"] for error in answer["errors"]] == ["page"]


async def test_a_repeated_mutation_is_read_each_time(served: Served) -> None:
    given = {"givenNames": "Invented", "familyName": "Twice", "nationalities": ["KEN"]}
    body = {"query": mutation("createPerson"), "variables": {"input": given}}
    rows = set()
    for _ in range(4):
        answer = (await served.post(body, await served.token("hr"))).json()
        rows.add(orjson.dumps(answer["data"]["createPerson"]["row"]))
    assert len(rows) == 4
