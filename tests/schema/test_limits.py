"""The limits as pure functions: what they count, what they refuse, and how fast."""

import time
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from schema.documents import DocumentRefused, Documents
from schema.limits import (
    BadInput,
    FragmentCycle,
    LimitExceeded,
    Limits,
    Shape,
    Written,
    check_variables,
    measure,
)
from tests.schema import hostile
from tests.schema.hostile import doubling

LIMITS = Limits()
SCHEMA = build_schema(
    """
    type Query {
      a: Query
      s: String
      number(value: Int): Int
      text(value: String): String
      texts(values: [String]): String
      people(first: Int, last: Int): People
      few(first: Int = 5): People
    }
    type People { edges: [Edge] totalCount: Int }
    type Edge { node: Query }
    """
)


def nested(levels: int) -> str:
    return "{a" * (levels - 1) + "{s}" + "}" * (levels - 1)


def prepare(text: str, limits: Limits = LIMITS, schema: GraphQLSchema = SCHEMA) -> Any:
    documents = Documents(schema, limits)
    document = documents.parse(text)
    documents.validate(document, suggest=False)
    return document.operation(None)


def shape_of(text: str) -> Shape:
    (shape,) = measure(parse(text), LIMITS)
    return shape


def refusal(attempt: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(LimitExceeded) as caught:
        attempt()
    assert caught.value.code == "LIMIT_EXCEEDED"
    return caught.value.details


def least_cpu_seconds(attempt: Callable[[], object]) -> float:
    """Of three tries, so that neither other processes nor a garbage collection count."""
    spent = []
    for _ in range(3):
        started = time.thread_time()
        attempt()
        spent.append(time.thread_time() - started)
    return min(spent)


@pytest.mark.parametrize("name", hostile.DOCUMENTS)
def test_the_worst_documents_are_refused_by_what_should_refuse_them(name: str) -> None:
    """At once: in less than a tenth of a second on a machine with nothing else to do."""
    expected, text = hostile.DOCUMENTS[name]

    def attempt() -> None:
        assert hostile.refused(text) == expected

    # Whatever grows with more than the length of the text would take minutes.
    assert least_cpu_seconds(attempt) < 5


@pytest.mark.parametrize("name", hostile.VALUES)
async def test_the_worst_values_are_refused_with_a_code(name: str) -> None:
    codes = await hostile.answered(*hostile.VALUES[name])
    assert codes in (["BAD_USER_INPUT"], ["LIMIT_EXCEEDED"], ["INVALID"])


@pytest.mark.parametrize("levels", [16, 18, 20, 22])
def test_doubling_fragments_cost_no_more_when_every_level_is_allowed(levels: int) -> None:
    """Trap 1: a walk per spread would take a million steps at 20 levels."""
    limits = replace(LIMITS, fragment_depth=100)
    document = parse(doubling(levels, leaf="s"))

    def attempt() -> None:
        assert refusal(lambda: measure(document, limits))["limit"] == "fields"

    assert least_cpu_seconds(attempt) < 5


def test_each_refusal_names_the_limit_its_value_and_what_to_change() -> None:
    with pytest.raises(LimitExceeded) as caught:
        prepare(nested(13))
    assert caught.value.message == (
        "Levels of nested fields: 13; the limit `depth` is 12. "
        "Ask for the inner part in a second request."
    )
    assert caught.value.details == {"limit": "depth", "maximum": 12, "value": 13}


@pytest.mark.parametrize("name", [entry.name for entry in fields(Limits)])
def test_every_limit_can_be_put_into_words(name: str) -> None:
    words = LimitExceeded(LIMITS, name).message
    assert f"the limit `{name}` is {getattr(LIMITS, name)}. " in words


def chain(levels: int) -> str:
    """Fragments that spread one another, so many deep."""
    links = [f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(1, levels)]
    return "\n".join(["{...F1}", *links, f"fragment F{levels} on Query{{s}}"])


AT_LIMIT: dict[str, Callable[[int], str]] = {
    "depth": nested,
    "fragment_depth": chain,
    "tokens": lambda n: "{" + "s, " * 18 + "#\n" * (n - 20) + "}",
    "fields": lambda n: "{a{" + "s " * (n - 1) + "}}",
    "aliases": lambda n: "{a{" + " ".join(f"x{k}:s" for k in range(n)) + "}}",
    "root_fields": lambda n: "{" + "s " * n + "}",
    "directives": lambda n: "{a{" + "s @skip(if: false) " * n + "}}",
    "list_items": lambda n: "{texts(values:[" + '"" ' * n + "])}",
    "digits": lambda n: "{number(value: " + "1" * n + ")}",
    "json_depth": lambda n: "{texts(values:" + "[" * n + "]" * n + ")}",
}


@pytest.mark.parametrize("name", AT_LIMIT)
def test_a_document_at_the_limit_passes_and_one_more_is_refused(name: str) -> None:
    maximum = getattr(LIMITS, name)
    documents = Documents(SCHEMA, LIMITS)
    documents.parse(AT_LIMIT[name](maximum))
    details = refusal(lambda: documents.parse(AT_LIMIT[name](maximum + 1)))
    assert details["limit"] == name
    assert details["value"] in {maximum + 1, None}


def test_nesting_through_fragments_counts_like_nesting_in_place() -> None:
    text = "{a{...F}} fragment F on Query{a{...G}} fragment G on Query{... on Query{a{s}}}"
    assert shape_of(text).depth == 4


def test_aliases_and_fields_are_counted_once_for_each_spread() -> None:
    shape = shape_of("{a{...F} b:a{...F}} fragment F on Query{x:s y:s}")
    assert (shape.aliases, shape.fields, shape.level) == (5, 8, 2)


def test_empty_fragments_cannot_hide_their_number() -> None:
    text = "{...F6} " + "".join(
        f"fragment F{n} on Query{{{f'...F{n - 1} ' * 20}}}" for n in range(1, 7)
    )
    assert refusal(lambda: measure(parse(text), LIMITS))["limit"] == "fields"


def test_a_fragment_that_spreads_itself_is_a_validation_error() -> None:
    with pytest.raises(FragmentCycle, match="spreads itself") as caught:
        measure(parse("{...A} fragment A on Query{...B} fragment B on Query{a{...A}}"), LIMITS)
    assert caught.value.code == "GRAPHQL_VALIDATION_FAILED"


def test_every_operation_of_a_document_is_measured() -> None:
    text = "query A {s} query B " + nested(13)
    assert refusal(lambda: measure(parse(text), LIMITS))["limit"] == "depth"


def test_the_standard_introspection_fits_and_costs_no_depth() -> None:
    text = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
    )
    shape = shape_of(text)
    assert (shape.depth, shape.introspects) == (1, True)
    assert prepare(text).shape == shape


