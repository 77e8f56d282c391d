"""What every room's tests share: one throw-away database server per session."""

from collections.abc import AsyncIterator

import pytest

from service.embedded import running


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of an empty database, as the owner of its server: make further ones at will."""
    async with running(tmp_path_factory.mktemp("cluster"), durable=False) as url:
        yield url
