"""What every room's tests share: one throw-away database server per session."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from service import database
from service.embedded import running


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of an empty database, as the owner of its server: make further ones at will."""
    async with running(tmp_path_factory.mktemp("cluster"), durable=False) as url:
        yield url


@pytest.fixture(scope="session")
async def template(database_url: str) -> str:
    """The name of a database with every table and no rows, to copy from."""
    name = "template_of_tests"
    async with database.session(database_url) as session:
        await session.execute(f"CREATE DATABASE {name}")
    await database.migrate(beside(database_url, name))
    return name


@pytest.fixture
async def fresh_url(database_url: str, template: str) -> AsyncIterator[str]:
    """The URL of a migrated database of this test's own."""
    name = f"test_{uuid4().hex}"
    async with database.session(database_url) as session:
        await session.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield beside(database_url, name)
    async with database.session(database_url) as session:
        await session.execute(f"DROP DATABASE {name} WITH (FORCE)")


def beside(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
