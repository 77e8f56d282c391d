"""What the tests of the rules share: one migrated database, empty before each test."""

from collections.abc import AsyncIterator

import pytest

from service.access.actors import Actor
from service.access.roles import Role
from service.database import connected
from tests import databases, factories


@pytest.fixture(scope="session")
async def connection(database_url: str) -> AsyncIterator[None]:
    """The models, bound to a migrated database of the session's own."""
    async with connected(await databases.cloned(database_url, "cadre_service")):
        yield


@pytest.fixture
async def database(connection: None) -> None:
    """The models on an empty database, but for the Member States that tests name."""
    await databases.empty()
    await factories.make_states()


@pytest.fixture
def hr() -> Actor:
    """Somebody of the leadership unit, for all missions."""
    return factories.an_actor(Role.HR_OFFICER)
