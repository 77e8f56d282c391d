"""What every resolver is told about its request: who asks, and under which id it is logged.

It refuses to carry connections, settings or anything a resolver could use to go around
the service.
"""

from dataclasses import dataclass, field

from graphql import DocumentNode

from service.access.actors import Actor


@dataclass(frozen=True, slots=True)
class Context:
    """One request; `document` is the parsed and validated text, when the endpoint made it."""

    actor: Actor
    request_id: str
    document: DocumentNode | None = field(default=None, repr=False)
