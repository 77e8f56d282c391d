"""How values look on the wire: dates, instants and JSON, the same by every path.

They refuse instants without a zone and dates that are none.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import strawberry
from strawberry.types.scalar import ScalarDefinition

from schema.limits import BadInput

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Json:
    """Marks a field that holds any JSON value."""


def _date(value: Any) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise BadInput("A Date is written as 2026-01-31.")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadInput("There is no such day; a Date is written as 2026-01-31.") from error


def _instant(value: Any) -> datetime:
    message = "A DateTime is written with its zone, as 2026-01-31T12:00:00Z."
    if not isinstance(value, str):
        raise BadInput(message)
    try:
        instant = datetime.fromisoformat(value)
        utc = instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(message) from error
    if instant.tzinfo is None:
        raise BadInput(message)
    return utc


def _no_input(_: Any) -> Any:
    raise BadInput("JSON is for reading only.")


SCALARS: Mapping[object, ScalarDefinition] = {
    date: strawberry.scalar(
        name="Date",
        description="A day of the Gregorian calendar, as 2026-01-31.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date",
        serialize=str,
        parse_value=_date,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in UTC to the microsecond, as 2026-01-31T12:00:00.000000Z.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=str,
        parse_value=_instant,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value; its keys are described where it is used.",
        parse_value=_no_input,
    ),
}
