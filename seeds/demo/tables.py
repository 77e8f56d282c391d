"""Fast ways into the tables: COPY, with the row-by-row triggers asleep meanwhile.

Constraints stay awake. Whoever sleeps the triggers writes what they would have derived.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from asyncpg import Connection

_DERIVING = ("person", "experience")


class Tables:
    """Writes rows that were all born at one moment."""

    def __init__(self, connection: "Connection[Any]", born_at: datetime) -> None:
        self._connection = connection
        self._born_at = born_at

    async def copy(
        self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Append the rows; the columns lack only the moment of birth."""
        born = self._born_at
        await self._connection.copy_records_to_table(
            table, columns=["created_at", *columns], records=((born, *row) for row in rows)
        )

    @asynccontextmanager
    async def without_derivation(self) -> AsyncIterator[None]:
        """Seniority and regional groups are taken as written until the end."""
        for table in _DERIVING:
            await self._connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in _DERIVING:
            await self._connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
