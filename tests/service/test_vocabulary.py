"""The next steps that screens are told, against what the database lets through."""

from collections.abc import AsyncIterator
from itertools import permutations
from urllib.parse import urlsplit

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate

from service.database import configuration
from service.models.steps import NEXT_STEPS
from service.models.vocabulary import AppointmentState


@pytest.fixture
async def stepping(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A migrated database with a table of one state, held by the appointments' own trigger."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE DATABASE vocabulary_test")
    url = urlsplit(database_url)._replace(path="/vocabulary_test").geturl()
    await migrate(config=configuration(url))
    await Tortoise.close_connections()
    connection = await asyncpg.connect(url)
    await connection.execute(
        "CREATE TEMP TABLE step (state text);"
        " CREATE TRIGGER step BEFORE UPDATE OF state ON step"
        " FOR EACH ROW EXECUTE FUNCTION appointment_transition()"
    )
    yield connection
    await connection.close()
    await owner.execute("DROP DATABASE vocabulary_test WITH (FORCE)")
    await owner.close()


async def test_the_database_lets_an_appointment_take_the_next_steps_and_no_others(
    stepping: asyncpg.Connection,
) -> None:
    taken: set[tuple[str, str]] = set()
    for before, after in permutations(AppointmentState, 2):
        await stepping.execute("TRUNCATE step")
        await stepping.execute("INSERT INTO step VALUES ($1)", before.value)
        try:
            await stepping.execute("UPDATE step SET state = $1", after.value)
        except asyncpg.CheckViolationError:
            continue
        taken.add((before, after))
    steps = NEXT_STEPS[AppointmentState]
    assert taken == {(before, after) for before, follow in steps.items() for after in follow}
