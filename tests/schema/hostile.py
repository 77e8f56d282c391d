"""The worst requests that we can think of, each with what must refuse it: a limit or a code.

They are made for the real schema, near every limit and far over it. `./dev bench refusals`
says how long each of them keeps the event loop.
"""

import functools
from collections.abc import Iterator
from typing import Any

import orjson
from strawberry.types.graphql import OperationType

from schema.documents import DocumentRefused
from schema.engine import Asked, Caller, Engine
from schema.requests import Parameters
from schema.root import assembled, create_schema
from service.access.actors import Actor, Grant
from service.access.roles import Role
from service.errors import Refusal
from service.sign_ins import SignIn
from tests.schema.callers import ACTORS

INVALID = "GRAPHQL_VALIDATION_FAILED"
SYNTAX = "GRAPHQL_PARSE_FAILED"
COERCION = "BAD_USER_INPUT"

Request = tuple[str, str, Any]


def many(template: str, count: int) -> str:
    """The text so often, `#` its number."""
    return " ".join(template.replace("#", str(number)) for number in range(count))


def node(selection: str) -> str:
    """A query for this of every person."""
    return "{people{edges{node{" + selection + "}}}}"


def doubling(levels: int, type_name: str = "Query", leaf: str = "__typename") -> str:
    """The document of trap 1: every fragment spreads the one below it twice."""
    fragments = [
        f"fragment F{n} on {type_name}{{...F{n - 1} ...F{n - 1}}}" for n in range(1, levels + 1)
    ]
    return "\n".join([f"{{...F{levels}}}", f"fragment F0 on {type_name}{{{leaf}}}", *fragments])


def _texts() -> Iterator[tuple[str, str, str]]:
    yield "a document of 1 MB", "characters", "{" + many("x#:__typename", 60_000) + "}"
    yield "blank lines", "characters", "\n" * 900_000 + "{viewer{label}}"
    yield "a comment a line", "characters", "#\n" * 400_000 + "{viewer{label}}"
    yield "comments within the length", "tokens", "#\n" * 31_000 + "{viewer{label}}"
    yield "blank lines within it", INVALID, "\n" * 63_900 + "{viewer{labe}}"
    yield "blank lines before an error of syntax", SYNTAX, "\n" * 63_900 + "{viewer{label"
    yield "one long name", INVALID, "{" + "a" * 63_900 + "}"
    yield "long names", "comparisons", "{viewer{" + ("labe" + "l" * 28 + " ") * 1900 + "}}"
    yield "a long type", INVALID, "query($v:" + "Person" * 10_000 + "){__typename}"
    yield (
        "a string of escapes",
        COERCION,
        node("id").replace("people", 'people(after:"' + "\\u00e9" * 10_000 + '\\u0000")'),
    )
    yield "a string of blank lines", INVALID, '{node(i:"""' + "\n " * 31_000 + '"""){id}}'
    yield "names beyond ASCII", SYNTAX, "{vi\u00e9wer" + "\u00e9" * 60_000 + "}"
    yield "braces up to the parser's end", SYNTAX, "{a" * 1_300


def _shapes() -> Iterator[tuple[str, str, str]]:
    yield "doubling fragments", "fragment_depth", doubling(25)
    yield (
        "doubling fragments in eight levels",
        "fields",
        "{...F7} fragment F0 on Query{__typename}"
        + "".join(f"fragment F{n} on Query{{{f'...F{n - 1} ' * 150}}}" for n in range(1, 8)),
    )
    yield "a cycle of fragments", INVALID, "{...F0}" + many("fragment F# on Query{...F#}", 190)
    yield (
        "a ring of fragments",
        INVALID,
        "{...F0}" + " ".join(f"fragment F{n} on Query{{...F{(n + 1) % 190}}}" for n in range(190)),
    )
    yield "nesting", "depth", "{viewer" * 22 + "}" * 22
    yield (
        "inline fragments in one another",
        "comparisons",
        "{...F7}"
        + "".join(
            f"fragment F{n} on Query{{{'...{' * 180}...F{n - 1}{'}' * 180}}}" for n in range(1, 8)
        )
        + "fragment F0 on Query{__typename}",
    )
    yield "1300 aliases", "aliases", "{viewer{" + many("x#:label", 1300) + "}}"
    yield "4000 tokens of fields", "fields", "{viewer{" + "label " * 3_990 + "}}"
    yield "root fields", "root_fields", "{" + "__typename " * 1900 + "}"
    yield (
        "mutations that show a secret",
        "reveals",
        "mutation{" + many('x#:issueToken(input:{accountId:"x",label:"a"}){secret}', 20) + "}",
    )
    yield "unknown directives", "directives", "{viewer{label " + many("@a#", 1900) + "}}"
    yield "repeated directives", "directives", "{viewer{label " + "@skip(if:true)" * 500 + "}}"
    yield "directives of the operation", "directives", "query " + many("@a#", 1900) + "{__typename}"
    yield "fifty directives", INVALID, "{viewer{label " + "@skip(if:true)" * 50 + "}}"
    yield "operations", "definitions", many("query Q#{__typename}", 790)
    yield "unnamed operations", INVALID, "{__typename}" * 200
    yield (
        "unused fragments",
        INVALID,
        "{__typename}" + many("fragment F# on Viewer{label isSignedIn roles{label}}", 190),
    )
    yield (
        "pages in pages",
        "nodes",
        node("appointments(first:100){edges{node{id}}}").replace("people", "people(first:100)"),
    )
    yield (
        "listings of the schema",
        "introspection_depth",
        "{__schema{types{fields{type{fields{type{fields{name}}}}}}}}",
    )
    yield "unknown fields of the schema", INVALID, "{__schema{types{" + many("nam#", 1900) + "}}}"


