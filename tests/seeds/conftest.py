"""Fresh migrated databases for the seeds, cloned from one template a session."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from urllib.parse import urlsplit

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.migrations.api.migrate import migrate

from service.database import configuration, connected

Fresh = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def database_url() -> str:
    return os.environ["CADRE_TEST_DATABASE_URL"]


def _named(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(database_url: str) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"seeds_template_{os.getpid()}"
    await _run(database_url, f"CREATE DATABASE {name}")
    try:
        await migrate(config=configuration(_named(database_url, name)))
        await Tortoise.close_connections()
        yield name
    finally:
        await _run(database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def fresh(database_url: str, template: str) -> Fresh:
    """Makes, opens and at last drops one migrated database after another."""
    numbers = count(1)

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        name = f"{template}_{next(numbers)}"
        await _run(database_url, f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            async with connected(_named(database_url, name), pool_size=2):
                yield
        finally:
            await _run(database_url, f"DROP DATABASE {name} WITH (FORCE)")

    return opened
