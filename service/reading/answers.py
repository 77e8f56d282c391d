"""Running a compiled selection: one statement on the current connection, JSON back.

Inside a transaction it sees what the transaction wrote. It refuses nothing itself;
the refusals come from compiling.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import orjson
from tortoise import connections

from service.access.actors import Actor
from service.access.conditions import Condition
from service.engines import Client
from service.models import Row
from service.reading.selections import Selection
from service.reading.slots import Filling
from service.reading.statements import Statement, compile_exists, compile_selections

R = TypeVar("R", bound=Row)


async def columns(statement: Statement, filling: Filling) -> Sequence[Any]:
    """The columns that a compiled statement answers in one request.

    Raises ValueError or ArithmeticError, before anything is asked, where a value does not fit
    its column.
    """
    values, client = statement.filled(filling), connections.get("default")
    row: Sequence[Any]
    if isinstance(client, Client):
        row = await client.readers.ask(statement.sql, values)
    else:
        # A transaction has one connection, and reads what it wrote.
        async with client.acquire_connection() as connection:
            row = await connection.fetchrow(statement.sql, *values)
    return row


async def text(selection: Selection, *, by: Actor) -> bytes | None:
    """The answer as JSON, in the shape that was selected.

    None where a row is absent or hidden: both look alike.
    """
    found: bytes | None
    (found,) = await columns(compile_selections([selection], by), Filling(by))
    return found


async def read(selection: Selection, *, by: Actor) -> Any:
    """The same, parsed."""
    found = await text(selection, by=by)
    return None if found is None else orjson.loads(found)


async def exists(model: type[Row], row_id: UUID, condition: Condition, *, by: Actor) -> bool:
    """Whether that row satisfies the condition."""
    statement = compile_exists(model, row_id, condition, by)
    (found,) = await columns(statement, Filling(by))
    return bool(found)


async def locked(statement: Statement, model: type[R], row_id: UUID, *, by: Actor) -> R | None:
    """The row that a compiled lock holds until the transaction ends; None where it holds none."""
    row: Any = await columns(statement, Filling(by, (row_id,)))
    return None if row is None else model._init_from_db(**row)