@pytest.mark.parametrize(
    "text",
    [
        "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}",
        "{__schema{types{...F}}} fragment F on __Type{fields{type{interfaces{possibleTypes{name}}}}}",
        "{__schema{" + "queryType{ofType{" * 10 + "name" + "}}" * 10 + "}}",
        "{__schema{a:types{name} b:types{name}}}",
        "{a:__schema{types{name}} b:__schema{types{name}}}",
    ],
)
def test_introspection_stays_bounded(text: str) -> None:
    assert refusal(lambda: measure(parse(text), LIMITS))["limit"] == "introspection_depth"


def test_fields_named_like_those_of_introspection_are_ordinary_elsewhere() -> None:
    shape = shape_of("{fields{interfaces{possibleTypes{inputFields{fields{name}}}}}}")
    assert (shape.depth, shape.introspects) == (6, False)


PEOPLE = (
    "query($n: Int, $m: Int = 10){people(first:$n){edges{node{people(last:$m){edges{node{s}}}}}}}"
)


@pytest.mark.parametrize(
    ("text", "variables", "rows"),
    [
        ("{people(first:100){totalCount}}", {}, 100),
        ("{people{totalCount}}", {}, 20),
        ("{few{totalCount}}", {}, 5),
        ("{people(first:null){totalCount}}", {}, 20),
        ("{people(first:2,last:7){totalCount}}", {}, 7),
        ("{people(first:0){totalCount}}", {}, 0),
        (PEOPLE, {"n": 4}, 4 + 40),
        (PEOPLE, {"n": 4, "m": 2}, 4 + 8),
        (PEOPLE, {"n": 4.0, "m": None}, 4 + 80),
        (PEOPLE, {}, 20 + 200),
        ("{...F ...F} fragment F on Query{people(first:3){totalCount}}", {}, 3),
        ("{people(first:3){totalCount} x:people(first:3){totalCount}}", {}, 6),
        ("{a{... on Query{people(first:3){totalCount}}}}", {}, 3),
        ("{a{... @include(if:true){people(first:3){totalCount}}}}", {}, 3),
    ],
)
def test_pages_multiply_down_the_tree_and_add_up_beside_each_other(
    text: str, variables: Any, rows: int
) -> None:
    limit = replace(LIMITS, nodes=rows)
    prepare(text, limit).admit(variables, limit)
    if rows:
        short = replace(LIMITS, nodes=rows - 1)
        details = refusal(lambda: prepare(text, short).admit(variables, short))
        assert details == {"limit": "nodes", "maximum": rows - 1, "value": rows}


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("{people(first:101){totalCount}}", {}),
        ("{people(last:101){totalCount}}", {}),
        ("query($n:Int){people(first:$n){totalCount}}", {"n": 101}),
        ("query($n:Int){people(first:$n){totalCount}}", {"n": 101.0}),
        ("query($n:Int=101){people(first:$n){totalCount}}", {}),
    ],
)
def test_a_page_over_the_limit_is_refused_however_it_is_written(text: str, variables: Any) -> None:
    details = refusal(lambda: prepare(text).admit(variables, LIMITS))
    assert details == {"limit": "page", "maximum": 100, "value": 101}


