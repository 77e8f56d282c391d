"""`./dev bench reads [--quick]`: what reads cost over HTTP, as ratios of one interleaved run.

The floor, Cadre in its ways, and PostGraphile answer the same questions on the same
database. It stores and prints ratios only; no figure of it holds for another machine.
"""

import multiprocessing
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from rich.console import Console
from rich.status import Status

from service import database, logs
from service.embedded import running
from tests.bench import answers, huge_pages, loads, measures, reports, workers, worlds
from tests.bench.measures import Cell, Results
from tests.bench.questions import QUESTIONS, Question, people
from tests.bench.targets import Ledger, Target, standing
from tests.bench.worlds import World

SMALL = 20_000
LARGE = 1_000_000
# More than the fastest target answers in the longest load.
RING = 6_000
LEAST_ROUNDS = 1


@dataclass(frozen=True)
class Extent:
    """How much is measured: rounds, and the seconds of each load by its connections."""

    rounds: int
    seconds: dict[int, float]
    warm_up: float
    is_quick: bool
    # Past this a further round is left out, so that the whole ends within eight minutes.
    budget: float


FULL = Extent(5, {1: 1.0, 32: 1.0}, 0.6, is_quick=False, budget=400)
QUICK = Extent(2, {1: 1.0, 32: 1.0}, 0.5, is_quick=True, budget=120)


@dataclass
class Bench:
    """Everything that stands while it is measured."""

    extent: Extent
    targets: Sequence[Target]
    database: workers.Database
    load: Connection
    ledger: Ledger = field(default_factory=lambda: Ledger(SMALL))
    results: Results = field(default_factory=Results)

    def warm_up(self) -> None:
        """Lets every target fill its caches and compile what it compiles."""
        for question in QUESTIONS:
            for target in self._asked(question):
                self._load(question, target, 0, (8, self.extent.warm_up))

    def round(self, number: int) -> None:
        """Puts every question to every target, over every number of connections."""
        for question in QUESTIONS:
            asked = self._asked(question)
            # Each round begins with another target, so that none always follows the same.
            turn = number % len(asked)
            for connections, seconds in self.extent.seconds.items():
                for target in asked[turn:] + asked[:turn]:
                    cell = Cell(question.name, connections, target.name)
                    values = self._measured(question, target, number, (connections, seconds))
                    self.results.note(cell, number, values)

    def _asked(self, question: Question) -> list[Target]:
        return [each for each in self.targets if question.name in each.questions]

    def _measured(
        self, question: Question, target: Target, number: int, size: tuple[int, float]
    ) -> dict[str, float]:
        worker, base = target.worker.seconds(), self.database.seconds()
        run = self._load(question, target, number, size)
        worker, base = target.worker.seconds() - worker, self.database.seconds() - base
        return {
            measures.WORKER: worker / run.sent,
            # Where nothing is asked of it, what it does meanwhile is its own affair.
            measures.DATABASE: base / run.sent if question.is_stored else 0.0,
            measures.THROUGHPUT: run.sent / run.seconds,
            measures.P50: run.latency(0.5),
            measures.P99: run.latency(0.99),
        }

    def _load(
        self, question: Question, target: Target, number: int, size: tuple[int, float]
    ) -> loads.Run:
        people = self._people(question, target, number)
        requests = [target.request(question, *each) for each in people]
        is_once = question.is_written
        load = loads.Load(target.worker.port, requests, *size, is_once=is_once)
        try:
            run = loads.at_work(self.load, load)
        except loads.BrokenOff as fault:
            words = f"{target.name} on {question.name}, {size}: {fault}"
            raise RuntimeError(f"{words}; it wrote {target.worker.last_words}") from fault
        if question.is_written:
            self.ledger.note(people[: run.sent])
        for sample in run.samples:
            answers.check(sample, target.name, question.name)
        return run

    def _people(self, question: Question, target: Target, number: int) -> Sequence[tuple[int, int]]:
        """Whom the requests are about, with the version of each file."""
        if question.is_written:
            return self.ledger.take(RING)
        if question.name != "Q1":
            return [(1, 1)]
        return [(person, 1) for person in people(target.world.people, number, RING)]


async def run(*options: str) -> None:
    """Measures, prints and stores; a target that is missed is said, and fails nothing."""
    extent = QUICK if "--quick" in options else FULL
    logs.set_up("warning")
    console, started = Console(), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="cadre-bench-") as folder,
        console.status("Starting the database") as status,
        _loading() as pipe,
    ):
        async with _server(Path(folder, "data")) as url:
            small, large = await _worlds(url, extent, status)
            status.update("Starting the servers")
            async with standing(Path(folder), small, large) as targets:
                bench = Bench(extent, targets, workers.database_of(Path(folder, "data")), pipe)
                bench.results.facts = await _facts(url)
                _compare(targets)
                status.update("Warming up")
                bench.warm_up()
                for number in range(extent.rounds):
                    if number >= LEAST_ROUNDS and time.monotonic() - started > extent.budget:
                        break
                    status.update(f"Round {number + 1} of {extent.rounds}")
                    bench.round(number)
                    await _tidy(small)
    reports.show(console, bench.results, seconds=time.monotonic() - started)
    reports.store(bench.results, is_quick=extent.is_quick)


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[str]:
    # As a database server of one's own is set up: a quarter of the memory for its pages.
    buffers = psutil.virtual_memory().total // 4 // 2**20
    with huge_pages.reserved(buffers):
        async with running(folder, durable=False, buffers=f"{buffers}MB") as url:
            await _keep_quiet(url)
            yield url


async def _keep_quiet(url: str) -> None:
    async with database.session(url) as session:
        # It would set to work in the middle of some target's turn.
        await session.execute("ALTER SYSTEM SET autovacuum = off")
        await session.execute("SELECT pg_reload_conf()")


async def _facts(url: str) -> dict[str, str]:
    """How the database was set up, as far as its speed hangs on it."""
    names = {"shared buffers": "shared_buffers", "huge pages": "huge_pages_status"}
    async with database.session(url) as session:
        return {told: await session.fetchval(f"SHOW {name}") for told, name in names.items()}


@contextmanager
def _loading() -> Iterator[Connection]:
    """The pipe to the process that makes the load."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=loads.serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here
    finally:
        here.send(None)
        process.join(10)
        process.kill()


async def _worlds(url: str, extent: Extent, status: Status) -> tuple[World, World | None]:
    status.update(f"Inventing {SMALL:,} people")
    small = await worlds.build(url, SMALL)
    if extent.is_quick:
        return small, None
    status.update(f"Inventing {LARGE:,} people; this takes some two minutes")
    return small, await worlds.build(url, LARGE)


def _compare(targets: Sequence[Target]) -> None:
    """Refuses unless the targets agree, in each world, about the skewed person and some more."""
    for size in {target.world.people for target in targets}:
        here = [target for target in targets if target.world.people == size]
        for question in QUESTIONS:
            answers.compare(question, here, list(people(size, 0, 5)))


async def _tidy(world: World) -> None:
    """Takes away what the round's changes left, or later rounds would wade through it."""
    async with database.session(world.url) as session:
        await session.execute("VACUUM person")
