"""Queries over tables answered without the executor: planned once, then one statement each.

What it does not know it leaves to the executor, the whole operation: a field is never
left out and never guessed. Limits and validation come before it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cachetools import LRUCache
from graphql import GraphQLError, GraphQLSchema
from graphql.execution.values import VariableValues, get_variable_values

from schema.assembly import Assembly
from schema.documents import Operation
from schema.metrics import PLANS, PLANS_HELD
from schema.plans import Misfit, Plan, Planner
from schema.repeats import Worked
from schema.variables import Form, Unshaped
from service.reading import answers
from service.reading.slots import Filling
from service.sign_ins import SignIn

_HIT, _MISS = PLANS.of("hit"), PLANS.of("miss")
# Characters of SQL and of the answers' frames: some thousand plans of usual size.
_REMEMBERED = 8_000_000


class ProofLost(Exception):  # noqa: N818 - a signal to sign in anew
    """What was remembered of the caller holds no more; nothing of the answer was told."""


class Answer(NamedTuple):
    """The JSON of `data` in pieces, what was refused of it, and whether its plan was there."""

    data: Sequence[bytes]
    errors: tuple[GraphQLError, ...]
    is_planned: bool
    # The statement of the answer has done it.
    is_proved: bool = True


class Reads:
    """The short way for the queries of one schema."""

    def __init__(self, assembly: Assembly, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._planner = Planner(assembly, schema)
        self._plans: LRUCache[Any, Plan] = LRUCache(_REMEMBERED, lambda plan: plan.weight)

    async def answer(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        sign_in: SignIn,
        worked: Worked | None = None,
    ) -> Answer | None:
        """The answer, or None where the executor must give it.

        Raises ProofLost where the token no longer opens what was remembered of it. What was
        `worked` out of the same variables before is taken from there.
        """
        if not operation.root_fields <= self._planner.fields:
            return None
        try:
            form = _form(operation, variables, worked)
            plan, is_known = self._plan(operation, form, sign_in)
            # A plan with errors is a refusal's: its words may come from this request's values.
            if not plan.errors:
                filling = Filling(sign_in.actor, form.given, sign_in.digest)
                return await _run(plan, filling, sign_in, is_planned=is_known)
        except (Unshaped, Misfit, ValueError, ArithmeticError):
            pass
        return await self._answer_once(operation, variables, sign_in)

    def _plan(self, operation: Operation, form: Form, sign_in: SignIn) -> tuple[Plan, bool]:
        has_proof = sign_in.digest is not None
        key = (operation.number, has_proof, sign_in.actor.fingerprint, form.key)
        try:
            known = self._plans[key]
        except KeyError:
            _MISS.count += 1
        else:
            _HIT.count += 1
            return known, True
        values = operation.variables.revive(form)
        plan = self._planner.plan(operation, values, sign_in.actor, has_proof=has_proof)
        if not plan.errors and plan.weight <= _REMEMBERED:
            self._plans[key] = plan
            PLANS_HELD.set(len(self._plans))
        return plan, False

    async def _answer_once(
        self, operation: Operation, variables: Mapping[str, Any], sign_in: SignIn
    ) -> Answer | None:
        """The same with a plan for these very values, which is not kept."""
        definitions = operation.node.variable_definitions or ()
        # One error tells as much as thousands: the executor will say what is wrong.
        values = get_variable_values(self._schema, definitions, dict(variables), max_errors=1)
        if not isinstance(values, VariableValues):
            return None
        has_proof = sign_in.digest is not None
        try:
            plan = self._planner.plan(operation, values, sign_in.actor, has_proof=has_proof)
        except Misfit:
            return None
        return await _run(plan, _filling(sign_in), sign_in, is_planned=False)


def _form(operation: Operation, variables: Mapping[str, Any], worked: Worked | None) -> Form:
    known = worked.form(operation.number) if worked is not None else None
    if known is not None:
        return known
    form = operation.variables.form(variables)
    if worked is not None:
        worked.learn_form(operation.number, form)
    return form


def _filling(sign_in: SignIn) -> Filling:
    return Filling(sign_in.actor, (), sign_in.digest)


async def _run(plan: Plan, filling: Filling, sign_in: SignIn, *, is_planned: bool) -> Answer:
    columns: Sequence[Any] = ()
    if plan.statement is not None:
        columns = await answers.columns(plan.statement, filling)
    if plan.has_proof:
        proof, *columns = columns
        if proof != sign_in.proof:
            raise ProofLost
    return Answer(plan.data(columns), plan.errors, is_planned)
