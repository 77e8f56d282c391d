"""Running a compiled selection: one statement on the current connection, JSON back.

Inside a transaction it sees what the transaction wrote. It refuses nothing itself;
the refusals come from compiling.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from tortoise import connections

from service.access.actors import Actor
from service.access.conditions import Condition
from service.models import Row
from service.reading.selections import PageOf, RowOf, RowsOf
from service.reading.statements import (
    Statement,
    compile_exists,
    compile_page,
    compile_row,
    compile_rows,
)


async def text(selection: PageOf | RowOf, *, by: Actor) -> str | None:
    """The answer as JSON text, in the shape that was selected.

    None where a row is absent or hidden: both look alike.
    """
    if isinstance(selection, PageOf):
        statement = compile_page(selection, by)
    else:
        statement = compile_row(selection, by)
    found: str | None = await _scalar(statement)
    return found


async def read(selection: PageOf | RowOf, *, by: Actor) -> dict[str, Any] | None:
    """The same, parsed."""
    found = await text(selection, by=by)
    return None if found is None else orjson.loads(found)


async def rows(
    selections: Sequence[RowsOf], *, by: Actor
) -> dict[type[Row], dict[UUID, dict[str, Any]]]:
    """The visible ones of these rows, by table and id, in one statement."""
    found = orjson.loads(await _scalar(compile_rows(selections, by)))
    return {
        selection.model: {UUID(key): row for key, row in rows.items()}
        for selection, rows in zip(selections, found, strict=True)
    }


async def exists(model: type[Row], row_id: UUID, condition: Condition, *, by: Actor) -> bool:
    """Whether that row satisfies the condition."""
    return bool(await _scalar(compile_exists(model, row_id, condition, by)))


async def _scalar(statement: Statement) -> Any:
    _, rows = await connections.get("default").execute_query(statement.sql, list(statement.values))
    return rows[0][0]
