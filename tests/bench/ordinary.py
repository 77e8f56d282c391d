"""Cadre with its short way for reads closed, so that the executor answers everything."""

import asyncio
import sys

import uvloop
from pydantic import SecretStr

from schema import app, servers
from schema.engine import CadreSchema
from schema.root import create_schema
from service import logs
from service.settings import Settings


def _long_way() -> CadreSchema:
    schema = create_schema()
    schema.reads = None
    return schema


async def serve(port: int, url: str) -> None:
    """Serves until it is told to stop, on this database."""
    settings = Settings(port=port, database_url=SecretStr(url))
    logs.set_up(settings.log_level)
    app.create_schema = _long_way  # type: ignore[attr-defined]
    with servers.listening(settings) as listener:
        await servers.serve(settings, listener)


if __name__ == "__main__":
    # On the loop of `cadre serve`.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), sys.argv[2]))
