"""Whatever way a document is written, the answer has the shape that was asked for."""

from typing import Any

import pytest

from schema.root import assembled
from service import models
from tests.schema.callers import Api, key
from tests.schema.oracles import Tables, columns, global_id, relations

ALPHA = global_id(models.Mission, key("ALPHA"))


@pytest.mark.parametrize(
    "alias",
    [
        "r", "p", "t1", "t2", "cursor", "position", "node", "node_0_0", "edges", "id", "key",
        "__type", "the_row", "select", "x" * 63, "x" * 64, "y" * 300,
    ],
)  # fmt: skip
async def test_an_alias_may_be_any_name_wherever_it_stands(api: Api, alias: str) -> None:
    page = f"{alias}: edges {{ {alias}: node {{ {alias}: acronym }} }}"
    data = await api.data(
        f"{{ {alias}: missions(first: 1, orderBy: [{{field: ACRONYM}}]) {{ {page} }} }}"
    )
    assert data == {alias: {alias: [{alias: {alias: "ALPHA"}}]}}

    data = await api.data(f'{{ {alias}: node(id: "{ALPHA}") {{ {alias}: id }} }}')
    assert data == {alias: {alias: ALPHA}}

    data = await api.data(
        f'{{ {alias}: mission(acronym: "ALPHA") {{ {alias}: posts(first: 0) {{'
        f" {alias}: pageInfo {{ {alias}: hasNextPage }} }} }} }}"
    )
    assert data == {alias: {alias: {alias: {alias: True}}}}


async def test_two_long_aliases_that_begin_alike_stay_apart(api: Api) -> None:
    first, second = "a" * 63 + "_first", "a" * 63 + "_second"
    data = await api.data(
        f'{{ mission(acronym: "ALPHA") {{ {first}: acronym {second}: area'
        f" posts {{ {first}: totalCount {second}: totalCount }} }} }}"
    )
    assert data["mission"] == {first: "ALPHA", second: "A", "posts": {first: 3, second: 3}}


async def test_one_relation_under_two_aliases_answers_each_with_its_own_arguments(api: Api) -> None:
    data = await api.data(
        """{ mission(acronym: "ALPHA") {
        top: posts(filter: {level: [USG]}) { totalCount edges { node { level } } }
        rest: posts(filter: {not: {level: [USG]}}, orderBy: [{field: REFERENCE}]) {
            totalCount edges { node { level } } }
        last: posts(last: 1, orderBy: [{field: REFERENCE}]) { edges { node { reference } } }
        posts { totalCount }
    } }"""
    )
    assert data["mission"] == {
        "top": {"totalCount": 1, "edges": [{"node": {"level": "USG"}}]},
        "rest": {"totalCount": 2, "edges": [
            {"node": {"level": "D_2"}}, {"node": {"level": "ASG"}},
        ]},
        "last": {"edges": [{"node": {"reference": "ALPHA-HEAD_OF_MISSION"}}]},
        "posts": {"totalCount": 3},
    }  # fmt: skip


async def test_the_same_edges_nodes_and_counts_twice_answer_twice(api: Api) -> None:
    data = await api.data(
        """{ missions(first: 1, orderBy: [{field: ACRONYM}]) {
        edges { node { acronym } again: node { acronym posts { totalCount } } c1: cursor cursor }
        again: edges { node { area } node { region } cursor }
        totalCount total: totalCount
        pageInfo { endCursor } info: pageInfo { end: endCursor start: startCursor }
    } }"""
    )
    found = data["missions"]
    cursor = found["pageInfo"]["endCursor"]
    assert found == {
        "edges": [{
            "node": {"acronym": "ALPHA"}, "again": {"acronym": "ALPHA", "posts": {"totalCount": 3}},
            "c1": cursor, "cursor": cursor,
        }],
        "again": [{"node": {"area": "A", "region": "AFRICA"}, "cursor": cursor}],
        "totalCount": 3, "total": 3,
        "pageInfo": {"endCursor": cursor}, "info": {"end": cursor, "start": cursor},
    }  # fmt: skip


