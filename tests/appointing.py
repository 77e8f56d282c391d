"""Appointments to test with: one that can be recorded as it stands, and how it ends."""

from datetime import date
from typing import Any

from service import models
from service.appointments import AppointmentEnd, NewAppointment
from service.models.vocabulary import CauseOfEnd
from tests import factories

START = date(2023, 1, 15)


async def a_change(**changes: Any) -> NewAppointment:
    values: dict[str, Any] = {"started_on": START} | changes
    if "person_id" not in values:
        values["person_id"] = (await factories.make_person()).id
    if "post_id" not in values:
        values["post_id"] = (await factories.make_post()).id
    return NewAppointment(**values)


def an_end(row: models.Appointment, **changes: Any) -> AppointmentEnd:
    values = {
        "id": row.id,
        "version": row.version,
        "ended_on": date(2024, 3, 31),
        "cause": CauseOfEnd.TERM_END,
    }
    return AppointmentEnd(**values | changes)


def columns(row: models.Appointment, *names: str) -> list[Any]:
    return [getattr(row, name) for name in names]
