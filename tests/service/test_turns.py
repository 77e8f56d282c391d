"""Heavy work beside the loop: bounded, ended in time, and never in the loop's way."""

import asyncio
import os
import signal
import threading
import time

import pytest

from service import logs, turns
from service.errors import Unavailable


class Odd(Exception):  # noqa: N818 - a fault of this test
    """Raised by work, and told to whoever asked for it."""


def double(number: int) -> int:
    return 2 * number


def fail(word: str) -> None:
    raise Odd(word)


def forever() -> None:
    while True:
        pass


def end_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def process_id() -> int:
    return os.getpid()


async def test_a_thread_answers_and_the_loop_goes_on() -> None:
    begun = threading.Event()
    go_on = threading.Event()

    def wait() -> str:
        begun.set()
        assert go_on.wait(10)
        return threading.current_thread().name

    work = asyncio.ensure_future(turns.in_a_thread(wait))
    await asyncio.to_thread(begun.wait, 10)
    # The loop gets here although the work has not ended.
    assert not work.done()
    go_on.set()
    assert (await work).startswith("turns")
    assert await turns.in_a_thread(double, 4) == 8


async def test_a_fault_of_the_work_reaches_whoever_asked() -> None:
    with pytest.raises(Odd, match="here"):
        await turns.in_a_thread(fail, "here")
    with pytest.raises(Odd, match="there"):
        await turns.in_a_process(fail, "there", seconds=60)


async def test_more_than_can_be_answered_in_time_are_refused_and_later_ones_served() -> None:
    go_on = threading.Event()
    most = turns.AT_ONCE + turns.WAITING
    under_way = [asyncio.ensure_future(turns.in_a_thread(go_on.wait, 10)) for _ in range(most)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="under way"):
        await turns.in_a_thread(double, 1)

    under_way[-1].cancel()
    go_on.set()
    done = await asyncio.gather(*under_way, return_exceptions=True)

    assert isinstance(done[-1], asyncio.CancelledError)
    assert done[:-1] == [True] * (most - 1)
    assert await turns.in_a_thread(double, 1) == 2


async def test_only_a_few_run_at_the_same_time() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1

    await asyncio.gather(*(turns.in_a_thread(work) for _ in range(6)))
    assert most == turns.AT_ONCE


async def test_a_process_of_its_own_answers() -> None:
    assert await turns.in_a_process(double, 21, seconds=60) == 42
    assert await turns.in_a_process(process_id, seconds=60) != os.getpid()


async def test_work_that_is_late_is_ended_with_its_process() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="longer than a request may last"):
        await turns.in_a_process(forever, seconds=0.5)
    assert time.monotonic() - started >= 0.5


async def test_work_that_was_ended_from_outside_says_so() -> None:
    with pytest.raises(Unavailable, match="ended from outside"):
        await turns.in_a_process(end_itself, seconds=60)


async def test_the_questions_of_one_request_wait_for_each_other_and_leave_room_for_others() -> None:
    many = turns.AT_ONCE + turns.WAITING + 5
    go_on = threading.Event()

    def wait(number: int) -> int:
        assert go_on.wait(10)
        return number

    with logs.request("one"):
        asked = [asyncio.ensure_future(turns.in_a_thread(wait, each)) for each in range(many)]
    await asyncio.sleep(0)
    with logs.request("another"):
        # One of the two threads is all that the first request takes.
        assert await asyncio.wait_for(turns.in_a_thread(double, 4), 10) == 8
    go_on.set()
    assert await asyncio.gather(*asked) == list(range(many))


async def test_questions_of_a_request_that_is_given_up_let_the_next_one_begin() -> None:
    go_on = threading.Event()
    with logs.request("given up"):
        asked = [asyncio.ensure_future(turns.in_a_thread(go_on.wait, 10)) for _ in range(3)]
    await asyncio.sleep(0)
    for one in asked[:2]:
        one.cancel()
    go_on.set()
    assert await asyncio.wait_for(asked[2], 10)
