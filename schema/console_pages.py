"""The console over HTTP: its page, its assets and the roles a demonstration may sign in as.

Serves only what `console_bundle` built, under a strict Content-Security-Policy, and never
hands out a token outside the demo environment.
"""

import mimetypes
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from schema.console_bundle import DIST
from service.settings import Environment, Settings

_DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    # Monaco, GraphiQL's editor, places its lines with style attributes and writes its colours
    # into <style> elements, and knows no nonce; scripts stay strict.
    "style-src": "'self' 'unsafe-inline'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _DIRECTIVES.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FRESH = {**_HEADERS, "Cache-Control": "no-store"}
# Vite puts a hash of the content into every asset's name.
_FOR_EVER = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}

_NOT_BUILT = "The console is not built yet: run `./dev demo`, which builds it; the API is ready."


def routes(settings: Settings, demo_roles: Callable[[], list[dict[str, str]]]) -> list[BaseRoute]:
    """The routes of the console: `/`, `/assets/…` and `/console/config.json`.

    `demo_roles` answers `role`, `label` and `token` of each role one may choose; it is asked
    on every request, and only in the demo environment. An unbuilt console answers 503.
    """

    async def config(_request: Request) -> Response:
        roles = demo_roles() if settings.environment is Environment.DEMO else []
        content = {"environment": settings.environment.value, "roles": roles}
        return JSONResponse(content, headers=_FRESH)

    return [
        Route("/", _page, name="console"),
        Route("/assets/{name}", _asset, name="console-assets"),
        Route("/console/config.json", config, name="console-config"),
    ]


async def _page(_request: Request) -> Response:
    page = DIST / "index.html"
    if not page.is_file():
        return PlainTextResponse(_NOT_BUILT, status_code=503, headers=_FRESH)
    return FileResponse(page, headers=_FRESH)


async def _asset(request: Request) -> Response:
    asset = DIST / "assets" / str(request.path_params["name"])
    if not asset.is_file():
        return PlainTextResponse("There is no such asset.", status_code=404, headers=_FRESH)
    media_type = mimetypes.guess_type(asset.name)[0]
    headers = {**_FOR_EVER, "Vary": "Accept-Encoding"}
    packed = asset.with_name(f"{asset.name}.gz")
    if packed.is_file() and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        asset = packed
    return FileResponse(asset, media_type=media_type, headers=headers)
