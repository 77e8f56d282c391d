"""How long a request is worked for: until its time is up, or until nobody waits any more.

One timer for each piece of work, because most of it ends before anything needs watching. It
cannot stop what keeps the processor; limits come before that.
"""

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

# Most work has ended by then, and is spared the looking.
_MOMENT = 0.25


class Patience:
    """Cancels what runs inside after so many seconds, and raises TimeoutError.

    With the way to hear from a client whose body has been read, it does so as well when the
    client goes away, and raises ClientDisconnect.
    """

    __slots__ = (
        "_has_cancelled", "_has_left", "_receive", "_seconds", "_timer", "_watching", "_work",
    )  # fmt: skip

    def __init__(self, seconds: float, receive: Receive | None = None) -> None:
        self._seconds, self._receive = seconds, receive
        self._watching: asyncio.Task[None] | None = None
        self._has_left = self._has_cancelled = False

    def __enter__(self) -> None:
        self._work = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if self._receive is None:
            self._timer = loop.call_later(self._seconds, self._end)
        else:
            self._timer = loop.call_later(min(_MOMENT, self._seconds), self._watch)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if not self._has_cancelled or self._work is None:
            return
        # Whoever else cancelled the work meanwhile is obeyed.
        if self._work.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientDisconnect if self._has_left else TimeoutError

    def _watch(self) -> None:
        rest = max(0.0, self._seconds - _MOMENT)
        self._timer = asyncio.get_running_loop().call_later(rest, self._end)
        self._watching = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        assert self._receive is not None
        # Only the end can be heard after the body.
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_left = not self._has_cancelled
        self._end()

    def _end(self) -> None:
        if self._work is not None and not self._has_cancelled:
            self._has_cancelled = True
            self._work.cancel()
