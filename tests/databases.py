"""Databases for tests: migrated once into a template, cloned in a moment, emptied in another.

It needs the owner of a throw-away server, and must never see any other.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from tortoise import Tortoise, connections
from tortoise.migrations.api.migrate import migrate

from service.database import APP, configuration, credentials

TEMPLATE = "cadre_template"


def sibling(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def cloned(url: str, name: str) -> str:
    """The URL of a new migrated database of this name on the server behind `url`."""
    connection = await asyncpg.connect(**credentials(url))
    try:
        made = "SELECT 1 FROM pg_database WHERE datname = $1"
        if not await connection.fetchval(made, TEMPLATE):
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
            await migrate(config=configuration(sibling(url, TEMPLATE)))
            await Tortoise.close_connections()
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    finally:
        await connection.close()
    return sibling(url, name)


async def empty() -> None:
    """Deletes every row of the connected database, append-only tables included.

    Small tables empty faster row by row than by TRUNCATE, which rewrites files.
    """
    deletions = "; ".join(f'DELETE FROM "{name}"' for name in tables())
    await connections.get("default").execute_script(
        f"BEGIN; SET LOCAL session_replication_role = replica; {deletions}; COMMIT"
    )


def tables() -> Iterable[str]:
    """The names of all tables, link tables included."""
    found = set()
    for model in Tortoise.apps[APP].values():
        found.add(model._meta.db_table)
        for name in model._meta.m2m_fields:
            found.add(model._meta.fields_map[name].through)
    return sorted(found)
