"""The one place that opens database connections and runs migrations.

Every session speaks UTC. It refuses to start on a database that does not answer.
"""

import contextvars
import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tortoise import Tortoise

APP = "models"
MODULES = ["service.models"]
MIGRATIONS = "service.migrations"


def credentials(url: str) -> dict[str, Any]:
    """The driver's arguments for a PostgreSQL URL; `?host=` names a socket folder."""
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "host": options.pop("host", None) or parts.hostname,
        "port": parts.port or int(options.pop("port", 5432)),
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.lstrip("/")) or "cadre",
        **options,
    }


def configuration(url: str, *, pool_size: int = 10) -> dict[str, Any]:
    """The Tortoise configuration for this database."""
    return {
        "connections": {
            "default": {
                "engine": "tortoise.backends.asyncpg",
                "credentials": {
                    **credentials(url),
                    "minsize": 1,
                    "maxsize": pool_size,
                    "server_settings": {"timezone": "UTC", "application_name": "cadre"},
                },
            }
        },
        "apps": {
            APP: {"models": MODULES, "migrations": MIGRATIONS, "default_connection": "default"}
        },
        "use_tz": True,
        "timezone": "UTC",
    }


@functools.cache
def relate() -> None:
    """Makes the relations between the tables known, without a database.

    In a copied context, because Tortoise would leave its own behind in this one.
    """
    contextvars.copy_context().run(Tortoise.init_models, MODULES, APP)


@asynccontextmanager
async def connected(url: str, *, pool_size: int = 10) -> AsyncIterator[None]:
    """The models bound to this database, for every task of the process, until the end."""
    await Tortoise.init(
        config=configuration(url, pool_size=pool_size), _enable_global_fallback=True
    )
    try:
        yield
    finally:
        await Tortoise.close_connections()


# What `tortoise makemigrations` reads; it only compares models and never connects.
MIGRATING = configuration("postgresql://postgres@localhost/cadre")
