"""The questions of the benchmark, in Cadre's words and in PostGraphile's: the same facts.

Variables throughout, as front ends send them. It refuses to ask either side for less.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.bench import worlds

PAGE = 50
NESTED = 20
TARGET_DAY = date(2015, 1, 1)

_CAREER = """
languages(first: $nested) { edges { node { language proficiency } } }
experiences(first: $nested) { edges { node { title function level startedOn endedOn } } }
education(first: $nested) { edges { node { institution degree subject completedYear } } }
"""
_SCALARS = """id givenNames familyName gender nationalities highestLevel seniority
availability availableFrom pipelineSince version createdAt"""
_LISTED = "people(first: $first, filter: $filter, orderBy: $orderBy)"
_LISTING = "$first: Int!, $filter: PersonFilter, $orderBy: [PersonOrder!]"

_ANCHORED_CAREER = """
languages: personLanguagesByPersonId(first: $nested) { nodes { language proficiency } }
experiences: experiencesByPersonId(first: $nested) {
  nodes { title function level startedOn endedOn } }
education: educationsByPersonId(first: $nested) {
  nodes { institution degree subject completedYear } }
"""
_ANCHORED_SCALARS = _SCALARS.replace("id ", "id: rowId ", 1)
_ANCHORED_LISTED = "people: allPeople(first: $first, condition: $condition, orderBy: $orderBy)"
_ANCHORED_LISTING = "$first: Int!, $condition: PersonCondition, $orderBy: [PersonOrderBy!]"


@dataclass(frozen=True)
class Question:
    """One operation, and the variables that its requests vary over."""

    name: str
    title: str
    document: str
    anchored: str
    root: str | None = None
    is_anonymous: bool = False
    is_written: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether the answer takes the database."""
        return self.root is not None or self.is_written

    def variables(self, person: int, version: int) -> dict[str, Any]:
        """Cadre's variables, about this person where it is about one."""
        return _CADRE[self.name](person, version)

    def anchored_variables(self, person: int, version: int) -> dict[str, Any]:
        """PostGraphile's variables for the same."""
        return _ANCHORED[self.name](person, version)


QUESTIONS = (
    Question(
        "Q1",
        "one person by id with three nested lists",
        f"""query Q1($id: ID!, $nested: Int!) {{ node(id: $id) {{
            ... on Person {{ {_SCALARS} {_CAREER} }} }} }}""",
        f"""query Q1($id: UUID!, $nested: Int!) {{ node: personByRowId(rowId: $id) {{
            {_ANCHORED_SCALARS} {_ANCHORED_CAREER} }} }}""",
        "node",
    ),
    Question(
        "Q2",
        "fifty of some five thousand people, twelve values each",
        f"query Q2({_LISTING}) {{ {_LISTED} {{ edges {{ node {{ {_SCALARS} }} }} }} }}",
        f"""query Q2({_ANCHORED_LISTING}) {{
            {_ANCHORED_LISTED} {{ nodes {{ {_ANCHORED_SCALARS} }} }} }}""",
        "people",
    ),
    Question(
        "Q3",
        "the same fifty with three nested lists, the count and the page",
        f"""query Q3({_LISTING}, $nested: Int!) {{ {_LISTED} {{
            totalCount pageInfo {{ hasNextPage endCursor }}
            edges {{ node {{ {_SCALARS} {_CAREER} }} }} }} }}""",
        f"""query Q3({_ANCHORED_LISTING}, $nested: Int!) {{ {_ANCHORED_LISTED} {{
            totalCount pageInfo {{ hasNextPage endCursor }}
            nodes {{ {_ANCHORED_SCALARS} {_ANCHORED_CAREER} }} }} }}""",
        "people",
    ),
    Question(
        "Q4",
        "{ __typename }, without signing in",
        "query Q4 { __typename }",
        "query Q4 { __typename }",
        is_anonymous=True,
    ),
    Question(
        "Q5",
        "one value of one person changed",
        """mutation Q5($input: UpdatePersonInput!) { updatePerson(input: $input) {
            person { id version pipelineSince } errors { code message } } }""",
        """mutation Q5($input: UpdatePersonByRowIdInput!) { updatePersonByRowId(input: $input) {
            person { id: rowId version pipelineSince } } }""",
        is_written=True,
    ),
)


def people(world_size: int, salt: int, count: int) -> Iterator[int]:
    """Persons by number, at random from a fixed seed; the skewed one comes first."""
    rng = random.Random(salt)
    yield world_size + 1
    for _ in range(count - 1):
        yield rng.randint(1, world_size)


def _day(version: int) -> str:
    """A day that differs from that of the version before."""
    return (TARGET_DAY + timedelta(days=version % 3900)).isoformat()


def _listed(_person: int, _version: int) -> dict[str, Any]:
    order = [{"field": "SENIORITY", "direction": "DESC"}]
    return {"first": PAGE, "filter": {"availability": ["AVAILABLE"]}, "orderBy": order}


def _anchored_listed(_person: int, _version: int) -> dict[str, Any]:
    order = ["SENIORITY_DESC", "ROW_ID_DESC"]
    return {"first": PAGE, "condition": {"availability": "AVAILABLE"}, "orderBy": order}


_Variables = Mapping[str, Callable[[int, int], dict[str, Any]]]

_CADRE: _Variables = {
    "Q1": lambda person, _: {"id": worlds.opaque(person), "nested": NESTED},
    "Q2": _listed,
    "Q3": lambda person, version: _listed(person, version) | {"nested": NESTED},
    "Q4": lambda _person, _version: {},
    "Q5": lambda person, version: {
        "input": {
            "id": worlds.opaque(person),
            "version": version,
            "pipelineSince": _day(version),
        }
    },
}
_ANCHORED: _Variables = {
    "Q1": lambda person, _: {"id": str(worlds.key(person)), "nested": NESTED},
    "Q2": _anchored_listed,
    "Q3": lambda person, version: _anchored_listed(person, version) | {"nested": NESTED},
    "Q4": lambda _person, _version: {},
    "Q5": lambda person, version: {
        "input": {
            "rowId": str(worlds.key(person)),
            "personPatch": {"pipelineSince": _day(version), "version": version + 1},
        }
    },
}
