"""Heavy work beside the event loop: a few at a time, and none longer than a request lasts.

Short work runs in a thread. What keeps Python's lock for long runs in a process of its own,
which is ended when its time is up. The questions of one request wait for each other. It refuses to
queue more than can be answered in time.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from service import logs
from service.errors import Unavailable

Asked = ParamSpec("Asked")
Found = TypeVar("Found")

AT_ONCE: Final = 2
WAITING: Final = 8
"""How many computations one process makes at the same time, and how many more may wait."""

_BUSY = "Too many questions to the matcher are under way; ask again in a moment."
_LATE = "This takes longer than a request may last; ask again in a moment, or about fewer people."
_ENDED = "The computation was ended from outside, perhaps for lack of memory; ask again."


class _Turns:
    """The threads that compute, and how many have work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="turns")
        self._lock, self._under_way = Lock(), 0
        # Gone with the last question that waits in it.
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, work: Callable[[], Found]) -> Found:
        async with self._line():
            return await self._begin(work)

    def _line(self) -> asyncio.Lock:
        """Where the questions of one request wait, so that a list of them keeps nobody else out."""
        name = logs.request_id()
        return asyncio.Lock() if name is None else self._lines.setdefault(name, asyncio.Lock())

    async def _begin(self, work: Callable[[], Found]) -> Found:
        with self._lock:
            if self._under_way >= AT_ONCE + WAITING:
                raise Unavailable(_BUSY)
            self._under_way += 1
        future = self._threads.submit(work)
        # Whoever waits no longer takes work back that has not begun; what has begun goes on.
        future.add_done_callback(lambda _: self._end())
        return await asyncio.wrap_future(future)

    def _end(self) -> None:
        with self._lock:
            self._under_way -= 1


_turns = _Turns()


async def in_a_thread(
    work: Callable[Asked, Found], *args: Asked.args, **named: Asked.kwargs
) -> Found:
    """What the work answers, while the event loop goes on. Refuses with Unavailable when busy."""
    return await _turns.take(lambda: work(*args, **named))


async def in_a_process(work: Callable[..., Found], *args: Any, seconds: float) -> Found:
    """The same from a process of its own, which is ended after so many seconds, waiting included.

    Work and arguments are pickled. Refuses with Unavailable when busy, late or ended.
    """
    until = time.monotonic() + seconds
    return await _turns.take(lambda: _apart(work, args, until))


def _apart(work: Callable[..., Found], args: tuple[Any, ...], until: float) -> Found:
    # A fork would take the event loop's sockets and locks along.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, work, args), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(max(0.0, until - time.monotonic())):
            raise Unavailable(_LATE)
        is_fault, found = here.recv()
    except EOFError as error:
        raise Unavailable(_ENDED) from error
    finally:
        here.close()
        process.kill()
        process.join()
        process.close()
    if is_fault:
        raise found
    answer: Found = found
    return answer


def _answer(there: Connection, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        there.send((False, work(*args)))
    except Exception as fault:  # noqa: BLE001 - told to whoever asked, who raises it
        there.send((True, fault))
