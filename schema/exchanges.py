"""A request and its answer handed over whole, between an app and a server that both know how.

It spares what ASGI's messages cost. It refuses whatever is not whole: a body that still
arrives, an answer that must wait for its reader; these go the ordinary way.
"""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, Protocol, cast

from starlette.types import Scope

_KEY = "cadre.exchange"


class Exchange(Protocol):
    """One request on a connection."""

    def body(self) -> bytes | None:
        """The whole body, once; None where some of it is still to come."""

    def answer(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], body: Sequence[bytes]
    ) -> bool:
        """Writes the answer at once; False, and nothing written, where it cannot be.

        Names and values of headers are taken as they are, and the length must be among them.
        """


def offer(scope: object, exchange: Exchange) -> None:
    """Lets the app of this scope find the exchange; servers have a type of their own for it."""
    cast("MutableMapping[str, Any]", scope)["extensions"] = {_KEY: exchange}


def exchange_of(scope: Scope) -> Exchange | None:
    """Takes what the server offered, once; None from a server that does not know how.

    Left there, it would be one of a circle of things that only the search for garbage frees.
    """
    found: Exchange | None = scope.get("extensions", {}).pop(_KEY, None)
    return found
