"""The worker: what Cadre does by itself, every night, on the queue in its own database.

A schedule only queues the night's jobs; the queue runs each at least once, also when
a worker dies in the middle. It refuses to hold state of its own.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial

import asyncpg
import pgqueuer
import structlog
from pgqueuer import DatabaseRetryEntrypointExecutor, Job, PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Schedule

import matching
from service import database, history, match_progress, match_runs
from service.access.actors import system
from service.errors import Conflict, Invalid
from service.models.vocabulary import MatchRunTrigger

WORKER = system("Nightly worker")
MATCH, CHECKPOINT = "match_run", "checkpoint"
# A job whose worker gives no sign of life for so long is taken up by the next one.
PATIENCE = timedelta(seconds=30)

_log = structlog.stdlib.get_logger("cadre.jobs")


async def work(
    url: str,
    *,
    nightly_at: str,
    shutdown: asyncio.Event | None = None,
    patience: timedelta = PATIENCE,
) -> None:
    """Does the night's jobs at the cron line's times until `shutdown`, or SIGTERM without one.

    A running job is finished first, but for a match run that still computes: that one is left
    to the next worker. A lost database is waited for. Raises Invalid for a cron line that is
    none, Unavailable for a database that is not ready.
    """
    check_schedule(nightly_at)
    leaving = shutdown or _signalled()
    async with database.connected(url, pool_size=3):
        await database.require_current()
        _log.info("worker started", nightly_at=nightly_at)
        await pgqueuer.run(
            partial(_queue, url, nightly_at, leaving),
            dequeue_timeout=patience,
            heartbeat_timeout=patience,
            shutdown_on_listener_failure=True,
            restart_on_failure=True,
            shutdown=leaving,
        )
        _log.info("worker stopped")


def check_schedule(nightly_at: str) -> None:
    """Refuses what is no cron line."""
    try:
        PgQueuer.in_memory().schedule("probe", nightly_at)
    except ValueError as error:
        message = f"CADRE_NIGHTLY_AT cannot be {nightly_at!r}; write five fields, as cron does."
        raise Invalid(message, path=("nightly_at",)) from error


def _signalled() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    leaving, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leaving.set)
    return leaving


async def match(leaving: asyncio.Event | None = None) -> None:
    """Pairs everybody who waits; where another run is under way, leaves it the work.

    Once the worker is `leaving`, a run that still computes goes back to the queue.
    """
    last = None

    async def told(progress: matching.Progress) -> None:
        nonlocal last
        if leaving and leaving.is_set():
            _log.info("match run given back", why="the worker stops; nothing was stored")
            raise RetryRequested(reason="the worker stopped")
        if progress != last:
            _log.info("match run under way", **asdict(progress))
        last = progress

    try:
        outcome = await match_runs.run_match(MatchRunTrigger.NIGHTLY, by=WORKER, told=told)
    except match_progress.Cancelled:
        _log.info("match run cancelled")
        return
    except Conflict as refusal:
        _log.info("match run left to another", why=refusal.message)
        return
    _log.info(
        "match run ended",
        number=outcome.run.number,
        is_new=outcome.is_new,
        proposals=outcome.run.proposal_count,
        unmatched=outcome.run.unmatched_count,
        duration_ms=outcome.run.duration_ms,
    )


async def checkpoint() -> None:
    """Stores the heads of all audit chains that grew since the last time."""
    _log.info("audit checkpoint stored", heads=await history.checkpoint())


@asynccontextmanager
async def _queue(url: str, nightly_at: str, leaving: asyncio.Event) -> AsyncIterator[PgQueuer]:
    async with asyncpg.create_pool(**database.credentials(url), min_size=1, max_size=3) as pool:
        queue = PgQueuer.from_asyncpg_pool(pool)

        # The schedule only queues: a worker killed here loses a moment, not the night, and
        # a job that waits or runs already is not queued a second time.
        @queue.schedule("nightly", nightly_at)
        async def nightly(_: Schedule) -> None:
            for name in (MATCH, CHECKPOINT):
                await queue.qm.queries.enqueue(name, None, dedupe_key=name, on_conflict="skip")

        jobs: dict[str, Callable[[], Awaitable[None]]] = {
            MATCH: partial(match, leaving),
            CHECKPOINT: checkpoint,
        }
        for name, job in jobs.items():
            retried = queue.entrypoint(
                name, concurrency_limit=1, executor_factory=DatabaseRetryEntrypointExecutor
            )
            retried(partial(_run, job))
        yield queue


async def _run(job: Callable[[], Awaitable[None]], _: Job) -> None:
    await job()
