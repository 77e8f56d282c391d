"""Fresh migrated databases for the seeds, one after another."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import pytest

from service.database import connected, session
from tests import databases

Fresh = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def fresh(database_url: str) -> Fresh:
    """Makes, opens and at last drops one migrated database after another."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[None]:
        name = f"seeds_{uuid4().hex}"
        try:
            async with connected(await databases.cloned(database_url, name), pool_size=2):
                yield
        finally:
            async with session(database_url) as owner:
                await owner.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    return opened
