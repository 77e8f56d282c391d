"""Every edge of the API for every kind of caller, against what the rules say row by row."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from schema.declarations import ListField
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.access.conditions import NEVER
from service.models import Row
from service.reading.shapes import is_many, target
from tests.schema.callers import CALLERS, Api, key
from tests.schema.oracles import Tables, columns, global_id, relations, wire

Path = tuple[str, ...]


def is_open(actor: Actor, field: ListField) -> bool:
    """Whether the list is one the caller may ask for at all."""
    rules = field.model.access
    if field.requires and not actor.reach(field.requires, rules.noun):
        return False
    return NEVER not in (rules.rows(actor), rules.rows(actor, field.requires or rules.verb))


def roots() -> dict[str, ListField]:
    return {k: v for k, v in assembled().queries.items() if isinstance(v, ListField)}


def paths(root: str, depth: int) -> Iterator[Path]:
    """Ways from the list down to each edge of the schema, each edge once."""
    taken: set[tuple[type[Row], str]] = set()
    ends: list[Path] = [(root,)]
    for _ in range(depth + 1):
        yield from ends
        further = []
        for path in ends:
            model = on_path(path)[-1]
            for name in relations(assembled().nodes[model]):
                if (model, name) not in taken:
                    taken.add((model, name))
                    further.append((*path, name))
        ends = further


def selection(model: type[Row]) -> str:
    """Everything there is to ask of a row: all columns, and who stands at the end of each edge."""
    node = assembled().nodes[model]
    parts = ["id", "__typename", *columns(node)]
    for name, by in relations(node).items():
        if is_many(model, by):
            parts.append(f"{name}(first: 100) {{ totalCount edges {{ node {{ id }} }} }}")
        else:
            parts.append(f"{name} {{ id }}")
    return " ".join(parts)


def walk(path: Path) -> str:
    """The query down this path, to the selection of its last type."""
    models_on_it = on_path(path)
    inner = selection(models_on_it[-1])
    for i in range(len(path) - 1, -1, -1):
        by = relations(assembled().nodes[models_on_it[i - 1]]).get(path[i]) if i else None
        if i and by and not is_many(models_on_it[i - 1], by):
            inner = f"{path[i]} {{ {inner} }}"
        else:
            inner = f"{path[i]}(first: 100) {{ edges {{ node {{ {inner} }} }} }}"
    return f"{{ {inner} }}"


def on_path(path: Path) -> list[type[Row]]:
    found = [roots()[path[0]].model]
    for name in path[1:]:
        found.append(target(found[-1], relations(assembled().nodes[found[-1]])[name]))
    return found


def leaves(value: Any, path: Path) -> list[dict[str, Any]]:
    """The rows at the end of the path in an answer."""
    rows = [value]
    for name in path:
        further = []
        for row in rows:
            under = row[name]
            if under is None:
                continue
            further += [e["node"] for e in under["edges"]] if "edges" in under else [under]
        rows = further
    return rows


def check_row(tables: Tables, actor: Actor, model: type[Row], seen: dict[str, Any]) -> None:
    """Asserts that this row, each field and each edge of it are what the rules say."""
    node = assembled().nodes[model]
    row = next(r for r in tables.rows[model] if global_id(model, r["id"]) == seen["id"])
    assert tables.sees(actor, model, row)
    assert seen["__typename"] == node.name
    for name, of in columns(node).items():
        assert seen[name] == tables.answer(actor, model, row, of), (node.name, name)
    for name, by in relations(node).items():
        there = target(model, by)
        related = [r for r in tables.related(model, row, by) if tables.sees(actor, there, r)]
        ids = {global_id(there, r["id"]) for r in related}
        if is_many(model, by):
            assert {e["node"]["id"] for e in seen[name]["edges"]} == ids, (node.name, name)
            assert seen[name]["totalCount"] == len(ids)
        else:
            assert ({seen[name]["id"]} if seen[name] else set()) == ids, (node.name, name)


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_caller_sees_on_every_edge_exactly_what_the_rules_give(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    for root in (name for name, field in roots().items() if is_open(actor, field)):
        for path in paths(root, depth=3):
            data = await api.data(walk(path), by=caller)
            for row in leaves(data, path):
                check_row(tables, actor, on_path(path)[-1], row)


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_list_holds_and_counts_what_the_rules_give_or_is_refused(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    for name, field in roots().items():
        query = f"{{ {name}(first: 100) {{ {_COUNTED} }} }}"
        if not is_open(actor, field):
            refusal = await api.refusal(query, by=caller)
            wanted = "NOT_SIGNED_IN" if caller is None else "NOT_ALLOWED"
            assert refusal["code"] == wanted, name
            continue
        rows = tables.visible(actor, field.model)
        if name == "candidates":
            rows = [
                row
                for row in rows
                if row["pipeline_since"] and tables.reads(actor, field.model, row, "pipeline_since")
            ]
        found = (await api.data(query, by=caller))[name]
        ids = {edge["node"]["id"] for edge in found["edges"]}
        assert ids == {global_id(field.model, row["id"]) for row in rows}, name
        assert found["totalCount"] == len(rows), name
        # A page that ends with the last row they may see says that nothing follows.
        exactly = f"{{ {name}(first: {len(rows)}) {{ {_COUNTED} }} }}"
        found = (await api.data(exactly, by=caller))[name]
        assert found["pageInfo"] == {"hasNextPage": False}, name


_COUNTED = "totalCount pageInfo { hasNextPage } edges { node { id } }"


@pytest.mark.parametrize("caller", CALLERS)
async def test_nodes_finds_what_the_lists_show_and_says_null_for_hidden_and_absent_alike(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    ids = {
        global_id(model, row["id"]): tables.sees(actor, model, row)
        for model in assembled().nodes
        for row in tables.rows[model]
    }
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }"
    for i in range(0, len(ids), 100):
        some = list(ids)[i : i + 100]
        found = (await api.data(query, {"ids": some}, by=caller))["nodes"]
        assert [row and row["id"] for row in found] == [one if ids[one] else None for one in some]


def test_the_walk_takes_every_edge_of_the_schema() -> None:
    wanted = {
        (model, name) for model, node in assembled().nodes.items() for name in relations(node)
    }
    taken = {
        (on_path(path)[-2], path[-1])
        for root in roots()
        for path in paths(root, depth=3)
        if len(path) > 1
    }
    assert taken == wanted


GUARDED_SORTS = [
    (name, key, of)
    for name, field in roots().items()
    for key, of in assembled().nodes[field.model].sorts.items()
    if field.model.access.guard(of)
]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("sort", GUARDED_SORTS, ids=str)
async def test_who_sorts_by_what_they_may_not_read_gets_no_row_no_count_and_no_cursor_of_it(
    api: Api, tables: Tables, caller: str | None, sort: tuple[str, str, str]
) -> None:
    name, by, of = sort
    actor, field = CALLERS[caller], roots()[name]
    readable = [
        row
        for row in tables.visible(actor, field.model)
        if tables.reads(actor, field.model, row, of)
        and (name != "candidates" or row["pipeline_since"])
    ]
    query = (
        f"{{ {name}(first: 100, orderBy: [{{field: {by}}}])"
        " { totalCount edges { cursor node { id } } } }"
    )
    if not is_open(actor, field) or not actor.reach("read_file", field.model.access.noun):
        assert (await api.refusal(query, by=caller))["code"] in {"NOT_ALLOWED", "NOT_SIGNED_IN"}
        return
    answer = await api.ask(query, by=caller)
    if not readable:
        empty = {"totalCount": 0, "edges": []}
        assert answer["data"][name] in (None, empty)
        return
    found = answer["data"][name]
    assert found["totalCount"] == len(readable)
    ids = {global_id(field.model, row["id"]): wire(row[of]) for row in readable}
    assert {edge["node"]["id"] for edge in found["edges"]} == set(ids)
    for edge in found["edges"]:
        assert json.loads(base64.b64decode(edge["cursor"]))[1] == ids[edge["node"]["id"]]


@pytest.mark.parametrize("caller", CALLERS)
async def test_hidden_and_absent_ids_answer_byte_for_byte_alike(
    api: Api, tables: Tables, caller: str | None
) -> None:
    actor = CALLERS[caller]
    absent = await raw(api, global_id(models.Person, key("nobody at all")), caller)
    for model in assembled().nodes:
        for row in tables.rows[model]:
            if not tables.sees(actor, model, row):
                assert await raw(api, global_id(model, row["id"]), caller) == absent


async def raw(api: Api, node: str, caller: str | None) -> bytes:
    body = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": node}}
    headers = {"Authorization": f"Bearer {caller.replace(' ', '_')}"} if caller else {}
    answer = await api.client.post("/graphql", json=body, headers=headers)
    # Whether a plan was kept tells of earlier requests, and tells administrators only.
    return answer.content.replace(b'"plan":"miss"', b'"plan":"hit"')
