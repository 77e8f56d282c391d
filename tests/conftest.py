"""What every room's tests share: one throw-away database server per session."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from service import database
from service.embedded import running
from tests import databases
from tests.operators import Operator

pytest_plugins = ["tests.schema.served", "tests.schema.live"]


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of an empty database, as the owner of its server: make further ones at will."""
    async with running(tmp_path_factory.mktemp("cluster"), durable=False) as url:
        yield url


@pytest.fixture
async def fresh_url(database_url: str) -> AsyncIterator[str]:
    """The URL of a migrated database of this test's own, for whoever connects by themselves."""
    name = f"test_{uuid4().hex}"
    yield await databases.cloned(database_url, name)
    async with database.session(database_url) as session:
        await session.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def operator(fresh_url: str, tmp_path: Path) -> Operator:
    """Somebody who runs `cadre` on a database of this test's own."""
    return Operator(fresh_url, tmp_path)
