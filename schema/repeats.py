"""Requests that come again in the very same bytes, and what was worked out of them before.

Front ends ask for the same first page all day. Short queries are kept, and few of them; of a
mutation nothing is kept, and nothing of anybody's answer.
"""

from typing import Generic, TypeVar

from cachetools import LRUCache

from schema.limits import Limits
from schema.variables import Form

Request = TypeVar("Request")

_LONGEST = 2_048
_KEPT = 500
_NOTICED = 5_000


class Worked:
    """What follows from a request's bytes, for one operation: its cost and its variables' form.

    It holds the operation's number and not the operation, which may be forgotten meanwhile.
    """

    __slots__ = ("_cost", "_form", "_limits", "_operation")

    def __init__(self) -> None:
        self._operation = 0
        self._limits: Limits | None = None
        self._cost = 0
        self._form: Form | None = None

    def cost(self, operation: int, limits: Limits) -> int | None:
        """What the operation may cost within these limits, where it was found before."""
        is_known = self._operation == operation and self._limits is limits
        return self._cost if is_known else None

    def form(self, operation: int) -> Form | None:
        """The form of its variables, where it was found before."""
        return self._form if self._operation == operation else None

    def learn_cost(self, operation: int, limits: Limits, cost: int) -> None:
        """Keeps what the operation may cost, and forgets what was known of another."""
        if self._operation != operation:
            self._operation, self._form = operation, None
        self._limits, self._cost = limits, cost

    def learn_form(self, operation: int, form: Form) -> None:
        """Keeps the form of the variables of the operation whose cost is known."""
        if self._operation == operation:
            self._form = form


class Repeats(Generic[Request]):
    """The requests of late that came more than once, by their bodies."""

    def __init__(self) -> None:
        self._kept: LRUCache[bytes, Request] = LRUCache(_KEPT)
        # Most bodies come once; those make no place for themselves.
        self._noticed: set[int] = set()

    def find(self, body: bytes) -> Request | None:
        """The request that these bytes were before."""
        return self._kept.get(body) if len(body) <= _LONGEST else None

    def keep(self, body: bytes, request: Request) -> None:
        """Keeps the request from the second time on that it comes."""
        if len(body) > _LONGEST:
            return
        mark = hash(body)
        if mark in self._noticed:
            self._kept[body] = request
            return
        if len(self._noticed) >= _NOTICED:
            self._noticed.clear()
        self._noticed.add(mark)
