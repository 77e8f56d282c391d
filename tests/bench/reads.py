"""What a read costs the worker: the short way and the executor against the bare SQL.

The floor runs the very statement that the short way runs, and passes its JSON on.
"""

import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from rich.console import Console
from rich.table import Table

from schema.context import Context
from schema.documents import Documents
from schema.endpoint import CadreSchema
from schema.limits import Limits
from schema.resolvers import choose
from schema.root import assembled, create_schema
from seeds import demo
from service import database
from service.access.actors import Actor, Grant
from service.access.roles import Role
from service.embedded import running
from service.reading import answers
from service.reading.selections import PageOf
from service.reading.statements import compile_page, compile_row

PEOPLE = 20_000
ROUNDS = 7
REPEATS = 15
HR = Actor(uuid4(), None, "Bench", (Grant(Role.HR_OFFICER),))
QUERIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Q1 one mission, its posts and their holders": (
        """query ($acronym: String!) { mission(acronym: $acronym) { id acronym name startedOn
           posts(first: 20) { edges { node { id title level function isVacant
             appointments(first: 3) { edges { node { state startedOn
               person { givenNames familyName } } } } } } } } }""",
        {"acronym": "UNMISS"},
    ),
    "Q2 fifty people, twelve values each": (
        """query ($first: Int!) { people(first: $first, filter: {gender: [FEMALE]},
           orderBy: [{field: SENIORITY, direction: DESC}]) { edges { cursor node {
             id givenNames familyName gender nationalities highestLevel seniority availability
             availableFrom pipelineSince version createdAt } } } }""",
        {"first": 50},
    ),
    "Q3 fifty people with languages, studies and service": (
        """query ($first: Int!) { people(first: $first, filter: {gender: [FEMALE]},
           orderBy: [{field: SENIORITY, direction: DESC}]) { totalCount
           pageInfo { hasNextPage endCursor } edges { node { id givenNames familyName
             languages { edges { node { language proficiency } } }
             education { edges { node { degree institution } } }
             experiences(first: 10) { edges { node { title startedOn level
               mission { acronym } } } } } } } }""",
        {"first": 50},
    ),
}

Target = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Cost:
    """Seconds of one request: of the worker's processor, and by the clock."""

    processor: float
    clock: float


async def run() -> None:
    """Measures and prints; the figures are ratios, each against the floor of the same run."""
    console = Console()
    table = Table("query", "target", "worker CPU", "latency", title="Reads, floor = 1")
    with tempfile.TemporaryDirectory(prefix="cadre-bench-") as folder:
        async with running(Path(folder), durable=False) as url:
            await database.migrate(url)
            async with database.connected(url, pool_size=1):
                await demo.plant(people=PEOPLE)
                for name, (text, variables) in QUERIES.items():
                    costs = await _measured(await _targets(text, variables))
                    for target, cost in costs.items():
                        floor = costs["floor"]
                        processor = f"{cost.processor / floor.processor:.2f}"
                        table.add_row(name, target, processor, f"{cost.clock / floor.clock:.2f}")
    console.print(table)
    packages = ("strawberry-graphql", "graphql-core", "tortoise-orm", "asyncpg", "orjson")
    console.print(
        f"{PEOPLE:,} people, best of {ROUNDS} interleaved rounds of {REPEATS};"
        f" Python {platform.python_version()}, "
        + ", ".join(f"{package} {version(package)}" for package in packages)
    )


async def _targets(text: str, variables: dict[str, Any]) -> dict[str, Target]:
    schema = create_schema()
    documents = Documents(schema._schema, Limits())
    document = documents.parse(text)
    documents.validate(text, document, suggest=True)
    node = document.operation(None).node
    statement = await _statement(schema, document.ast, node, variables)

    async def floor() -> bytes:
        return orjson.dumps({"data": orjson.Fragment(await answers._scalar(statement))})

    async def short() -> bytes:
        assert schema.reads is not None
        answer = await schema.reads.answer(document.ast, node, variables, HR)
        assert answer is not None
        return orjson.dumps({"data": answer.data})

    async def executor() -> bytes:
        context = Context(HR, "bench", document.ast)
        answer = await schema.execute(text, variable_values=variables, context_value=context)
        assert answer.errors is None
        return orjson.dumps({"data": answer.data})

    assert orjson.loads(await short()) == orjson.loads(await executor())
    return {"floor": floor, "short way": short, "executor": executor}


async def _statement(schema: CadreSchema, *asked: Any) -> Any:
    """The statement that the short way would run."""
    assert schema.reads is not None
    ast, node, variables = asked
    given = schema.reads._asked(ast, node, variables)
    assert given is not None
    groups = schema.reads._groups(given)
    assert groups is not None
    roots = schema.reads._roots(given, groups)
    assert roots is not None
    selection = choose(assembled(), roots[0].declared, roots[0].asked, roots[0].given)
    if isinstance(selection, PageOf):
        return compile_page(selection, HR)
    return compile_row(selection, HR)


async def _measured(targets: dict[str, Target]) -> dict[str, Cost]:
    """The best of the interleaved rounds of each target."""
    best: dict[str, Cost] = {}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            processor, clock = time.process_time(), time.perf_counter()
            for _ in range(REPEATS):
                await target()
            cost = Cost(
                (time.process_time() - processor) / REPEATS, (time.perf_counter() - clock) / REPEATS
            )
            known = best.get(name, cost)
            best[name] = Cost(min(known.processor, cost.processor), min(known.clock, cost.clock))
    return best
