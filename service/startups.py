"""What stands before any work: a database that answers, and a place that is safe to work in.

It refuses to let production start on what belongs to the demonstration.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from service import database, embedded, models
from service.errors import Conflict, Invalid
from service.settings import Environment, Settings


def refuse_unsafe(settings: Settings) -> None:
    """Refuses settings under which production would run on the demonstration's means."""
    if settings.environment is not Environment.PRODUCTION:
        return
    if settings.database_url is None:
        raise Invalid(
            "Production needs a PostgreSQL server of its own: name it in CADRE_DATABASE_URL.",
            path=("database_url",),
        )
    if settings.demo_tokens.exists():
        raise Conflict(
            f"Production refuses the demonstration's tokens: remove {settings.demo_tokens}."
        )


async def refuse_demonstration(settings: Settings) -> None:
    """Refuses, in production, a connected database in which invented people stand.

    Raises Unavailable for one without its tables, which cannot be looked through.
    """
    if settings.environment is not Environment.PRODUCTION:
        return
    await database.require_current()
    if await models.Person.exists(is_invented=True):
        raise Conflict(
            "The demonstration world stands in this database, and production refuses it:"
            " name another database in CADRE_DATABASE_URL."
        )


@asynccontextmanager
async def located(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database to use: the settings' own, or the embedded server's while it runs.

    Refuses unsafe settings.
    """
    refuse_unsafe(settings)
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    async with embedded.running(settings.data_dir) as url:
        yield url


@asynccontextmanager
async def ready(settings: Settings) -> AsyncIterator[str]:
    """The models connected to a migrated database that is safe to use here; its URL.

    Raises Unavailable where it does not answer or lacks migrations.
    """
    async with located(settings) as url, database.connected(url, pool_size=settings.pool_size):
        await database.require_current()
        await refuse_demonstration(settings)
        yield url


@asynccontextmanager
async def checked(settings: Settings) -> AsyncIterator[str]:
    """The URL of that database, looked at and left, for a server that connects by itself."""
    async with located(settings) as url:
        async with ready(settings.model_copy(update={"database_url": SecretStr(url)})):
            pass
        yield url
