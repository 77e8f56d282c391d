"""What stays open beside requests: the ear for changes, the connections, and how they talk.

Put together in one place, for one process. It refuses to outlast the server: closing it
ends whatever would not end by itself.
"""

from dataclasses import dataclass

from schema.assembly import Assembly
from schema.connections import Connections
from schema.engine import Engine
from schema.results import Results
from schema.sockets import Sockets
from schema.streams import Streams
from schema.subscriptions import Subscriptions
from service import database
from service.change_notices import ChangeNotices


@dataclass(frozen=True, slots=True)
class Waits:
    """How long, in seconds: until a client or work is given up, a sign-in asked about again."""

    init: float = 10
    deaf: float = 30
    beat: float = 12
    work: float = database.WORK_SECONDS
    sign_in: float = 2


@dataclass(frozen=True, slots=True)
class Live:
    """The open part of the API."""

    notices: ChangeNotices
    connections: Connections
    sockets: Sockets
    streams: Streams


def create_live(engine: Engine, assembly: Assembly, url: str, waits: Waits | None = None) -> Live:
    """The open part beside the endpoint of this engine, on the database at `url`."""
    waits = waits or Waits()
    notices = ChangeNotices(url, assembly.followed)
    connections = Connections(engine, every=waits.sign_in)
    subscriptions = Subscriptions(assembly, engine, notices, connections, waits.work)
    results = Results(engine, subscriptions, waits.work)
    sockets = Sockets(results, connections, waits.init, waits.deaf)
    streams = Streams(results, connections, waits.beat, waits.deaf)
    return Live(notices, connections, sockets, streams)
