"""Work beside the event loop: its answer, its progress, and every way in which it ends early."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from service import computations
from service.computations import compute
from service.errors import Unavailable

Watch = Callable[[Any], None]
BOTH = pytest.mark.parametrize("is_apart", [False, True], ids=["in a thread", "in a process"])
# Only tells what hangs from what is slow.
HANGS = 30


def counted(upto: int, watch: Watch) -> int:
    for number in range(upto):
        watch(number)
        time.sleep(0.01)
    return upto


def leave(mark: Path) -> None:
    """Leaves this process's number as the mark, whole at once."""
    written = mark.with_suffix(".part")
    written.write_text(str(os.getpid()))
    written.rename(mark)


def endless(mark: Path, watch: Watch) -> None:
    """Goes on until its watch ends it, and leaves a mark while it lives."""
    leave(mark)
    try:
        while True:
            watch("again")
            time.sleep(0.01)
    finally:
        mark.unlink()


def deaf(mark: Path, watch: Watch) -> None:
    """Tells once where it works, and then listens to nobody."""
    watch("begun")
    leave(mark)
    time.sleep(HANGS)


def failing(watch: Watch) -> None:
    raise ValueError("the numbers do not add up")


async def untold(_: object) -> None:
    pass


@BOTH
async def test_the_answer_comes_and_progress_is_told_meanwhile(
    is_apart: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computations, "PAUSE", 0.02)
    told: list[int] = []

    async def tell(number: int) -> None:
        told.append(number)

    assert await compute(partial(counted, 100), tell, is_apart=is_apart) == 100
    assert len(told) > 5
    assert told == sorted(told)


@BOTH
async def test_an_error_of_the_work_is_the_caller_s(is_apart: bool) -> None:
    with pytest.raises(ValueError, match="the numbers do not add up"):
        await compute(failing, untold, is_apart=is_apart)


@BOTH
async def test_whatever_is_raised_by_who_is_told_ends_the_work(
    is_apart: bool, tmp_path: Path
) -> None:
    mark = tmp_path / "alive"

    async def tell(_: str) -> None:
        assert await asyncio.to_thread(mark.exists)
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        await compute(partial(endless, mark), tell, is_apart=is_apart)
    await gone(mark, is_apart=is_apart)


@BOTH
async def test_a_cancellation_ends_the_work(is_apart: bool, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    computing = asyncio.create_task(compute(partial(endless, mark), untold, is_apart=is_apart))
    await until(mark.exists)
    computing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await computing
    await gone(mark, is_apart=is_apart)


async def process_of(mark: Path) -> int:
    return int(await asyncio.to_thread(mark.read_text))


async def gone(mark: Path, *, is_apart: bool) -> None:
    """Waits until the work is no more; in a process it has no time to clean up."""
    if is_apart:
        process = await process_of(mark)
        await until(lambda: not psutil.pid_exists(process))
    else:
        await until(lambda: not mark.exists())


async def test_a_process_that_listens_to_nobody_is_ended_all_the_same(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    computing = asyncio.create_task(compute(partial(deaf, mark), untold, is_apart=True))
    await until(mark.exists)
    process = await process_of(mark)
    computing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await computing
    await until(lambda: not psutil.pid_exists(process))


async def test_an_interruption_at_the_terminal_leaves_the_process_to_its_parent(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "alive"
    computing = asyncio.create_task(compute(partial(endless, mark), untold, is_apart=True))
    await until(mark.exists)
    os.kill(await process_of(mark), signal.SIGINT)
    await asyncio.sleep(0.3)
    assert not computing.done()
    computing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await computing
    await gone(mark, is_apart=True)


async def test_a_process_that_is_ended_from_outside_is_said(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    computing = asyncio.create_task(compute(partial(deaf, mark), untold, is_apart=True))
    await until(mark.exists)
    os.kill(await process_of(mark), signal.SIGKILL)
    with pytest.raises(Unavailable, match="ended from outside, perhaps for lack of memory"):
        await computing


def dying(_: object) -> None:
    """A process that is gone before it has read what it is to do."""
    os._exit(9)


@pytest.mark.parametrize("size", [1, 1_000_000])
async def test_a_process_that_dies_at_its_start_is_said(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computations, "_in_child", dying)
    with pytest.raises(Unavailable, match="ended from outside"):
        await compute(partial(counting, b"x" * size), untold, is_apart=True)


def counting(text: bytes, _: Watch) -> int:
    return len(text)


async def test_a_long_errand_reaches_the_process() -> None:
    assert await compute(partial(counting, b"x" * 1_000_000), untold, is_apart=True) == 1_000_000


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(HANGS * 100):
        if await asyncio.to_thread(holds):
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")
