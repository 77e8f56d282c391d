"""Every mutation, as every kind of caller meets it: who may, what a refusal leaves behind."""

from typing import Any

import pytest

from schema.root import assembled
from tests.refusals import everything
from tests.schema.served import ANONYMOUS, EVERYBODY, Served, mutation
from tests.schema.verbs import CASES

VERBS = sorted(assembled().verbs)
ALLOWED = [(verb, name) for verb, case in CASES.items() for name in sorted(case.allowed)]


def test_every_mutation_of_the_schema_has_a_case_and_no_case_lacks_its_mutation() -> None:
    assert sorted(CASES) == VERBS


@pytest.mark.parametrize("verb", VERBS)
async def test_whoever_may_not_is_refused_by_code_and_changes_nothing(
    served: Served, verb: str
) -> None:
    case = CASES[verb]
    given = await case.given(served.world)
    callers = [name for name in EVERYBODY if name not in case.allowed]
    for name in callers:
        await served.token(name)
    before = await everything()
    codes = {name: await code(served, verb, given, by=name) for name in callers}
    assert codes == {
        name: "NOT_SIGNED_IN" if name == ANONYMOUS else case.code(name) for name in callers
    }
    assert await everything() == before


async def code(served: Served, verb: str, given: dict[str, Any], *, by: str) -> str:
    """The code of the one refusal: an error of the request for the public, else a value."""
    answer = await served.ask(mutation(verb), {"input": given}, by=by)
    if by == ANONYMOUS:
        assert answer["data"] == {verb: None}
        (error,) = answer["errors"]
        found: str = error["extensions"]["code"]
        return found
    payload = answer["data"][verb]
    assert payload.pop("row") is None
    (error,) = payload.pop("errors")
    assert list(payload.values()) in ([], [None])
    return str(error["code"])


@pytest.mark.parametrize(("verb", "name"), ALLOWED)
async def test_whoever_may_gets_the_row_and_leaves_a_trace_in_the_history(
    served: Served, verb: str, name: str
) -> None:
    given = await CASES[verb].given(served.world)
    await served.token(name)
    before = await everything()
    row = await served.done(verb, given, by=name)
    assert row["id"]
    after = await everything()
    changed = {table for table in after if after[table] != before[table]}
    assert changed >= {"audit_event", "audit_value"}
