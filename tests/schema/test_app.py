"""The app around the API: whether it lives, whether it is ready, and what it refuses to serve on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from schema.app import create_app
from service import database
from service.access.roles import DUTIES, Role
from service.errors import Conflict, Unavailable
from service.settings import Environment, Settings
from tests.databases import sibling
from tests.schema.served import running

DEAF = "A part of Cadre does not answer right now; try again in a moment."


def settings_for(url: str, **more: object) -> Settings:
    return Settings(database_url=SecretStr(url), **more)  # type: ignore[arg-type]


@asynccontextmanager
async def app_on(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app on this database; other modules may be connected elsewhere."""
    async with database.connected(url), running(create_app(settings_for(url))) as client:
        yield client


async def told(client: httpx.AsyncClient, path: str) -> tuple[int, str]:
    """The status and the words of a probe."""
    answer = await client.get(path)
    return answer.status_code, answer.json()["status"]


async def test_the_app_is_ready_on_a_migrated_database(fresh_url: str) -> None:
    async with app_on(fresh_url) as client:
        assert await told(client, "/healthz") == (200, "alive")
        assert await told(client, "/readyz") == (200, "ready")


async def test_the_app_is_not_ready_while_migrations_are_pending(fresh_url: str) -> None:
    async with app_on(fresh_url) as client, database.session(fresh_url) as session:
        # Under another name it is as if the newest had never run.
        await session.execute(
            "UPDATE tortoise_migrations SET name = name || '?'"
            " WHERE id = (SELECT max(id) FROM tortoise_migrations)"
        )
        assert await told(client, "/readyz") == (
            503,
            "migrations are pending; run cadre migrate",
        )
        assert await told(client, "/healthz") == (200, "alive")
        await session.execute("UPDATE tortoise_migrations SET name = rtrim(name, '?')")
        assert await told(client, "/readyz") == (200, "ready")


async def test_an_app_whose_database_has_gone_says_so_and_stays_alive(
    fresh_url: str, database_url: str
) -> None:
    async with app_on(fresh_url) as client, database.session(database_url) as session:
        name = urlsplit(fresh_url).path.lstrip("/")
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        await session.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
        assert await told(client, "/readyz") == (503, "the database does not answer")
        assert await told(client, "/healthz") == (200, "alive")
        answer = await client.post(
            "/graphql",
            json={"query": "{ viewer { label } }"},
            headers={"Authorization": "Bearer cadre_whatever"},
        )
        assert answer.status_code == 503
        (error,) = answer.json()["errors"]
        assert (error["message"], error["extensions"]["code"]) == (DEAF, "UNAVAILABLE")

        await session.execute(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')
        assert await told(client, "/readyz") == (200, "ready")


async def test_the_app_does_not_start_without_its_database(database_url: str) -> None:
    app = create_app(settings_for(sibling(database_url, "nowhere")))
    with pytest.raises(Unavailable, match='database "nowhere" does not exist'):
        async with app.router.lifespan_context(app):
            raise AssertionError


def test_the_app_asks_for_the_database_s_address() -> None:
    with pytest.raises(Unavailable, match="CADRE_DATABASE_URL is not set"):
        create_app(Settings(database_url=None))


@pytest.mark.parametrize("environment", [Environment.DEMO, Environment.TEST])
async def test_only_the_demonstration_hands_out_its_tokens(
    fresh_url: str, tmp_path: Path, environment: Environment
) -> None:
    settings = settings_for(fresh_url, environment=environment, data_dir=tmp_path)
    settings.demo_tokens.write_text(json.dumps({"AUDITOR": "cadre_demo"}))
    app = create_app(settings)
    async with database.connected(fresh_url), running(app) as client:
        answer = await client.get("/console/config.json")
    label = DUTIES[Role.AUDITOR].label
    offered = [{"role": "AUDITOR", "label": label, "token": "cadre_demo"}]
    is_demo = environment is Environment.DEMO
    assert answer.json()["roles"] == (offered if is_demo else [])


def test_production_does_not_start_beside_the_demonstration_s_tokens(tmp_path: Path) -> None:
    settings = settings_for(
        "postgresql://127.0.0.1/any", environment=Environment.PRODUCTION, data_dir=tmp_path
    )
    settings.demo_tokens.write_text("{}")
    with pytest.raises(Conflict, match="Production refuses the demonstration's tokens"):
        create_app(settings)


async def test_the_demonstration_offers_no_roles_before_it_has_made_tokens(
    fresh_url: str, tmp_path: Path
) -> None:
    settings = settings_for(fresh_url, environment=Environment.DEMO, data_dir=tmp_path)
    async with database.connected(fresh_url), running(create_app(settings)) as client:
        answer = await client.get("/console/config.json")
    assert answer.json()["roles"] == []
