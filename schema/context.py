"""What every resolver is told about its request: who asks, and under which id it is logged.

It refuses to carry connections, settings or anything a resolver could use to go around
the service.
"""

from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode

from schema.budgets import Balance
from schema.limits import Limits
from service.access.actors import Actor


@dataclass(frozen=True, slots=True)
class Context:
    """One request; `document` is the parsed and validated text, when the endpoint made it.

    `limits` are the caller's, and `balance` is what is left of their budget meanwhile.
    `gathered` is what its resolvers gather together, such as rows that they read at once.
    """

    actor: Actor
    request_id: str
    document: DocumentNode | None = field(default=None, repr=False)
    limits: Limits = field(default=Limits(), repr=False)
    balance: Balance | None = field(default=None, repr=False)
    gathered: dict[Any, Any] = field(default_factory=dict, repr=False)
