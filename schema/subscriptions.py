"""Subscriptions: a row read anew, by the rights of whoever follows it, at each of its changes.

A change that a follower may not see is none to them. It refuses followers who may not read
the table at all, also when that comes to be while they follow.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from graphql import GraphQLError
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from strawberry.utils.str_converters import to_camel_case

from schema.assembly import Assembly
from schema.budgets import TooSoon
from schema.connections import Connection, Connections
from schema.declarations import ChangeField
from schema.engine import Admitted, Caller, Engine, Outcome
from schema.engine import Asked as Request
from schema.errors import unreachable
from schema.inputs import decode_id
from schema.resolvers import check_open
from schema.selections import Asked, Selections
from service.change_notices import ChangeNotices
from service.reading import answers
from service.reading.selections import RowOf
from service.reading.slots import Filling, Given
from service.reading.statements import Statement, compile_selections
from service.sign_ins import PROOF, SignIn

_PAUSE = 1.0


class Unfit(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Variables or arguments that do not fit their types."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(len(errors))
        self.errors = errors


class Paid(NamedTuple):
    """Who pays for each event, and how much at most."""

    caller: Caller
    admitted: Admitted


class Subscription:
    """One subscription as it was asked for: what to follow, what to read of it, and for whom."""

    def __init__(
        self, key: str, declared: ChangeField, only: UUID | None, row: RowOf, paid: Paid
    ) -> None:
        self.declared = declared
        self.paid = paid
        self.only = only
        self._row = row
        self._before = b"{" + orjson.dumps(key) + b":"
        self._statements: dict[Any, Statement] = {}

    def statement(self, sign_in: SignIn) -> Statement:
        """What reads the row for this caller. Raises the refusal of what they may not ask."""
        check_open(sign_in.actor, self.declared)
        kind = (sign_in.actor.fingerprint, sign_in.digest is not None)
        if kind not in self._statements:
            proof = PROOF if sign_in.digest else None
            statement = compile_selections([self._row], sign_in.actor, proof)
            # Roles change seldom: only the latest is worth keeping.
            self._statements = {kind: statement}
        return self._statements[kind]

    def data(self, text: bytes) -> Sequence[bytes]:
        """The JSON of `data` around the row's."""
        return (self._before, text, b"}")


class Subscriptions:
    """The subscriptions of one schema."""

    def __init__(
        self,
        assembly: Assembly,
        engine: Engine,
        notices: ChangeNotices,
        connections: Connections,
        seconds: float,
    ) -> None:
        self._assembly = assembly
        self._engine = engine
        self._schema = engine.schema.core
        self._notices = notices
        self._connections = connections
        self._seconds = seconds
        assert self._schema.subscription_type is not None
        self._root = self._schema.subscription_type
        self._declared = {to_camel_case(name): f for name, f in assembly.subscriptions.items()}

    async def changes(
        self, subscription: Subscription, connection: Connection
    ) -> AsyncGenerator[Outcome, None]:
        """The outcome at each change, without end.

        Raises the refusal once the caller may no longer read what they follow.
        """
        model = subscription.declared.model
        with (
            self._notices.following(model, subscription.only) as following,
            connection.telling(following.wake),
        ):
            # First of all: who may not follow is told so before any change.
            following.wake()
            while True:
                row_id = await following.unseen()
                outcome = row_id and await self._told(subscription, row_id, connection)
                if outcome:
                    yield outcome
                connection.check()
                subscription.statement(connection.sign_in)

    async def _told(
        self, subscription: Subscription, row_id: UUID, connection: Connection
    ) -> Outcome | None:
        """What the change is to the caller, paid for; None where it is nothing to them."""
        await self._pay(subscription.paid)
        text = await self._text(subscription, row_id, connection)
        outcome = Outcome(None if text is None else subscription.data(text))
        settled = self._engine.settle(*subscription.paid, outcome)
        return None if text is None else settled

    async def _pay(self, paid: Paid) -> None:
        """Takes the price, as soon as the budget has as much: events come later, not too often."""
        while True:
            try:
                self._engine.take(*paid)
            except TooSoon as refusal:
                await asyncio.sleep(refusal.seconds)
            else:
                return

    async def _text(
        self, subscription: Subscription, row_id: UUID, connection: Connection
    ) -> bytes | None:
        """The row's JSON, as soon as the database lets it be read; None where it is hidden."""
        while True:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._proved(subscription, row_id, connection)
            except Exception as fault:
                if not unreachable(fault):
                    raise
            await asyncio.sleep(_PAUSE)

    async def _proved(
        self, subscription: Subscription, row_id: UUID, connection: Connection
    ) -> bytes | None:
        """The same, by what the very statement that reads it says of the caller."""
        while True:
            connection.check()
            sign_in = connection.sign_in
            filling = Filling(sign_in.actor, (row_id,), sign_in.digest)
            statement = subscription.statement(sign_in)
            *proof, text = await answers.columns(statement, filling)
            if not proof or proof[0] == sign_in.proof:
                found: bytes | None = text
                return found
            # Nothing was told yet: the caller is not who they were.
            await self._connections.ask_again(connection)

    def asked_for(self, asked: Request, admitted: Admitted) -> Subscription:
        """What the operation asks to follow. Raises Unfit, and the refusal of a bad id."""
        operation, variables = admitted.operation, asked.parameters.variables
        paid = Paid(asked.caller, admitted)
        definitions = operation.node.variable_definitions or ()
        values = get_variable_values(self._schema, definitions, dict(variables))
        if not isinstance(values, VariableValues):
            raise Unfit(values)
        # Validation lets only documents through that have a single root field.
        ((key, group),) = collect_fields(
            self._schema,
            {name: FragmentDetails(node) for name, node in operation.fragments.items()},
            values,
            self._root,
            operation.node,
        ).grouped_field_set.items()
        nodes = [details.node for details in group]
        selected = Asked(self._schema, operation.node, operation.fragments, values, nodes)
        return self._subscription(key, selected, paid)

    def _subscription(self, key: str, asked: Asked, paid: Paid) -> Subscription:
        node = asked.nodes[0]
        try:
            given = get_argument_values(self._root.fields[node.name.value], node, asked.variables)
        except GraphQLError as error:
            raise Unfit([error]) from error
        declared = self._declared[node.name.value]
        selections = Selections(self._assembly, asked)
        fields = selections.row(declared.model, selections.root)
        row = RowOf(declared.model, "id", Given(0), fields)
        return Subscription(key, declared, _only(given.get("id"), declared), row, paid)


def _only(given: str | None, declared: ChangeField) -> UUID | None:
    if given is None:
        return None
    return decode_id(given, declared.model.__name__, path=("id",))[1]