@pytest.mark.parametrize(
    ("text", "variables", "path"),
    [
        ("{people(first:-1){totalCount}}", {}, ("first",)),
        ("query($n:Int){people(last:$n){totalCount}}", {"n": -1}, ("n",)),
    ],
)
def test_a_negative_page_is_a_bad_input(text: str, variables: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(BadInput, match="is negative; ask for 0 to 100 rows") as caught:
        prepare(text).admit(variables, LIMITS)
    assert caught.value.path == path


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"v": deep(32)}, "json_depth"),
        ({"v": deep(100_000)}, "json_depth"),
        ({"v": {"list": [0] * 251}}, "list_items"),
        ({"v": {f"k{n}": n for n in range(251)}}, "list_items"),
        ({f"v{n}": n for n in range(251)}, "list_items"),
    ],
)
def test_variables_over_a_limit_are_refused(variables: Any, name: str) -> None:
    assert refusal(lambda: check_variables(variables, LIMITS))["limit"] == name


def test_variables_at_the_limits_pass() -> None:
    check_variables({"v": deep(31), "w": [0] * 250, "x": "Ñandú 🕊"}, LIMITS)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "é\udfff"])
def test_text_that_no_database_stores_is_refused_by_variable(text: str) -> None:
    """Trap 8: asyncpg raises on these, in its own words."""
    with pytest.raises(BadInput) as caught:
        check_variables({"v": {"deep": [text]}}, LIMITS)
    assert (caught.value.code, caught.value.path) == ("BAD_USER_INPUT", ("variables", "v"))


def test_text_that_no_database_stores_is_refused_as_a_literal() -> None:
    with pytest.raises(BadInput, match="NUL"):
        prepare(r'{text(value:"a\u0000b")}')
    with pytest.raises(DocumentRefused, match="GRAPHQL_PARSE_FAILED"):
        prepare(r'{text(value:"a\ud800b")}')


@given(
    st.recursive(
        st.sampled_from(["s", "x:s", "...F"]),
        lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda s: f"a{{{' '.join(s)}}}"),
        max_leaves=12,
    )
)
def test_the_shape_equals_that_of_the_text_with_its_fragments_written_out(selection: str) -> None:
    spread = shape_of(f"{{{selection}}} fragment F on Query{{y:a{{s}} s}}")
    written = shape_of("{" + selection.replace("...F", "...{y:a{s} s}") + "}")
    # Only the text differs, and with it the number of tokens.
    assert spread._replace(written=Written()) == written._replace(written=Written())
