"""How values look on the wire: dates, instants and JSON, the same by every path.

They refuse instants without a zone and dates that are none.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Json:
    """Marks a field that holds any JSON value."""


def _date(value: Any) -> date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise GraphQLError("A Date is written as 2026-01-31.")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError("There is no such day; a Date is written as 2026-01-31.") from error


def _instant(value: Any) -> datetime:
    message = "A DateTime is written with its zone, as 2026-01-31T12:00:00Z."
    if not isinstance(value, str):
        raise GraphQLError(message)
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(message) from error
    if instant.tzinfo is None:
        raise GraphQLError(message)
    return instant.astimezone(UTC)


def _no_input(_: Any) -> Any:
    raise GraphQLError("JSON is for reading only.")


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