def _overlaps() -> Iterator[tuple[str, str, str]]:
    types = [found.name for found in assembled().nodes.values()]
    inline = [f"...on {name}{{id}}" for name in types * 20]
    nested = [f"...on {name}{{...on {name}{{...on {name}{{id}}}}}}" for name in types * 9]
    spread = [f"fragment F{n} on {(types * 9)[n]}{{id}}" for n in range(150)]
    yield "equal fields", "comparisons", "{viewer{" + "label " * 1_990 + "}}"
    yield "equal fields with fields", "comparisons", "{viewer{" + "roles{role label}" * 500 + "}}"
    yield (
        "equal fields down the tree",
        "comparisons",
        node("appointments{edges{node{post{mission{id}}}}}" * 180),
    )
    yield "equal connections", "comparisons", "{people{" + "edges{node{id}}" * 480 + "}}"
    yield "different arguments", INVALID, "{" + many("people(first:#){totalCount}", 20) + "}"
    yield "different fields of one name", INVALID, node("x:id x:familyName x:gender " * 30)
    yield (
        "a fragment on every type",
        "comparisons",
        '{node(id:"x"){' + " ".join(inline[:500]) + "}}",
    )
    yield (
        "fragments in fragments on every type",
        "comparisons",
        '{node(id:"x"){' + " ".join(nested[:200]) + "}}",
    )
    yield (
        "named fragments on every type",
        "comparisons",
        '{node(id:"x"){' + many("...F#", 150) + "}}" + " ".join(spread),
    )
    yield (
        "fragments side by side",
        "comparisons",
        "{viewer{"
        + many("...F#", 190)
        + "}}"
        + many("fragment F# on Viewer{label isSignedIn}", 190),
    )
    yield "fragments on types that cannot be", "comparisons", node(" ".join(inline[:500]))
    yield "fragments on types that are not", "comparisons", node(many("...on Perso#{id}", 600))
    yield (
        "a fragment that every operation spreads",
        "comparisons",
        many("query Q#($a:Int){...F}", 140)
        + " fragment F on Query"
        + node("appointments(first:$a){totalCount}" * 200),
    )
    yield (
        "its variables undefined",
        INVALID,
        many("query Q#{...F}", 100)
        + " fragment F on Query"
        + node("appointments(first:$a){totalCount}" * 280),
    )


def _errors() -> Iterator[tuple[str, str, str]]:
    long = "x" * 240
    yield "unknown fields", INVALID, "{viewer{" + many("z#", 1900) + "}}"
    yield "fields almost known", INVALID, node(many("familyNam#", 1900))
    yield "arguments almost known", INVALID, "{people(" + many("firs#:1", 1300) + "){totalCount}}"
    yield (
        "long arguments almost known",
        INVALID,
        "{people(" + many("first" + "t" * 40 + "#:1", 1200) + "){totalCount}}",
    )
    yield "one argument repeated", INVALID, "{people(" + "first:1 " * 1300 + "){totalCount}}"
    yield (
        "one input field repeated",
        INVALID,
        "{people(filter:{" + 'text:"a" ' * 250 + "}){totalCount}}",
    )
    yield (
        "input fields almost known, in a large value",
        INVALID,
        "{people(filter:{" + many(f'tex#:"{long}"', 250) + "}){totalCount}}",
    )
    yield (
        "large values in a list",
        INVALID,
        "{people(filter:{languagesAll:[" + f'"{long}"' * 250 + "]}){totalCount}}",
    )
    yield (
        "enum values almost known",
        INVALID,
        "{people(orderBy:[" + many("{field:FAMILY_NAM#}", 250) + "]){totalCount}}",
    )
    yield (
        "large values of one argument",
        INVALID,
        "{" + many(f'x#:people(first:{{a:"{long * 12}"}}){{totalCount}}', 20) + "}",
    )
    yield "a list too long", "list_items", "{nodes(ids:[" + '"x" ' * 251 + "]){id}}"
    yield "lists in lists", "json_depth", "{node(id:" + "[" * 190 + "]" * 190 + "){id}}"
    yield "a number too long", "digits", "{people(first:" + "9" * 60_000 + "){totalCount}}"
    yield "a number beyond 64 bits", INVALID, "{people(first:" + "9" * 40 + "){totalCount}}"
    yield "unused variables", INVALID, "query(" + many("$v#:Int", 990) + "){__typename}"
    yield "one variable repeated", INVALID, "query(" + "$v:Int " * 990 + "){__typename}"
    yield (
        "variables of unknown types",
        INVALID,
        "query(" + many("$v#:Perso#", 990) + "){__typename}",
    )
    yield (
        "variables in the wrong place",
        INVALID,
        "query("
        + many("$v#:Int", 240)
        + "){people(filter:{and:["
        + many("{text:$v#}", 240)
        + "]}){totalCount}}",
    )
    yield (
        "variables of lists in lists",
        INVALID,
        "query($v:" + "[" * 190 + "Int" + "]" * 190 + "){__typename}",
    )
    yield (
        "defaults of the wrong type",
        INVALID,
        "query(" + many('$v#:Int="x"', 600) + "){__typename}",
    )
    yield "types instead of operations", INVALID, "{__typename}" + many("type A#{a:Int}", 190)