async def test_more_aliases_than_a_database_function_takes_arguments_are_answered(api: Api) -> None:
    many = [f"a{i}" for i in reversed(range(90))]
    for place, leaf, value in (
        ("missions(first: 1) {{ {} }}", "totalCount", 3),
        ("missions(first: 1) {{ pageInfo {{ {} }} }}", "hasNextPage", True),
        ("missions(first: 1) {{ edges {{ {} }} }}", "__typename", "MissionEdge"),
        ("missions(first: 1) {{ edges {{ node {{ {} }} }} }}", "__typename", "Mission"),
    ):
        selected = " ".join(f"{alias}: {leaf}" for alias in many)
        found: Any = (await api.data(f"{{ {place.format(selected)} }}"))["missions"]
        for name in ("pageInfo", "edges"):
            found = found.get(name, found) if isinstance(found, dict) else found
        found = found[0] if isinstance(found, list) else found
        found = found.get("node", found)
        assert list(found.items()) == [(alias, value) for alias in many]
    long = "b" * 70
    selected = " ".join(f"{alias}: acronym" for alias in [*many, long])
    data = await api.data(f'{{ mission(acronym: "ALPHA") {{ {selected} }} }}')
    assert list(data["mission"].items()) == [(alias, "ALPHA") for alias in [*many, long]]


async def test_fragments_and_merged_fields_answer_as_if_written_out(api: Api) -> None:
    data = await api.data(
        """query ($size: Int = 1) {
        missions(first: $size, orderBy: [{field: ACRONYM}]) { ...page edges { node { area } } }
        missions(first: $size, orderBy: [{field: ACRONYM}]) { totalCount }
    }
    fragment page on MissionConnection { edges { ...edge } }
    fragment edge on MissionEdge { node { ... on Mission { acronym ...region } ... { region } } }
    fragment region on Mission { region posts(first: 0) { totalCount } }"""
    )
    assert data["missions"] == {
        "totalCount": 3,
        "edges": [{"node": {
            "acronym": "ALPHA", "area": "A", "region": "AFRICA", "posts": {"totalCount": 3},
        }}],
    }  # fmt: skip


async def test_what_is_skipped_or_not_included_is_neither_answered_nor_read(api: Api) -> None:
    query = """query ($no: Boolean!, $yes: Boolean!) {
        mission(acronym: "ALPHA") { acronym @skip(if: $yes) area @include(if: $no)
            posts @include(if: $no) { totalCount } }
        missions(first: 1) { edges { node { acronym @skip(if: $yes) } cursor @include(if: $no) }
            pageInfo { endCursor @skip(if: $yes) } }
        empty: missions { edges @skip(if: $yes) { cursor } ... @include(if: $no) { totalCount } }
        bare: missions(first: 1) { edges { node @skip(if: $yes) { id } } }
        node(id: "%s") { id @skip(if: $yes) }
        nodes(ids: ["%s"]) { ... on Mission @include(if: $no) { acronym } }
        terms @skip(if: $yes) { totalCount }
    }"""  # fmt: skip
    api.statements.clear()
    data = await api.data(query % (ALPHA, ALPHA), {"no": False, "yes": True})
    assert data == {
        "mission": {}, "missions": {"edges": [{"node": {}}], "pageInfo": {}}, "empty": {},
        "bare": {"edges": [{}]}, "node": {}, "nodes": [{}],
    }  # fmt: skip
    assert not any("post" in text or "term" in text for text in api.statements)


