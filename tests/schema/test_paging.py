"""Pages put together are the list, whichever way; cursors that are none are refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schema.declarations import ListField
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.reading import pages as bounds
from service.reading.pages import Order
from service.reading.selections import Sort
from tests.schema.callers import ACTORS, Api
from tests.schema.oracles import Tables, Values, global_id, ordered, wire

QUICKLY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LISTS: dict[str, type[models.Row]] = {
    name: field.model for name, field in assembled().queries.items() if isinstance(field, ListField)
}
AUDITOR: Actor = ACTORS["AUDITOR"]
FILTERS: dict[str, list[dict[str, Any]]] = {
    "people": [{}, {"availability": ["AVAILABLE_FROM"]}, {"text": "e"}],
    "posts": [{}, {"stream": ["CIVILIAN"]}],
}


def sort_of(name: str) -> SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {"field": st.sampled_from(sorted(assembled().nodes[LISTS[name]].sorts))},
        optional={
            "direction": st.sampled_from(["ASC", "DESC"]),
            "nulls": st.sampled_from(["FIRST", "LAST"]),
        },
    )


def meaning(name: str, order: list[dict[str, str]]) -> tuple[Sort, ...]:
    fields = assembled().nodes[LISTS[name]].sorts
    return tuple(
        Sort(fields[one["field"]], one.get("direction") == "DESC", one.get("nulls") == "FIRST")
        for one in order
    )


def rows_of(tables: Tables, name: str, given: dict[str, Any]) -> list[Values]:
    rows = tables.visible(AUDITOR, LISTS[name])
    if name == "candidates":
        rows = [row for row in rows if row["pipeline_since"]]
    return [row for row in rows if tables.satisfies(AUDITOR, LISTS[name], row, given)]


async def page(
    api: Api, name: str, order: list[dict[str, str]] | None, given: dict[str, Any], **window: Any
) -> dict[str, Any]:
    kind = LISTS[name].__name__
    arguments = {"orderBy": (f"[{kind}Order!]", order), "filter": (f"{kind}Filter", given)}
    if not assembled().nodes[LISTS[name]].filters:
        del arguments["filter"]
    known = arguments | {
        key: ("Int" if key in {"first", "last"} else "String", value)
        for key, value in window.items()
    }
    declared = ", ".join(f"${key}: {kind}" for key, (kind, _) in known.items())
    passed = ", ".join(f"{key}: ${key}" for key in known)
    query = f"""query ({declared}) {{ {name}({passed}) {{ totalCount
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        edges {{ cursor node {{ id }} }} }} }}"""
    variables = {key: value for key, (_, value) in known.items()}
    data = await api.data(query, variables, by="AUDITOR")
    found: dict[str, Any] = data[name]
    return found


async def pages(
    api: Api,
    name: str,
    order: list[dict[str, str]],
    given: dict[str, Any],
    size: int,
    *,
    back: bool,
) -> list[str]:
    """The ids of all pages put together, after asserting what each page says of itself."""
    ids: list[str] = []
    cursor = None
    while True:
        way = {"last": size, "before": cursor} if back else {"first": size, "after": cursor}
        found = await page(api, name, order, given, **way)
        info, edges = found["pageInfo"], found["edges"]
        some = [edge["node"]["id"] for edge in edges]
        ids = some + ids if back else ids + some
        assert [info["startCursor"], info["endCursor"]] == [
            edges[i]["cursor"] if edges else None for i in (0, -1)
        ]
        more, began = (
            ("hasPreviousPage", "hasNextPage") if back else ("hasNextPage", "hasPreviousPage")
        )
        assert info[began] == (cursor is not None)
        assert info[more] == (len(ids) < found["totalCount"])
        if not info[more]:
            return ids
        assert len(some) == size
        cursor = info["startCursor" if back else "endCursor"]


@QUICKLY
@given(data=st.data(), name=st.sampled_from(sorted(LISTS)), size=st.integers(1, 9))
async def test_pages_put_together_are_the_ordered_list_forwards_and_backwards(
    api: Api, tables: Tables, data: st.DataObject, name: str, size: int
) -> None:
    order = data.draw(st.lists(sort_of(name), max_size=2, unique_by=lambda one: one["field"]))
    given = data.draw(st.sampled_from(FILTERS.get(name, [{}])))
    wanted = ordered(LISTS[name], rows_of(tables, name, given), meaning(name, order))

    for back in (False, True):
        found = await pages(api, name, order, given, size, back=back)

        assert found == [global_id(LISTS[name], row["id"]) for row in wanted]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("nulls", ["FIRST", "LAST"])
@pytest.mark.parametrize(
    "sort",
    [(name, field) for name, model in LISTS.items() for field in assembled().nodes[model].sorts],
    ids=str,
)
async def test_every_sort_of_every_list_pages_both_ways(
    api: Api, tables: Tables, sort: tuple[str, str], direction: str, nulls: str
) -> None:
    name, field = sort
    order = [{"field": field, "direction": direction, "nulls": nulls}]
    wanted = [
        global_id(LISTS[name], row["id"])
        for row in ordered(LISTS[name], rows_of(tables, name, {}), meaning(name, order))
    ]
    for back in (False, True):
        assert await pages(api, name, order, {}, 25 if len(wanted) > 20 else 2, back=back) == wanted


def packed(*values: Any) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


ID = "0190a000-0000-7000-8000-000000000000"
TAMPERED: dict[str, tuple[str, str | None, str]] = {
    "empty": ("people", None, ""),
    "garbage": ("people", None, "garbage"),
    "not base64": ("people", None, "ключ"),
    "not text": ("people", None, base64.b64encode(b"\xff\xfe").decode()),
    "an object": ("people", None, base64.b64encode(b'{"a": 1}').decode()),
    "a number": ("people", None, base64.b64encode(b"5").decode()),
    "a string": ("people", None, base64.b64encode(b'"Person:"').decode()),
    "an empty list": ("people", None, packed()),
    "a tower of lists": ("people", None, base64.b64encode(b"[" * 2900).decode()),
    "a very long one": ("people", None, packed("Person:", ID, "x" * 100_000)),
    "another list's": ("people", None, packed("Mission:", ID)),
    "another order's": ("people", None, packed("Person:family_name+0", "A", ID)),
    "too few values": ("people", None, packed("Person:")),
    "too many values": ("people", None, packed("Person:", ID, ID)),
    "no id": ("people", None, packed("Person:", None)),
    "an id that is none": ("people", None, packed("Person:", "x")),
    "an id that is a number": ("people", None, packed("Person:", 5)),
    "NUL": ("people", "FAMILY_NAME", packed("Person:family_name+0", "a\0", ID)),
    "half a character": ("people", "FAMILY_NAME", packed("Person:family_name+0", "\ud800", ID)),
    "null where none is": ("people", "FAMILY_NAME", packed("Person:family_name+0", None, ID)),
    "a number for a text": ("people", "FAMILY_NAME", packed("Person:family_name+0", 1, ID)),
    "a list for a text": ("people", "FAMILY_NAME", packed("Person:family_name+0", ["a"], ID)),
    "a huge number": ("people", "SENIORITY", packed("Person:seniority+0", 2**31, ID)),
    "a very huge number": ("people", "SENIORITY", packed("Person:seniority+0", 10**400, ID)),
    "a fraction": ("people", "SENIORITY", packed("Person:seniority+0", 1.5, ID)),
    "a truth": ("people", "SENIORITY", packed("Person:seniority+0", True, ID)),
    "infinity": ("people", "SENIORITY", packed("Person:seniority+0", float("inf"), ID)),
    "no such day": ("people", "PIPELINE_SINCE", packed("Person:pipeline_since+0", "2023-02-29", ID)),
    "a far day": ("people", "PIPELINE_SINCE", packed("Person:pipeline_since+0", "10000-01-01", ID)),
    "no zone": (
        "auditEvents", "OCCURRED_AT", packed("AuditEvent:occurred_at+0", "2024-01-01T00:00:00", ID),
    ),
    "before all time": (
        "auditEvents", "OCCURRED_AT",
        packed("AuditEvent:occurred_at+0", "0001-01-01T00:00:00+14:00", ID),
    ),
}  # fmt: skip


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize("which", TAMPERED)
async def test_a_cursor_that_this_list_did_not_give_is_refused_by_its_argument(
    api: Api, which: str, argument: str
) -> None:
    name, field, cursor = TAMPERED[which]
    order = f", orderBy: [{{field: {field}}}]" if field else ""
    size = "first" if argument == "after" else "last"
    query = f"query ($c: String) {{ {name}({size}: 5, {argument}: $c{order}) {{ edges {{ cursor }} }} }}"
    refusal = await api.refusal(query, {"c": cursor}, by="AUDITOR")
    assert (refusal["code"], refusal["path"]) == ("INVALID", [argument])
    assert refusal["message"] == (
        f"{argument} is not a cursor of this list in this order; take one from its pageInfo."
    )


async def test_a_cursor_of_nobody_is_a_place_like_any_other(api: Api, tables: Tables) -> None:
    order = [{"field": "SENIORITY", "direction": "DESC"}]
    cursor = packed("Person:seniority-0", 3, ID)
    found = await page(api, "people", order, {}, first=100, after=cursor)
    wanted = [
        row
        for row in ordered(models.Person, rows_of(tables, "people", {}), meaning("people", order))
        if row["seniority"] < 3
    ]
    assert [edge["node"]["id"] for edge in found["edges"]] == [
        global_id(models.Person, row["id"]) for row in wanted
    ]


async def test_a_key_said_twice_decides_once_and_many_keys_cost_nothing(api: Api) -> None:
    once = [{"field": "SENIORITY", "direction": "DESC"}]
    order = once + [{"field": "SENIORITY"}] * 249
    first = await page(api, "people", order, {}, first=30)
    rest = await page(api, "people", order, {}, first=30, after=first["pageInfo"]["endCursor"])
    ids = [edge["node"]["id"] for edge in first["edges"] + rest["edges"]]
    assert ids == [
        edge["node"]["id"] for edge in (await page(api, "people", once, {}, first=100))["edges"]
    ]


@pytest.mark.parametrize(
    ("window", "code", "path"),
    [
        ("first: 101", "LIMIT_EXCEEDED", None),
        ("last: 101", "LIMIT_EXCEEDED", None),
        ("first: -1", "BAD_USER_INPUT", ["first"]),
        ("last: -1", "BAD_USER_INPUT", ["last"]),
        ("first: 2147483648", "GRAPHQL_VALIDATION_FAILED", None),
        ("first: 5, last: 5", "INVALID", ["last"]),
        ('first: 5, before: "x"', "INVALID", ["before"]),
        ('last: 5, after: "x"', "INVALID", ["after"]),
        ('before: "x"', "INVALID", ["before"]),
    ],
)
async def test_a_window_without_meaning_is_refused(
    api: Api, window: str, code: str, path: list[str] | None
) -> None:
    refusal = await api.refusal(f"{{ missions({window}) {{ totalCount }} }}")
    assert (refusal["code"], refusal.get("path")) == (code, path)


async def test_a_page_of_none_says_whether_there_are_rows_and_a_page_of_hundred_holds_all(
    api: Api,
) -> None:
    for window in ({"first": 0}, {"last": 0}):
        found = await page(api, "terms", [], {}, **window)
        info = found["pageInfo"]
        assert (found["edges"], found["totalCount"]) == ([], 4)
        assert (info["startCursor"], info["endCursor"]) == (None, None)
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (
            "first" in window,
            "last" in window,
        )
    assert len((await page(api, "terms", [], {}, first=100))["edges"]) == 4


async def test_without_a_window_a_page_holds_twenty(api: Api, tables: Tables) -> None:
    found = await page(api, "people", None, {})
    assert len(found["edges"]) == 20
    assert found["totalCount"] == len(tables.rows[models.Person])


async def test_a_count_stops_at_its_bound_and_says_so_either_way(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Aliases of their own, because a plan that was made with this bound is kept.
    monkeypatch.setattr(bounds, "MOST_COUNTED", 3)
    asked = "few: totalCount isFew: isTotalCountExact"
    answered = {
        "terms": {"few": 3, "isFew": False},
        "missions": {"few": 3, "isFew": True},
    }
    lists = f"terms(first: 1) {{ {asked} }} missions {{ {asked} }}"
    assert await api.data(f"{{ {lists} }}") == answered
    # Beside the viewer, who is in no table, the executor answers.
    assert await api.data(f"{{ viewer {{ isSignedIn }} {lists} }}") == {
        "viewer": {"isSignedIn": False},
        **answered,
    }


@pytest.mark.parametrize(
    ("asked", "times"),
    [
        ("edges { cursor }", 0),
        ("totalCount", 1),
        ("isTotalCountExact", 1),
        ("totalCount isTotalCountExact again: totalCount", 1),
    ],
)
async def test_rows_are_counted_once_and_only_when_asked(api: Api, asked: str, times: int) -> None:
    api.statements.clear()
    await api.data(f"{{ terms {{ {asked} }} }}")
    (statement,) = [sql for sql in api.statements if sql.startswith("SELECT convert_to(")]
    assert statement.count("count(*)") == times


async def test_a_cursor_holds_the_orders_values_and_nothing_else(api: Api, tables: Tables) -> None:
    order = [{"field": "PIPELINE_SINCE", "direction": "DESC", "nulls": "FIRST"}]
    (edge,) = (await page(api, "people", order, {}, first=1))["edges"]
    row = ordered(models.Person, tables.rows[models.Person], meaning("people", order))[0]
    assert json.loads(base64.b64decode(edge["cursor"])) == [
        Order(models.Person, meaning("people", order)).signature,
        wire(row["pipeline_since"]),
        str(row["id"]),
    ]