def _values() -> Iterator[Request]:
    people = "query($f:PersonFilter){people(filter:$f){totalCount}}"
    create = "mutation($f:CreatePersonInput!){createPerson(input:$f){errors{message}}}"
    nodes = "query($f:[ID!]!){nodes(ids:$f){id}}"
    page = "query($f:Int){people(first:$f){totalCount}}"
    deep: Any = {"text": 1}
    for _ in range(14):
        deep = {"and": [deep]}
    lists: Any = 0
    for _ in range(200):
        lists = [lists]
    unknown = [{f"tex{k}": 1 for k in range(19)} for _ in range(240)]
    wrong = [{"or": [{"text": 1}] * 20} for _ in range(110)]
    language = {"language": "fr", "proficiency": "C9"}
    yield "values without end", people, {"and": [[0] * 250] * 250}
    yield "lists in lists in lists", people, lists
    yield "a list of 100 000", nodes, ["x"] * 100_000
    yield "thousands of wrong values", people, {"and": wrong}
    yield "thousands of unknown fields", people, {"and": unknown}
    yield "unknown words", people, {"gender": [f"FEMAL{k}" for k in range(250)]}
    yield "long wrong words", people, {"gender": ["x" * 3_600] * 250}
    yield "one very long wrong word", people, {"availability": ["x" * 900_000]}
    yield "one very long name", people, {"x" * 900_000: 1}
    yield "long names of fields", people, {"t" * 3_000 + str(k): 1 for k in range(240)}
    yield "a wrong value far down", people, deep
    yield "a text for an object", people, "x" * 900_000
    yield "wrong ids", nodes, ["x" * 3_000] * 250
    yield "objects for ids", nodes, [{"a": [1] * 15}] * 250
    yield "unknown fields of a mutation", create, {f"familyNam{k}": 1 for k in range(249)}
    yield "wrong values of a mutation", create, {"languages": [language] * 250}
    yield "a text of digits", page, "9" * 900_000
    yield "a number beyond all", page, 1e308


DOCUMENTS = {
    name: (expected, text)
    for group in (_texts, _shapes, _overlaps, _errors)
    for name, expected, text in group()
}
VALUES = {name: (text, value) for name, text, value in _values()}


@functools.cache
def engine() -> Engine:
    """The engine of the whole API, which no refusal takes to a database."""
    return Engine(create_schema())


def refused(text: str) -> str:
    """What refuses the document: the name of a limit, or a code; empty where nothing does."""
    documents, limits = engine().documents, engine().limits(_caller())
    try:
        document = documents.parse(text, limits)
        documents.validate(document, suggest=True)
        document.operation(None).admit({}, limits)
    except DocumentRefused as refusal:
        return refusal.code
    except Refusal as refusal:
        return str(refusal.details.get("limit", refusal.code))
    return ""


async def answered(text: str, value: Any) -> list[str]:
    """The codes of the errors that answer this value of the variable `f`."""
    variables = orjson.loads(orjson.dumps({"f": value}))
    parameters = Parameters(text, variables, None, {})
    outcome = await engine().run(
        Asked(parameters, _caller(), "reference", frozenset(OperationType))
    )
    outcome.body()
    return outcome.codes


def _caller() -> Caller:
    officer = ACTORS["HR_OFFICER"]
    actor = Actor(officer.account_id, None, "Officer", (Grant(Role.HR_OFFICER),))
    return Caller(SignIn(actor), None, is_proved=True)
