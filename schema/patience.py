"""How long a request is worked for: until its time is up, or until nobody waits any more.

One timer looks after all work of an event loop, because most of it ends before anything needs
watching. It cannot stop what keeps the processor; limits come before that.
"""

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive

# Most work has ended by then, and is spared the looking for its client.
_MOMENT = 0.25
# How exactly time is kept, in seconds.
_TICK = 0.05


class Patience:
    """Cancels what runs inside after so many seconds, and raises TimeoutError.

    With the way to hear from a client whose body has been read, it does so as well when the
    client goes away, and raises ClientDisconnect.
    """

    __slots__ = (
        "_end_at", "_has_cancelled", "_has_left", "_receive", "_round", "_seconds", "_watch_at",
        "_watching", "_work",
    )  # fmt: skip

    def __init__(self, seconds: float, receive: Receive | None = None) -> None:
        self._seconds, self._receive = seconds, receive
        self._watching: asyncio.Task[None] | None = None
        self._has_left = self._has_cancelled = False

    def __enter__(self) -> None:
        self._work = asyncio.current_task()
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._end_at, self._watch_at = now + self._seconds, now + _MOMENT
        self._round = _Round.of(loop)
        self._round.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._round.at_work.pop(self, None)
        if self._watching is not None:
            self._watching.cancel()
        if not self._has_cancelled or self._work is None:
            return
        # Whoever else cancelled the work meanwhile is obeyed.
        if self._work.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientDisconnect if self._has_left else TimeoutError

    def look(self, now: float) -> None:
        """Ends the work if its time is up, and begins to listen for its client in time."""
        if now >= self._end_at:
            self._end()
        elif self._receive is not None and self._watching is None and now >= self._watch_at:
            self._watching = asyncio.ensure_future(self._listen(self._receive))

    async def _listen(self, receive: Receive) -> None:
        # Only the end can be heard after the body.
        while (await receive())["type"] != "http.disconnect":
            pass
        self._has_left = not self._has_cancelled
        self._end()

    def _end(self) -> None:
        if self._work is not None and not self._has_cancelled:
            self._has_cancelled = True
            self._work.cancel()


class _Round:
    """Looks at all work of one event loop again and again, for as long as there is any."""

    current: "_Round"

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.loop = loop
        self._is_due = False
        self.at_work: dict[Patience, None] = {}

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> "_Round":
        """That of this loop; a process has one at a time."""
        if cls.current.loop is not loop:
            cls.current = cls(loop)
        return cls.current

    def add(self, patience: Patience) -> None:
        """Looks after this work too."""
        self.at_work[patience] = None
        if not self._is_due:
            self._go_on()

    def _go_on(self) -> None:
        assert self.loop is not None
        self._is_due = True
        self.loop.call_later(_TICK, self._look)

    def _look(self) -> None:
        assert self.loop is not None
        self._is_due = False
        now = self.loop.time()
        for patience in list(self.at_work):
            patience.look(now)
        if self.at_work:
            self._go_on()


_Round.current = _Round(None)
