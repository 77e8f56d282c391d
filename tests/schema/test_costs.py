"""The price of an operation, against what its answer can hold when every list is full."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLResolveInfo,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    get_nullable_type,
    graphql_sync,
    is_composite_type,
    is_list_type,
    parse,
    validate,
)
from hypothesis import given
from hypothesis import strategies as st

from schema.costs import MUTATION, REVEALS, Price, price
from schema.limits import LimitExceeded, Limits, fragments_of
from schema.root import create_schema

LIMITS = Limits(cost=10**9, nodes=10**9)
SCHEMA = build_schema(
    """
    type Query {
      s: String
      one: Query
      some: [Query!]!
      nodes(ids: [ID!]): [Thing]
      people(first: Int, last: Int): People!
      few(first: Int = 3): [Query]
    }
    type People { edges: [Edge!]! pageInfo: PageInfo totalCount: Int }
    type PageInfo { hasNextPage: Boolean }
    type Edge { node: Query cursor: String }
    interface Thing { id: ID }
    type Post implements Thing { id: ID deputies(first: Int): People! }
    type Mission implements Thing { id: ID posts(first: Int): People! }
    type Mutation { rename: Payload reveal: Payload }
    type Payload { person: Query errors: [Error!]! secret: String }
    type Error { message: String }
    """
)
SCHEMA.mutation_type.fields["reveal"].extensions[REVEALS] = True  # type: ignore[union-attr]


def price_of(text: str) -> Price:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    operation = next(
        node for node in document.definitions if isinstance(node, OperationDefinitionNode)
    )
    return price(operation, fragments_of(document), SCHEMA)


def full(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
    """The fullest answer there can be; a connection keeps the size of its lists."""
    definition = info.parent_type.fields[info.field_name]
    if not is_composite_type(get_named_type(definition.type)):
        return None
    size = max((given[key] for key in ("first", "last") if given.get(key) is not None), default=20)
    if not is_list_type(get_nullable_type(definition.type)):
        return {"size": size}
    if "ids" in given:
        size = len(given["ids"])
    elif info.field_name != "few":
        size = source.get("size", 20)
    return [{"__typename": "Post"}] * size


def fullest(text: str, variables: Any = None) -> bytes:
    source = {"size": 20}
    result = graphql_sync(SCHEMA, text, source, variable_values=variables, field_resolver=full)
    assert result.errors is None, result.errors
    return json.dumps(result.data).encode()


N, M, IDS = "query($n: Int){", "query($m: Int = 4){", "query($ids: [ID!] = [1, 2]){"


@pytest.mark.parametrize(
    ("text", "variables", "points"),
    [
        ("{s __typename}", {}, 1),
        ("{one{s}}", {}, 2),
        ("{one{s} x:one{one{s}}}", {}, 4),
        ("{some{s}}", {}, 1 + 20),
        ("{people{totalCount}}", {}, 2),
        ("{people(first:5){pageInfo{hasNextPage}}}", {}, 3),
        ("{people(first:5){edges{cursor}}}", {}, 2 + 5),
        ("{people(first:5){edges{node{s}} pageInfo{hasNextPage}}}", {}, 3 + 10),
        ("{people{edges{node{s}}}}", {}, 2 + 40),
        ("{people(first:0){edges{node{s}}}}", {}, 2),
        ("{people(first:2,last:3){edges{node{s}}}}", {}, 2 + 6),
        (
            "{people(first:3){edges{node{people(first:4){edges{node{s}}}}}}}",
            {},
            2 + 3 * (2 + 1 + 8),
        ),
        ("{few{s}}", {}, 1 + 3),
        ("{few(first:7){one{s}}}", {}, 1 + 14),
        ('{nodes(ids:["a","b"]){id}}', {}, 1 + 2),
        ('{nodes(ids:"a"){id}}', {}, 1 + 1),
        (N + "people(first:$n){edges{node{s}}}}", {"n": 5}, 2 + 10),
        (N + "people(first:$n){edges{node{s}}}}", {"n": 5.0}, 2 + 10),
        (N + "people(first:$n){edges{node{s}}}}", {"n": None}, 2 + 40),
        (N + "people(first:$n){edges{node{s}}}}", {}, 2 + 40),
        (M + "people(first:$m){edges{node{s}}}}", {}, 2 + 8),
        (M + "people(first:$m){edges{node{s}}}}", {"m": 6}, 2 + 12),
        (IDS + "nodes(ids:$ids){id}}", {}, 1 + 2),
        (IDS + "nodes(ids:$ids){id}}", {"ids": ["a", "b", "c"]}, 1 + 3),
        (IDS + "nodes(ids:$ids){id}}", {"ids": "a"}, 1 + 1),
        (
            "query($m:Int=4){nodes(ids:[1,2]){...on Post{deputies(first:$m){edges{node{s}}}}}}",
            {},
            1 + 2 * (2 + 8),
        ),
    ],
)
def test_the_price_is_the_number_of_objects_in_the_fullest_answer(
    text: str, variables: Any, points: int
) -> None:
    assert price_of(text).asked(variables, LIMITS) == points
    assert fullest(text, variables).count(b"{") == points


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{one{s} one{one{s}}}", 3),
        ("{...F ...F ...F} fragment F on Query{people(first:5){edges{node{s}}}}", 12),
        ("{people(first:5){edges{node{s}}} ...F} fragment F on Query{people(first:5){edges{node{one{s}}}}}", 17),
        ("{...{...on Query{one{s}}} one{s}}", 2),
    ],
)  # fmt: skip
def test_fields_that_the_answer_merges_are_paid_once(text: str, points: int) -> None:
    assert price_of(text).asked({}, LIMITS) == points
    assert fullest(text).count(b"{") == points


def test_a_thing_of_several_types_is_priced_as_if_it_were_all_of_them() -> None:
    text = "{nodes(ids:[1]){...on Post{deputies(first:2){edges{cursor}}} ...on Mission{posts(first:3){edges{cursor}}}}}"
    assert price_of(text).asked({}, LIMITS) == 2 + (1 + 2) + (1 + 3)


_SELECTIONS = st.recursive(
    st.sampled_from(["s", "__typename"]),
    lambda inner: st.builds(
        lambda field, within: field % " ".join(within),
        st.sampled_from(
            [
                "one{%s}", "x:one{%s}", "y:few(first:2){%s}", "...{%s}", "... on Query{%s}", "z:some{%s}",
                "a:people(first:$n){edges{node{%s}}}", "b:people(first:2){edges{node{%s}} pageInfo{hasNextPage}}",
                "c:people(last:$m){edges{node{%s}} totalCount}", "...F",
            ]
        ).map(lambda field: field if "%s" in field else field + "%.0s"),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


@given(_SELECTIONS, st.integers(0, 3), st.integers(0, 3))
def test_any_selection_costs_what_its_fullest_answer_holds(selection: str, n: int, m: int) -> None:
    text = (
        f"query($n:Int,$m:Int){{{selection} k:people(first:$n){{totalCount}}"
        " l:people(first:$m){totalCount} ...F}"
        " fragment F on Query{one{s} f:people(first:2){edges{node{s}}}}"
    )
    variables = {"n": n, "m": m}
    assert price_of(text).asked(variables, LIMITS) == fullest(text, variables).count(b"{")


def test_a_mutation_costs_ten_more_than_its_answer() -> None:
    text = "mutation{rename{person{s} errors{message}} x:rename{person{s}}}"
    answer = 1 + (1 + 1 + 20) + (1 + 1)
    assert price_of(text).asked({}, LIMITS) == answer + 2 * MUTATION


def refusal(attempt: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(LimitExceeded) as caught:
        attempt()
    return caught.value.details


def test_more_points_than_the_limit_are_refused_before_anything_runs() -> None:
    text = "query($n:Int){people(first:$n){edges{node{people(first:100){edges{node{s}}}}}}}"
    priced, limits = price_of(text), Limits(cost=20_000)
    assert priced.asked({"n": 98}, limits) == 2 + 98 * (3 + 200)
    assert refusal(lambda: priced.asked({"n": 99}, limits)) == {
        "limit": "cost",
        "maximum": 20_000,
        "value": 2 + 99 * (3 + 200),
    }


def test_pages_in_pages_cannot_grow_without_end() -> None:
    inner = "{s}"
    for _ in range(40):
        inner = "{people(first:100){edges{node" + inner + "}}}"
    limits = replace(LIMITS, cost=2**31 - 1)
    assert refusal(lambda: price_of(inner).asked({}, limits))["value"] == 10**12
    varied = "query($n:Int)" + inner.replace("100", "$n")
    assert refusal(lambda: price_of(varied).asked({"n": 100}, limits))["value"] == 10**12


def test_one_document_costs_each_caller_the_same_and_is_refused_by_their_own_limits() -> None:
    priced = price_of("{people(first:50){edges{node{s}}}}")
    assert priced.asked({}, LIMITS) == 102
    assert refusal(lambda: priced.asked({}, Limits(page=40)))["limit"] == "page"
    assert refusal(lambda: priced.asked({}, Limits(nodes=40)))["limit"] == "nodes"
    assert refusal(lambda: priced.asked({}, Limits(cost=40)))["limit"] == "cost"


@pytest.mark.parametrize(
    "text",
    [
        "mutation{reveal{secret} x:reveal{secret}}",
        "mutation{x:reveal{secret} ...F} fragment F on Mutation{y:reveal{secret}}",
    ],
)
def test_one_request_shows_one_secret_at_most(text: str) -> None:
    """Trap 11: aliases would make one request of any number of sign-ins."""
    wanted = {"limit": "reveals", "maximum": 1, "value": 2}
    assert refusal(lambda: price_of(text).asked({}, Limits())) == wanted


def test_what_reveals_nothing_may_be_done_several_times() -> None:
    assert price_of("mutation{reveal{secret} rename{secret} x:rename{secret}}").asked({}, LIMITS)


def test_the_mutations_that_reveal_are_marked_in_the_whole_schema() -> None:
    mutation = create_schema()._schema.mutation_type
    assert mutation is not None
    marked = [name for name, field in mutation.fields.items() if field.extensions[REVEALS]]
    assert marked == ["issueToken"]


def test_the_real_cost_is_the_objects_of_the_answer() -> None:
    priced = price_of("{people(first:100){edges{node{s}}}}")
    data = b'{"people":{"edges":[{"node":{"s":"a"}},{"node":{"s":"b"}}]}}'
    assert priced.real([data], 202) == 6
    assert priced.real([b"null"], 202) == 1


def test_braces_in_texts_cost_at_most_what_was_asked() -> None:
    assert price_of("{s}").real([b'{"s":"{{{{{{{{"}'], 1) == 1


def test_a_mutation_that_answers_little_still_costs_its_ten() -> None:
    priced = price_of("mutation{rename{person{s} errors{message}}}")
    assert priced.real([b'{"rename":null}'], 33) == 1 + MUTATION


def test_long_answers_are_counted_as_short_ones_are() -> None:
    priced = price_of("{s}")
    for pieces in ([b"{" * 9_000, b"x" * 9_000], [b"{x}" * 3, b"{ }" * 4_000]):
        assert priced.real(pieces, 10**6) == b"".join(pieces).count(b"{")
