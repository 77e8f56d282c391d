"""The ASGI app: the outermost room, where settings, database, schema and pages meet.

`uvicorn --factory schema.app:create_app`. It refuses to serve before the database answers.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from schema import allowances, console_pages, metrics_pages
from schema.endpoint import create_endpoint
from schema.engine import Engine
from schema.live import create_live
from schema.root import assembled, create_schema
from service import database, startups
from service.access.roles import DUTIES, Role
from service.errors import Unavailable
from service.settings import Environment, Settings

_GRAPHQL = "/graphql"


class App(Starlette):
    """The app, whose endpoint is found without asking every route on the way.

    It answers for its own faults, so it has no need of what stands around the routes.
    """

    endpoint: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection or request; for the endpoint past the middleware."""
        if scope["type"] == "http" and scope["path"] == _GRAPHQL:
            await self.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> App:
    """The app on the database that the settings name."""
    settings = settings or Settings()
    startups.refuse_unsafe(settings)
    if settings.database_url is None:
        raise Unavailable("CADRE_DATABASE_URL is not set; `cadre serve` starts a database itself.")
    url = settings.database_url.get_secret_value()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with (
            database.connected(url, pool_size=settings.pool_size, is_bounded=True),
            live.notices.heard(),
        ):
            await startups.refuse_demonstration(settings)
            yield

    limits = allowances.by_role(settings.limits)
    is_open = settings.environment is not Environment.PRODUCTION
    engine = Engine(
        create_schema(), limits=limits, is_open=is_open, is_safelisted=settings.safelist
    )
    live = create_live(engine, assembled(), url)
    endpoint = create_endpoint(engine, live.streams, work_seconds=database.WORK_SECONDS)
    app = App(
        routes=[
            Route("/healthz", _alive),
            Route("/readyz", _ready),
            # Where a proxy has put a prefix before the path.
            Route(_GRAPHQL, endpoint),
            WebSocketRoute(_GRAPHQL, live.sockets),
            metrics_pages.route(engine),
            *console_pages.routes(settings, lambda: _demo_roles(settings)),
        ],
        lifespan=lifespan,
    )
    app.endpoint = endpoint
    app.state.is_leaving = False
    # For whoever stops the server: what never ends by itself has to be told.
    app.state.live = live
    return app


async def _alive(_: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def _ready(request: Request) -> JSONResponse:
    if request.app.state.is_leaving:
        return JSONResponse({"status": "draining"}, status_code=503)
    try:
        async with asyncio.timeout(database.WORK_SECONDS):
            pending = await database.pending()
    except Exception:  # noqa: BLE001 - whatever keeps the database away, we are not ready
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    if pending:
        return JSONResponse(
            {"status": "migrations are pending; run cadre migrate"}, status_code=503
        )
    return JSONResponse({"status": "ready"})


def _demo_roles(settings: Settings) -> list[dict[str, str]]:
    """The demonstration's tokens by role, for the console's chooser; nothing elsewhere."""
    path = settings.demo_tokens
    if settings.environment is not Environment.DEMO or not os.access(path, os.R_OK):
        return []
    tokens = json.loads(path.read_text())
    return [
        {"role": role, "label": DUTIES[Role(role)].label, "token": token}
        for role, token in tokens.items()
    ]