async def test_variables_reach_every_level_with_defaults_and_inside_lists_and_objects(
    api: Api,
) -> None:
    query = """query ($size: Int = 1, $levels: [Level!], $code: String!, $order: PostOrderField!,
            $none: PostFilter, $show: Boolean!) {
        mission(acronym: "ALPHA") {
            posts(first: $size, filter: {level: $levels, not: {languagesAny: [{language: [$code]}]}},
                    orderBy: [{field: $order, direction: DESC}]) {
                totalCount edges { node { reference mission @include(if: $show) { acronym }
                    languages(first: $size) { totalCount } } } }
            all: posts(filter: $none) { totalCount @include(if: $show) ...counted } } }
        fragment counted on PostConnection { again: totalCount @skip(if: $show) }"""
    given = {"levels": ["ASG", "USG"], "code": "fr", "order": "REFERENCE", "show": True}
    assert (await api.data(query, given))["mission"] == {
        "posts": {"totalCount": 1, "edges": [{"node": {
            "reference": "ALPHA-DEPUTY_HEAD_OF_MISSION", "mission": {"acronym": "ALPHA"},
            "languages": {"totalCount": 0},
        }}]},
        "all": {"totalCount": 3},
    }  # fmt: skip
    found = (await api.data(query, {**given, "show": False, "levels": None, "size": 2}))["mission"]
    assert [edge["node"]["reference"] for edge in found["posts"]["edges"]] == [
        "ALPHA-DEPUTY_HEAD_OF_MISSION", "ALPHA-CHIEF_OF_STAFF",
    ]  # fmt: skip
    assert found["all"] == {"again": 3}


async def test_each_level_pages_filters_and_orders_by_itself(api: Api) -> None:
    query = """query ($after: String) { missions(first: 1, after: $after,
            orderBy: [{field: ACRONYM, direction: DESC}], filter: {isActive: true}) {
        pageInfo { endCursor hasNextPage }
        edges { node { acronym posts(last: 1, orderBy: [{field: REFERENCE}],
                filter: {languagesAny: [{language: ["fr"]}]}) {
            totalCount pageInfo { hasPreviousPage startCursor }
            edges { node { reference languages(first: 1, filter: {atLeast: C1}) {
                totalCount edges { node { language } } } } } } } } } }"""
    first = (await api.data(query))["missions"]
    second = (await api.data(query, {"after": first["pageInfo"]["endCursor"]}))["missions"]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    (bravo,), (alpha,) = ([edge["node"] for edge in page["edges"]] for page in (first, second))
    assert (bravo["acronym"], alpha["acronym"]) == ("BRAVO", "ALPHA")
    assert [e["node"] for e in bravo["posts"]["edges"]] == [{
        "reference": "BRAVO-HEAD_OF_MISSION",
        "languages": {"totalCount": 1, "edges": [{"node": {"language": "fr"}}]},
    }]  # fmt: skip
    assert [e["node"] for e in alpha["posts"]["edges"]] == [{
        "reference": "ALPHA-HEAD_OF_MISSION",
        "languages": {"totalCount": 1, "edges": [{"node": {"language": "en"}}]},
    }]  # fmt: skip


@pytest.mark.parametrize("size", [1, 20])
async def test_a_root_field_is_one_statement_however_deep_wide_and_long(
    api: Api, size: int
) -> None:
    people = f"people(first: {size}) {{ totalCount edges {{ node {{ {everything()} }} }} }}"
    api.statements.clear()
    await api.data(f"{{ {people} }}", by="AUDITOR")
    assert len(api.statements) == 1

    api.statements.clear()
    some = ", ".join(f'"{global_id(models.Person, key(f"extra {i}"))}"' for i in range(size))
    await api.data(
        f'{{ a: {people} missions(first: {size}) {{ totalCount }} mission(acronym: "ALPHA") {{ id }}'
        f' node(id: "{ALPHA}") {{ id }} nodes(ids: [{some}, "{ALPHA}"]) {{ id }} viewer {{ label }} }}',
        by="AUDITOR",
    )
    assert len(api.statements) == 5


