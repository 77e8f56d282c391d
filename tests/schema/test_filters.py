"""Filters against a row-by-row evaluation in Python: what they match, and what they must hide."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from strawberry.utils.str_converters import to_camel_case

from schema.declarations import Filter, ListField
from schema.root import assembled
from service import models
from service.access.actors import Actor
from service.access.conditions import NEVER
from service.models import Row
from service.models.vocabulary import Level
from service.reading.shapes import shape, target
from tests.schema.callers import ACTORS, CALLERS, Api
from tests.schema.oracles import Refused, Tables, check_filter, global_id, wire

QUICKLY = settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
LISTS = {
    name: field.model
    for name, field in assembled().queries.items()
    if isinstance(field, ListField) and assembled().nodes[field.model].filters
}
WORDS = (
    "kéïta",
    "oneill",
    "O'Neill",
    "SECRET",
    "dar",
    "иван",
    "李",
    "ostergard",
    "øster",
    "droits",
)


def values(declared: Filter, model: type[Row]) -> SearchStrategy[Any]:
    """Something that a caller could send for this filter: near what the world holds."""
    found = shape(model, declared.of)
    if declared.test == "null":
        return st.booleans()
    if declared.test == "ranks":
        levels = st.sampled_from([level.value for level in Level])
        return st.fixed_dictionaries({}, optional={"from": levels, "to": levels})
    if declared.test == "matches":
        return st.lists(st.sampled_from(WORDS), max_size=2).map(" ".join)
    one = value_of(found.type)
    return st.lists(one, max_size=2) if declared.test in _SEVERAL else one


_SEVERAL = {"among", "overlaps", "contains"}
_TEXTS = (
    "en", "fr", "KEN", "FRA", "TUR", "AFRICAN", "ELECTIONS", "PROTECTION", "ALPHA", "BRAVO",
    "ALPHA-CHIEF_OF_STAFF", "Person", "update", "VALUE", "Africa/Nairobi", "HR_OFFICER", "",
)  # fmt: skip


def value_of(kind: type) -> SearchStrategy[Any]:
    if hasattr(kind, "__members__"):
        return st.sampled_from([member.name for member in kind])  # type: ignore[attr-defined]
    return {
        str: st.sampled_from(_TEXTS),
        bool: st.booleans(),
        int: st.integers(-1, 3),
        float: st.sampled_from([0.25, 0.3, 0.1 + 0.2, -1.5]),
        date: st.sampled_from(["2024-01-01", "2010-01-01", "2024-01-03", "0001-01-01"]),
        datetime: st.sampled_from(["2024-01-01T12:00:00Z", "2024-01-01T14:00:00.000002+02:00"]),
    }[kind]


def filters(model: type[Row], depth: int) -> SearchStrategy[dict[str, Any]]:
    """Filters of this type, one to three conditions wide, nested and combined."""
    node = assembled().nodes[model]
    choices: dict[str, SearchStrategy[Any]] = {}
    for name, declared in node.filters.items():
        key = to_camel_case(name)
        if declared.test not in {"some", "each", "any"}:
            choices[key] = values(declared, model)
        elif depth and (inner := filters(target(model, declared.of), depth - 1)) is not None:
            lists = st.lists(inner, min_size=1, max_size=2)
            choices[key] = inner if declared.test == "some" else lists
    if depth:
        inner = filters(model, depth - 1)
        several = st.lists(inner, min_size=1, max_size=2)
        choices |= {"and": several, "or": several, "not": inner}
    keys = st.lists(st.sampled_from(sorted(choices)), min_size=1, max_size=2, unique=True)
    return keys.flatmap(lambda some: st.fixed_dictionaries({key: choices[key] for key in some}))


def questions() -> SearchStrategy[tuple[str | None, str, dict[str, Any]]]:
    return st.tuples(st.sampled_from(list(CALLERS)), st.sampled_from(sorted(LISTS))).flatmap(
        lambda who: st.tuples(st.just(who[0]), st.just(who[1]), filters(LISTS[who[1]], 2))
    )


def expected(
    tables: Tables, actor: Actor, name: str, given: dict[str, Any]
) -> Iterable[str] | None:
    """The ids that the list must hold, or None where it must be refused."""
    field = assembled().queries[name]
    assert isinstance(field, ListField)
    model = field.model
    if field.requires and not actor.reach(field.requires, model.access.noun):
        return None
    rows = tables.visible(actor, model)
    if name == "candidates":
        if model.access.rows(actor, "read_file") == NEVER:
            return None
        rows = [r for r in rows if r["pipeline_since"] and tables.reads(actor, model, r, "gender")]
    try:
        check_filter(actor, model, given)
    except Refused:
        return None
    if model.access.rows(actor) == NEVER:
        return None
    return {
        global_id(model, row["id"]) for row in rows if tables.satisfies(actor, model, row, given)
    }


async def ask(
    api: Api, caller: str | None, name: str, given: dict[str, Any]
) -> tuple[set[str], int] | str:
    """The ids and the count of a filtered list, or the code of the refusal."""
    kind = f"{LISTS[name].__name__}Filter"
    query = (
        f"query ($f: {kind}) {{ {name}(first: 100, filter: $f)"
        " { totalCount edges { node { id } } } }"
    )
    answer = await api.ask(query, {"f": given}, by=caller)
    if "errors" in answer:
        (error,) = answer["errors"]
        return str(error["extensions"]["code"])
    found = answer["data"][name]
    return {edge["node"]["id"] for edge in found["edges"]}, found["totalCount"]


@QUICKLY
@given(question=questions())
async def test_any_filter_of_any_caller_finds_and_counts_what_python_finds_or_is_refused(
    api: Api, tables: Tables, question: tuple[str | None, str, dict[str, Any]]
) -> None:
    caller, name, given = question
    wanted = expected(tables, CALLERS[caller], name, given)
    found = await ask(api, caller, name, given)
    if wanted is None:
        assert found in ("NOT_ALLOWED", "NOT_SIGNED_IN")
    else:
        assert found == (set(wanted), len(set(wanted)))


def single_filters() -> list[tuple[str, str]]:
    return [
        (name, key) for name, model in LISTS.items() for key in assembled().nodes[model].filters
    ]


@pytest.mark.parametrize(("name", "key"), single_filters())
async def test_each_declared_filter_alone_finds_what_python_finds(
    api: Api, tables: Tables, name: str, key: str
) -> None:
    model = LISTS[name]
    declared = assembled().nodes[model].filters[key]
    inner = declared.test in {"some", "each", "any"}
    strategy = filters(target(model, declared.of), 0) if inner else values(declared, model)
    if declared.test in {"each", "any"}:
        strategy = st.lists(strategy, min_size=1, max_size=2)

    for value in examples(strategy):
        given = {to_camel_case(key): value}
        wanted = set(expected(tables, ACTORS["AUDITOR"], name, given) or ())
        assert await ask(api, "AUDITOR", name, given) == (wanted, len(wanted)), given


def examples(strategy: SearchStrategy[Any]) -> list[Any]:
    """A dozen values of the strategy, the same ones every time."""
    found: list[Any] = []

    @settings(max_examples=12, derandomize=True, database=None)
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


async def names(api: Api, given: dict[str, Any], by: str = "AUDITOR") -> set[str]:
    query = "query ($f: PersonFilter) { people(first: 100, filter: $f) { edges { node { familyName } } } }"
    data = await api.data(query, {"f": given}, by=by)
    return {edge["node"]["familyName"] for edge in data["people"]["edges"]}


async def test_null_is_as_if_left_out_an_empty_list_matches_nothing_and_empty_and_everything(
    api: Api,
) -> None:
    everybody = await names(api, {})
    assert len(everybody) > 20
    same: dict[str, Any]
    for same in (
        {"gender": None},
        {"or": None},
        {"not": None},
        {"appointment": None},
        {"and": []},
        {"or": [{}]},
        {"languagesAll": []},
        {"highestLevel": None},
    ):
        assert await names(api, same) == everybody, same
    none: dict[str, Any]
    for none in (
        {"gender": []},
        {"or": []},
        {"not": {}},
        {"languagesAny": []},
        {"nationalitiesAny": []},
        {"highestLevel": {"from": "USG", "to": "P_5"}},
        {"and": [{"gender": []}, {}]},
    ):
        assert await names(api, none) == set(), none


async def test_what_is_not_known_matches_neither_a_value_nor_its_bounds_but_does_match_its_negation(
    api: Api,
) -> None:
    undeclared = {"Quietly", "Waiting", "Tomorrow", "Declined"}
    assert undeclared & await names(api, {"gender": ["FEMALE", "MALE", "OTHER"]}) == set()
    assert undeclared <= await names(api, {"not": {"gender": ["FEMALE", "MALE", "OTHER"]}})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Kéïta", {"Kéïta-O'Neill"}),
        ("KEITA", {"Kéïta-O'Neill"}),
        ("kei", {"Kéïta-O'Neill"}),
        ("amina keita", {"Kéïta-O'Neill"}),
        ("amina-neill", {"Kéïta-O'Neill"}),
        ("O'Neill", {"Kéïta-O'Neill"}),
        ("keita bo", set()),
        ("defence", {"Secretus"}),
        ("security/defence reform", {"Secretus"}),
        ("иван", {"Иванова", "Иванова七"}),
        ("ИВАНОВА", {"Иванова", "Иванова七"}),
        ("øster", {"Østergård", "Østergård七"}),
        ("ØSTERGÅRD", {"Østergård", "Østergård七"}),
        ("李", {"李", "李七"}),
        ("secretus' & | ! <-> :* ( ) \\ '' %_", {"Secretus"}),
        ("secretus:*Z", set()),
        ("अमिता", {"Marked"}),
        ("u.n.", {"Marked"}),
        ("24/7 lists mail", {"Marked"}),
        ("zzz", set()),
    ],
)
async def test_text_finds_words_by_prefix_with_accents_case_and_operators_aside(
    api: Api, text: str, found: set[str]
) -> None:
    assert await names(api, {"text": text}) == found


@pytest.mark.parametrize("text", ["", "   ", "' & ! ( ) : * \\", "☃"])
async def test_a_text_without_words_excludes_nobody(api: Api, text: str) -> None:
    assert await names(api, {"text": text}) == await names(api, {})


@QUICKLY
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9))
async def test_any_text_at_all_is_searched_for_without_a_fault(api: Api, text: str) -> None:
    await names(api, {"text": text})


@pytest.mark.parametrize("text", ["x" * 501, "ab " * 300_000])
async def test_a_text_too_long_to_search_for_is_refused_by_its_field(api: Api, text: str) -> None:
    query = "query ($f: PersonFilter) { people(filter: $f) { totalCount } }"
    refusal = await api.refusal(query, {"f": {"text": text}}, by="AUDITOR")
    assert (refusal["code"], refusal["path"]) == ("INVALID", ["filter", "text"])


@pytest.mark.parametrize(
    ("field", "kind", "value"),
    [
        ("people(filter: {text: $v})", "String", "a\0b"),
        ("mentors(filter: {capacityFrom: $v})", "Int", 2**31),
        ("mentors(filter: {capacityFrom: $v})", "Int", -(2**63)),
        ("mentors(filter: {capacityFrom: $v})", "Int", 1e300),
        ("mentors(filter: {capacityFrom: $v})", "Int", "1"),
        ("people(filter: {availableBy: $v})", "Date", "0000-00-00"),
        ("people(filter: {availableBy: $v})", "Date", "2023-02-29"),
        ("people(filter: {availableBy: $v})", "Date", "99999-01-01"),
        ("people(filter: {availableBy: $v})", "Date", "infinity"),
        ("people(filter: {availableBy: $v})", "Date", 20240101),
        ("auditEvents(filter: {occurredFrom: $v})", "DateTime", "2024-01-01T00:00:00"),
        ("auditEvents(filter: {occurredFrom: $v})", "DateTime", "0001-01-01T00:00:00+14:00"),
        ("auditEvents(filter: {occurredFrom: $v})", "DateTime", "9999-12-31T23:59:59-14:00"),
        ("auditEvents(filter: {occurredFrom: $v})", "DateTime", "-infinity"),
    ],
)
async def test_values_that_no_column_holds_are_bad_input_and_never_faults(
    api: Api, field: str, kind: str, value: Any
) -> None:
    query = f"query ($v: {kind}!) {{ {field} {{ totalCount }} }}"
    assert (await api.refusal(query, {"v": value}, by="AUDITOR"))["code"] == "BAD_USER_INPUT"


async def test_the_outermost_days_and_numbers_are_values_like_others(api: Api) -> None:
    query = """{
        a: people(filter: {availableBy: "9999-12-31"}) { totalCount }
        b: people(filter: {availableBy: "0001-01-01"}) { totalCount }
        c: mentors(filter: {capacityFrom: 2147483647}) { totalCount }
        d: mentors(filter: {capacityFrom: -2147483648}) { totalCount }
        e: auditEvents(filter: {occurredFrom: "0001-01-01T00:00:00Z"}) { totalCount }
    }"""
    data = await api.data(query, by="AUDITOR")
    assert [data[key]["totalCount"] for key in "abcde"] == [10, 0, 0, 2, 11]


async def test_the_world_has_rows_for_every_filtered_type(tables: Tables) -> None:
    assert all(len(tables.rows[model]) > 1 for model in LISTS.values())
    assert wire(tables.rows[models.Mentor][0]["consented_at"]) == "2024-01-01T12:00:00.000000Z"
