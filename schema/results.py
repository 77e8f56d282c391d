"""The results of one operation, whatever carries them: one each, or many of a subscription.

Sockets and streams know no more of GraphQL than this. It lets the engine admit and run each
operation as it does over HTTP, with its limits and masks, by the sign-in of that moment.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from strawberry.types.graphql import OperationType

from schema.connections import Connection
from schema.documents import DocumentRefused
from schema.engine import Asked, Engine, Outcome
from schema.errors import present_execution_errors, present_refusal, present_unexpected
from schema.metrics import OPERATIONS, REFUSALS, REQUESTS
from schema.requests import Parameters
from schema.subscriptions import Subscription, Subscriptions, Unfit
from service import logs
from service.errors import Refusal


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The operation ends here: what to tell the client, coded and masked."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(len(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Sent:
    """One operation as it arrived: over which transport, and which kinds that one carries."""

    parameters: Parameters
    reference: str
    transport: str
    kinds: Collection[OperationType]


class Results:
    """Runs operations for whatever stays open."""

    def __init__(self, engine: Engine, subscriptions: Subscriptions, seconds: float) -> None:
        self._engine = engine
        self._subscriptions = subscriptions
        self._seconds = seconds

    async def of(self, sent: Sent, connection: Connection) -> AsyncGenerator[bytes, None]:
        """Each result as JSON. Raises Refused where there is none, or none any more."""
        started, codes = time.perf_counter(), set()
        try:
            async with aclosing(self._masked(sent, connection)) as outcomes:
                async for outcome in outcomes:
                    codes.update(outcome.codes)
                    yield outcome.body()
        except Refused as refused:
            codes.update(error["extensions"]["code"] for error in refused.errors)
            raise
        finally:
            _tell(sent, sorted(codes), time.perf_counter() - started)

    async def _masked(self, sent: Sent, connection: Connection) -> AsyncGenerator[Outcome, None]:
        reference = sent.reference
        try:
            async with aclosing(self._outcomes(sent, connection)) as outcomes:
                async for outcome in outcomes:
                    yield outcome
        except Refused:
            raise
        except Unfit as unfit:
            suggest = not connection.sign_in.actor.is_anonymous
            errors = present_execution_errors(unfit.errors, reference, suggest=suggest)
            raise Refused(errors) from unfit
        except Refusal as refusal:
            raise Refused([present_refusal(refusal, reference)]) from refusal
        except Exception as fault:
            # The last resort: masked and logged.
            raise Refused([present_unexpected(fault, reference)]) from fault

    async def _outcomes(self, sent: Sent, connection: Connection) -> AsyncGenerator[Outcome, None]:
        async with asyncio.timeout(self._seconds):
            begun = await self._begun(sent, connection)
        if isinstance(begun, Outcome):
            if begun.data is None:
                raise Refused(begun.errors)
            yield begun
            return
        OPERATIONS.of("subscription").count += 1
        async with aclosing(self._subscriptions.changes(begun, connection)) as changes:
            async for outcome in changes:
                yield outcome

    async def _begun(self, sent: Sent, connection: Connection) -> Outcome | Subscription:
        """The outcome of an operation that has one, or the subscription to follow."""
        engine = self._engine
        caller = await engine.caller(connection.token, connection.address)
        asked = Asked(sent.parameters, caller, sent.reference, sent.kinds)
        try:
            admitted = await engine.admit(asked)
        except (DocumentRefused, Refusal) as refused:
            return await engine.refused(asked, refused)
        if admitted.operation.kind is not OperationType.SUBSCRIPTION:
            return await engine.paid(asked, admitted)
        await engine.prove(caller)
        connection.learn(caller.sign_in)
        return self._subscriptions.asked_for(asked, admitted)


def _tell(sent: Sent, codes: Sequence[str], seconds: float) -> None:
    """The operation in numbers and in one line of the log, without a word of what was asked."""
    REQUESTS.of(sent.transport, "refused" if codes else "ran").count += 1
    for code in codes:
        REFUSALS.of(code).count += 1
    logs.answered(
        request_id=sent.reference,
        method=sent.transport.upper(),
        codes=list(codes),
        milliseconds=round(seconds * 1000, 1),
    )