def everything() -> str:
    """All columns and all relations of a person, and theirs in turn."""
    person = assembled().nodes[models.Person]
    posts = "post { reference mission { acronym posts { totalCount } } }"
    inner = {"experiences": posts, "appointments": posts, "actingDesignations": posts}
    related = [
        "mentor { capacity mentorships { totalCount } }"
        if name == "mentor"
        else f"{name}(first: 5) {{ totalCount edges {{ cursor node {{ id {inner.get(name, '')} }} }} }}"
        for name in relations(person)
    ]
    return " ".join(["id", *columns(person), *related])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("VXNlcjox", "This is not an id that Cadre gave out."),
        ("", "This is not an id that Cadre gave out."),
        ("Mission", "This is not an id that Cadre gave out."),
        ("ключ", "This is not an id that Cadre gave out."),
        (ALPHA[:-4], "This is not an id that Cadre gave out."),
        (ALPHA + "!", "This is not an id that Cadre gave out."),
        (str(key("ALPHA")), "This is not an id that Cadre gave out."),
        ("TWlzc2lvbjr//w==", "This is not an id that Cadre gave out."),
    ],
)
async def test_what_is_no_id_is_refused_by_its_argument(api: Api, value: str, message: str) -> None:
    for field in ("node(id: $v)", "nodes(ids: [$v])"):
        refusal = await api.refusal(f"query ($v: ID!) {{ {field} {{ id }} }}", {"v": value})
        path = ["id"] if field.startswith("node(") else ["ids"]
        assert (refusal["code"], refusal["path"]) == ("INVALID", path)
        assert refusal["message"] == message


async def test_an_id_under_another_types_name_finds_nothing(api: Api, tables: Tables) -> None:
    found = [
        global_id(other, row["id"])
        for model, rows in tables.rows.items()
        for other in tables.rows
        if other is not model
        for row in rows[:1]
    ]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for i in range(0, len(found), 100):
        some = found[i : i + 100]
        answer = (await api.data(query, {"ids": some}, by="AUDITOR"))["nodes"]
        assert answer == [None] * len(some)


async def test_types_that_are_not_in_the_api_have_no_nodes(api: Api, tables: Tables) -> None:
    hidden = [global_id(model, key("x")) for model in tables.rows if model not in assembled().nodes]
    assert len(hidden) == 6
    data = await api.data(
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": hidden}, by="AUDITOR"
    )
    assert data["nodes"] == [None] * 6


async def test_nodes_takes_a_hundred_ids_and_no_more(api: Api) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert len((await api.data(query, {"ids": [ALPHA] * 100}))["nodes"]) == 100
    assert (await api.data(query, {"ids": []}))["nodes"] == []
    refusal = await api.refusal(query, {"ids": [ALPHA] * 101})
    assert (refusal["code"], refusal["path"]) == ("INVALID", ["ids"])


async def test_node_and_nodes_find_any_type_by_its_id_in_the_order_asked(api: Api) -> None:
    head = global_id(models.Person, key("announced head"))
    post = global_id(models.Post, key("ALPHA HEAD_OF_MISSION"))
    data = await api.data(
        """query ($one: ID!, $several: [ID!]!) {
        node(id: $one) { __typename id ... on Mission { acronym posts(first: 1) { totalCount } } }
        nodes(ids: $several) {
            id
            ... on Person { familyName appointments { edges { node { post { reference } } } } }
            ... on Mission { acronym }
            ...place
        }
    }
    fragment place on Post { reference mission { acronym } }""",
        {"one": ALPHA, "several": [post, ALPHA, head, post, ALPHA]},
    )
    assert data["node"] == {
        "__typename": "Mission", "id": ALPHA, "acronym": "ALPHA", "posts": {"totalCount": 3},
    }  # fmt: skip
    place = {"id": post, "reference": "ALPHA-HEAD_OF_MISSION", "mission": {"acronym": "ALPHA"}}
    mission = {"id": ALPHA, "acronym": "ALPHA"}
    person = {
        "id": head, "familyName": "Kéïta-O'Neill",
        "appointments": {"edges": [{"node": {"post": {"reference": "ALPHA-HEAD_OF_MISSION"}}}]},
    }  # fmt: skip
    assert data["nodes"] == [place, mission, person, place, mission]
