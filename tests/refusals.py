"""What a refusal must be: the right code at the right field, and a database as it was."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tortoise import connections

from service.errors import Refusal
from tests.databases import tables


async def everything() -> dict[str, str]:
    """The content of every table, for telling whether anything changed."""
    parts = (
        f"SELECT '{name}' AS name, (SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t))::text"
        f' FROM "{name}" t) AS content'
        for name in tables()
    )
    _, rows = await connections.get("default").execute_query(" UNION ALL ".join(parts))
    return {row["name"]: row["content"] for row in rows}


@asynccontextmanager
async def refused(
    code: str, *path: str, saying: str | None = None, details: Mapping[str, Any] | None = None
) -> AsyncIterator[None]:
    """The block is refused with this code at this path, and changes nothing at all."""
    before = await everything()
    with pytest.raises(Refusal, match=saying) as caught:
        yield
    assert (caught.value.code, caught.value.path) == (code, path)
    assert details is None or caught.value.details == details
    assert await everything() == before
