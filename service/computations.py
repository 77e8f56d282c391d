"""Long computations beside the event loop: told about while they last, ended when asked to.

In a thread, or in a process of its own. It refuses to let one outlive whoever waits for it.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from service.errors import Unavailable

P = TypeVar("P")
R = TypeVar("R")
Watch = Callable[[P], None]
Work = Callable[[Watch[P]], R]

# How often whoever waits is told how far it has come, in seconds.
PAUSE = 0.5
_LOOK = 0.1
_SPAWN = get_context("spawn")


class _Ended(Exception):  # noqa: N818 - a signal to stop, never an error
    """Nobody waits any more."""


@dataclass(frozen=True)
class _Answer(Generic[R]):
    value: R


@dataclass(frozen=True)
class _Fault:
    error: Exception


class _Seen(Generic[P]):
    """What the computation told last, and whether it is to end."""

    def __init__(self) -> None:
        self.last: P | None = None
        self.stop = threading.Event()

    def watch(self, progress: P) -> None:
        if self.stop.is_set():
            raise _Ended
        self.last = progress


async def compute(
    work: Work[P, R], told: Callable[[P], Awaitable[None]], *, is_apart: bool = False
) -> R:
    """What the work answers; `told` hears twice a second how far it has come.

    Whatever `told` raises, or a cancellation, ends the work: where it next calls its watch, or
    at once where it `is_apart`, in a process of its own. Raises Unavailable where that is ended
    from outside.
    """
    seen: _Seen[P] = _Seen()
    run = partial(_hosted, work) if is_apart else work
    computing = asyncio.get_running_loop().run_in_executor(None, run, seen.watch)
    # Whoever has left looks at no error any more.
    computing.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        while not (await asyncio.wait({computing}, timeout=PAUSE))[0]:
            if seen.last is not None:
                await told(seen.last)
        return computing.result()
    finally:
        seen.stop.set()


def _hosted(work: Work[P, R], watch: Watch[P | None]) -> R:
    """The answer of a process of its own, which ends when the watch says so."""
    ours, theirs = _SPAWN.Pipe()
    child = _SPAWN.Process(target=_in_child, args=(theirs,), daemon=True)
    with ours:
        with theirs:
            _start(child)
        try:
            # Not as an argument of the process: the library waits without end for one that
            # dies before it has read a long argument, and a pipe does not.
            ours.send(work)
            answer: R = _heard(ours, watch)
        except (EOFError, ConnectionError) as error:
            raise Unavailable(
                "The computation was ended from outside, perhaps for lack of memory; start again."
            ) from error
        else:
            return answer
        finally:
            child.kill()
            child.join()
            child.close()


def _start(child: Any) -> None:
    # An interruption at the terminal reaches every process of the group; that this one is to
    # end it learns from its parent, who says something about it.
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)


def _heard(ours: Connection, watch: Watch[Any]) -> Any:
    last = None
    while True:
        watch(last)
        if not ours.poll(_LOOK):
            continue
        told = ours.recv()
        if isinstance(told, _Answer):
            return told.value
        if isinstance(told, _Fault):
            raise told.error
        last = told


def _in_child(pipe: Connection) -> None:
    try:
        told: Any = _Answer(pipe.recv()(pipe.send))
    except (EOFError, ConnectionError):
        # Whoever asked is gone, and nobody else wants to know.
        return
    except Exception as error:  # noqa: BLE001 - the parent decides what it means
        told = _Fault(error)
    pipe.send(told)
