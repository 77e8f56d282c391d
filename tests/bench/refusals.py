"""How long the worst requests keep the event loop, as a share of the tenth of a second promised.

A share near 1 means that a limit lets in what it should not. It needs no database.
"""

import gc
import time
from collections.abc import AsyncIterator
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from tests.schema import hostile

_PROMISED = 0.1
_SHOWN = 25


async def run(*_: str) -> None:
    """Sends every hostile request three times and prints the slowest."""
    found = [row async for row in _measured()]
    table = Table("Request", "Share of 0.1 s", title=f"graphql-core {version('graphql-core')}")
    for name, share in sorted(found, key=lambda row: -row[1])[:_SHOWN]:
        table.add_row(name, f"{share:.2f}")
    Console().print(table)


async def _measured() -> AsyncIterator[tuple[str, float]]:
    for name, (_, text) in hostile.DOCUMENTS.items():
        yield name, await _share(text)
    for name, (text, value) in hostile.VALUES.items():
        yield name, await _share(text, value)


async def _share(text: str, value: object = None) -> float:
    """The least of three, so that other processes and a garbage collection do not count."""
    spent = []
    for _ in range(3):
        gc.collect()
        started = time.thread_time()
        await hostile.answered(text, value)
        spent.append(time.thread_time() - started)
    return min(spent) / _PROMISED
