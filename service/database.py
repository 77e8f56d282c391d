"""The one place that opens database connections and runs migrations.

Every session speaks UTC. It refuses to start on a database that does not answer.
"""

import contextvars
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.migrations.executor import MigrationExecutor

from service import engines
from service.errors import Invalid, Unavailable, gist

# A network that fails, a database that is gone, and one that has no room left.
BROKEN_OFF = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
)
APP = "models"
MODULES = ["service.models"]
MIGRATIONS = "service.migrations"
PATIENCE = 15.0
# A request is answered within so many seconds, also where the database is silent: its work is
# ended early enough for a last cancellation and for the answer.
ANSWER_SECONDS = 5.0
WORK_SECONDS = ANSWER_SECONDS - 2 * engines.LETTING_GO
# The database's own end of a statement comes last, for one that nobody could cancel.
_STATEMENT_SECONDS = ANSWER_SECONDS + 1
SCHEMES = ("postgresql", "postgres")
OPTIONS = ("host", "port", "sslmode")
# In milliseconds and seconds: the server ends what a vanished client asked for, and notices
# a client whose machine has gone.
_SESSION = {
    "timezone": "UTC",
    "application_name": "cadre",
    "client_connection_check_interval": "1000",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# A whole file with all its lists is 8 kB of SQL, and several may stand in one document; the
# driver's own bound is 15 kB. For each the database keeps a plan of some ninety times its
# length on each connection, so a higher bound would be a way to fill its memory.
_STATEMENTS = {"statement_cache_size": 100, "max_cacheable_statement_size": 50_000}


def credentials(url: str) -> dict[str, Any]:
    """The driver's arguments for a PostgreSQL URL; `?host=` names a socket folder.

    Refuses what is no such URL and options it does not know, and never repeats the URL, which
    may hold a password.
    """
    try:
        parts = urlsplit(url)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        port = parts.port or int(options.get("port", 5432))
    except ValueError:
        raise _no_url() from None
    if parts.scheme not in SCHEMES:
        raise _no_url()
    for option in options:
        if option not in OPTIONS:
            raise Invalid(
                f"CADRE_DATABASE_URL has the option {option}; it may have {', '.join(OPTIONS)}.",
                path=("database_url",),
            )
    return {
        "host": options.get("host") or parts.hostname,
        "port": port,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.lstrip("/")) or "cadre",
        **({"ssl": options["sslmode"]} if "sslmode" in options else {}),
    }


def _no_url() -> Invalid:
    example = "postgresql://user:password@host:5432/cadre"
    return Invalid(
        f"CADRE_DATABASE_URL is no PostgreSQL URL; write one such as {example}, and what is"
        " special in the password as %XX.",
        path=("database_url",),
    )


def configuration(url: str, *, pool_size: int = 10, is_bounded: bool = False) -> dict[str, Any]:
    """The Tortoise configuration for this database; see `connected`."""
    return {
        "connections": {
            "default": {
                "engine": engines.__name__,
                "credentials": {
                    **credentials(url),
                    **_STATEMENTS,
                    "minsize": 1,
                    "maxsize": pool_size,
                    "reset": engines.unchanged,
                    "timeout": ANSWER_SECONDS / 2 if is_bounded else PATIENCE,
                    "server_settings": _SESSION | (_bounds() if is_bounded else {}),
                },
            }
        },
        "apps": {
            APP: {"models": MODULES, "migrations": MIGRATIONS, "default_connection": "default"}
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _bounds() -> dict[str, str]:
    milliseconds = str(round(_STATEMENT_SECONDS * 1000))
    return {
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
    }


@functools.cache
def relate() -> None:
    """Makes the relations between the tables known, without a database.

    In a copied context, because Tortoise would leave its own behind in this one.
    """
    contextvars.copy_context().run(Tortoise.init_models, MODULES, APP)


@asynccontextmanager
async def connected(
    url: str, *, pool_size: int = 10, is_bounded: bool = False
) -> AsyncIterator[None]:
    """The models bound to this database, for every task of the process, until the end.

    `is_bounded` is for a server's requests: the database itself ends a statement, or an idle
    transaction, that outlives them. A worker's or an operator's work takes as long as it takes.
    Raises Unavailable where the database does not answer.
    """
    async with session(url):
        pass
    # A context of its own, so that one inside another leaves the outer one as it was; the
    # outermost serves tasks that were not born inside it, such as a server's requests.
    is_outermost = get_current_context() is None
    async with TortoiseContext() as context:
        await context.init(
            config=configuration(url, pool_size=pool_size, is_bounded=is_bounded),
            _enable_global_fallback=is_outermost,
        )
        yield


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection of its own, outside the models' pool; Unavailable where there is none."""
    try:
        connection = await asyncpg.connect(
            **credentials(url),
            timeout=PATIENCE,
            server_settings=_SESSION,
            connection_class=engines.Connection,
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise Unavailable(_unreachable(url, error)) from error
    try:
        yield connection
    finally:
        await connection.close()


async def migrate(url: str, *, progress: Callable[[str], object] = lambda _: None) -> list[str]:
    """Brings the tables up to date and returns the migrations it ran, oldest first.

    Two that start at once queue up; the second finds nothing to do. Not for use
    inside `connected`.
    """
    ran: list[str] = []

    def told(event: str, _app: str, name: str) -> None:
        if event == "apply_start":
            progress(name)
            ran.append(name)

    async with turn(url, "migrate"), connected(url, pool_size=2):
        await _executor().migrate(progress=told)
    return ran


@asynccontextmanager
async def turn(url: str, work: str) -> AsyncIterator[None]:
    """Waits until nobody else does this work on this database; others wait until the end."""
    async with session(url) as held:
        await held.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", work)
        yield


async def version(url: str) -> str:
    """What the server there calls itself. Raises Unavailable where none answers."""
    async with session(url) as asked:
        return f"PostgreSQL {await asked.fetchval('SHOW server_version')}"


async def pending() -> list[str]:
    """The migrations that the connected database still lacks, oldest first.

    Raises the driver's error where the database does not answer.
    """
    # The plan takes whatever goes wrong for a database in which no migration ever ran.
    await get_connection("default").execute_query("SELECT 1")
    return [step.migration.name for step in await _executor().plan()]


async def require_current() -> None:
    """Raises Unavailable where the connected database lacks migrations."""
    if await pending():
        raise Unavailable("Migrations are pending; run cadre migrate first.")


def _executor() -> MigrationExecutor:
    return MigrationExecutor(get_connection("default"), MIGRATING["apps"])


def _unreachable(url: str, error: Exception) -> str:
    place = credentials(url)
    where = f"{place['host'] or 'this machine'}:{place['port']}, database {place['database']}"
    return f"The database does not answer at {where}: {gist(error)}. Check CADRE_DATABASE_URL."


# What `tortoise makemigrations` reads; it only compares models and never connects.
MIGRATING = configuration("postgresql://postgres@localhost/cadre")
