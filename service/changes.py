"""What a caller may write: the inputs of operations, checked before any rule runs.

An input says what each field means and which row a reference names; it refuses
unknown fields, texts that PostgreSQL cannot hold, and null where a value must stay.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


@dataclass(frozen=True)
class RefersTo:
    """Marks a UUID as the key of a row of the named noun."""

    noun: str


class Change(BaseModel):
    """The input of one operation; `model_fields_set` tells null from omitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def given(self) -> dict[str, Any]:
        """The fields that the caller named, explicit nulls included."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def _storable(value: str) -> str:
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must not contain NUL or half of a surrogate pair")
    return value


def _country(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isupper():
        raise ValueError("must be an ISO 3166 alpha-3 code such as KEN")
    return value


def _language(value: str) -> str:
    if not (2 <= len(value) <= 3 and value.isascii() and value.islower()):
        raise ValueError("must be an ISO 639 code such as fr")
    return value


def _time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be an IANA time zone such as Africa/Nairobi")
    return value


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_storable)
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_storable),
]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(_storable),
]
Key = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_storable),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=2_000),
    AfterValidator(_storable),
]
PersonId = Annotated[UUID, RefersTo("Person")]
MentorId = Annotated[UUID, RefersTo("Mentor")]
MissionId = Annotated[UUID, RefersTo("Mission")]
PostId = Annotated[UUID, RefersTo("Post")]
Country = Annotated[str, AfterValidator(_country)]
Language = Annotated[str, AfterValidator(_language)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
