"""What this process counts of itself, over HTTP for those who watch it.

It refuses everybody without the permission read.any.metric, like any other read.
"""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schema.engine import Engine
from schema.requests import HttpRefused, bearer, gathered, not_signed_in
from service.errors import NotSignedIn

_FRESH = {"Cache-Control": "no-store"}
_READ = ("read", "metric")


def route(engine: Engine) -> Route:
    """`GET /metrics`, in the text form that Prometheus reads."""

    async def answer(request: Request) -> Response:
        try:
            await _admit(engine, request)
        except HttpRefused as refused:
            body = {"message": refused.refusal.message}
            return JSONResponse(body, refused.status, {**refused.headers, **_FRESH})
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST, **_FRESH})

    return Route("/metrics", answer)


async def _admit(engine: Engine, request: Request) -> None:
    try:
        caller = await engine.caller(bearer(gathered(request.scope["headers"])))
        await engine.prove(caller)
    except NotSignedIn as refusal:
        raise not_signed_in(refusal.message) from refusal
    actor = caller.sign_in.actor
    if actor.reach(*_READ):
        return
    if actor.is_anonymous:
        raise not_signed_in("Sign in to read what is counted here.")
    raise HttpRefused(403, actor.refusal(*_READ))
