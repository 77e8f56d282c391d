"""Rows of the compact world by name, written past the operations, and the days they speak of."""

from datetime import UTC, date, datetime
from typing import Any

from service import models
from tests.schema.callers import key

DAY = date(2024, 1, 1)
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
LATER = date(2999, 1, 1)
HASH = "ab" * 32


async def add(model: type[models.Row], rows: dict[str, dict[str, Any]]) -> None:
    made = [model(id=key(name), **values) for name, values in rows.items()]
    await model.bulk_create(made)
