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
    row: Sequence[Any] = await _asked(statement, filling)
    return row


async def written(statement: Statement, filling: Filling) -> Sequence[Any] | None:
    """The columns that a writing statement answers of its row; None where it wrote none.

    It is put to the database once, whatever becomes of it: its work is done when this returns.
    """
    row: Sequence[Any] | None = await _asked(statement, filling, is_writing=True)
    return row


async def _asked(statement: Statement, filling: Filling, *, is_writing: bool = False) -> Any:
    values, client = statement.filled(filling), connections.get("default")
    if isinstance(client, Client):
        ask = client.readers.tell if is_writing else client.readers.ask
        return await ask(statement.sql, values)
    # A transaction has one connection, and reads what it wrote.
    async with client.acquire_connection() as connection:
        return await connection.fetchrow(statement.sql, *values)


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


async def row(statement: Statement, model: type[R], row_id: UUID, *, by: Actor) -> R | None:
    """The whole row that `compile_row`'s statement finds; None where it finds none."""
    found: Any = await columns(statement, Filling(by, (row_id,)))
    return None if found is None else model._init_from_db(**found)
