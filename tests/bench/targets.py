"""What is measured against what: each target's server, and how a question is put to it."""

import hashlib
import pickle
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.bench import anchors, floors, loads, workers
from tests.bench.questions import QUESTIONS, Question
from tests.bench.workers import Worker
from tests.bench.worlds import World

FLOOR = "floor"
CADRE = "Cadre"
PERSISTED = "Cadre, persisted"
ORDINARY = "Cadre, ordinary path"
ANCHOR = "PostGraphile 5"
LARGE = "Cadre, 1,000,000 people"

READS = frozenset({"Q1", "Q2", "Q3"})
ALL = READS | {"Q4", "Q5"}

Asking = Callable[[Question, int, int], tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Target:
    """A server in a world, and the questions that are put to it."""

    name: str
    worker: Worker
    world: World
    ask: Asking
    questions: frozenset[str]

    def request(self, question: Question, person: int, version: int = 1) -> bytes:
        """The request on the wire, about this person where the question is about one."""
        path, body = self.ask(question, person, version)
        signed = {"Authorization": f"Bearer {self.world.token}"}
        return loads.request(path, orjson.dumps(body), {} if question.is_anonymous else signed)


@asynccontextmanager
async def standing(
    folder: Path, small: World, large: World | None
) -> AsyncIterator[Sequence[Target]]:
    """All targets, serving until the end."""
    plans = folder / "plans"
    plans.write_bytes(pickle.dumps(await floors.plans(small, QUESTIONS)))
    is_persisted = _register(small, folder)
    with ExitStack() as stack:

        def own(what: str, *more: str) -> Worker:
            return stack.enter_context(workers.own(what, small.url, folder / what, *more))

        def cadre(world: World) -> Worker:
            told = folder / f"cadre-{world.people}"
            return stack.enter_context(workers.cadre(world.url, told))

        served = cadre(small)
        anchor = stack.enter_context(anchors.serving(small, folder / "anchor"))
        found = [
            Target(FLOOR, own("floors", str(plans)), small, _ask_floor, READS | {"Q4"}),
            Target(CADRE, served, small, _ask_cadre, ALL),
            Target(ORDINARY, own("ordinary"), small, _ask_cadre, READS),
            Target(ANCHOR, anchor, small, _ask_anchor, ALL),
        ]
        if is_persisted:
            found.append(Target(PERSISTED, served, small, _ask_by_hash, ALL))
        if large:
            found.append(Target(LARGE, cadre(large), large, _ask_cadre, READS))
        yield found


def _register(world: World, folder: Path) -> bool:
    """Registers the questions by their hashes; False where Cadre has no such command."""
    if workers.operator(world.url, "operations", "--help").returncode:
        return False
    manifest = folder / "manifest.json"
    documents = [_squeezed(question.document) for question in QUESTIONS]
    manifest.write_bytes(orjson.dumps({_hash(document): document for document in documents}))
    done = workers.operator(world.url, "operations", "register", str(manifest))
    if done.returncode:
        raise RuntimeError(f"the operations could not be registered: {done.stderr}")
    return True


def _ask_cadre(question: Question, person: int, version: int) -> tuple[str, dict[str, Any]]:
    variables = question.variables(person, version)
    return "/graphql", {"query": _squeezed(question.document), "variables": variables}


def _ask_floor(question: Question, person: int, version: int) -> tuple[str, dict[str, Any]]:
    """The same body; the path says which plan to run."""
    return f"/{question.name}", _ask_cadre(question, person, version)[1]


def _ask_by_hash(question: Question, person: int, version: int) -> tuple[str, dict[str, Any]]:
    known = {"version": 1, "sha256Hash": _hash(_squeezed(question.document))}
    variables = question.variables(person, version)
    return "/graphql", {"extensions": {"persistedQuery": known}, "variables": variables}


def _ask_anchor(question: Question, person: int, version: int) -> tuple[str, dict[str, Any]]:
    variables = question.anchored_variables(person, version)
    return "/graphql", {"query": _squeezed(question.anchored), "variables": variables}


def _hash(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def _squeezed(document: str) -> str:
    return " ".join(document.split())


@dataclass
class Ledger:
    """Which version each person's file has, so that every change can name the right one."""

    people: int
    versions: dict[int, int] = field(default_factory=dict)
    changes: int = 0

    def take(self, count: int) -> Sequence[tuple[int, int]]:
        """The next persons with their versions; none of them twice."""
        following = (self.changes + i for i in range(min(count, self.people)))
        numbers = [place % self.people + 1 for place in following]
        return [(number, self.versions.get(number, 1)) for number in numbers]

    def note(self, taken: Sequence[tuple[int, int]]) -> None:
        """Keeps that these have been changed."""
        self.versions |= {number: version + 1 for number, version in taken}
        self.changes += len(taken)
