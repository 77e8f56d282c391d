"""Root fields at work: a selection read for one actor, or a verb performed once.

Below a root field nothing runs: each value is picked from the answer by its response key.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLResolveInfo, get_named_type
from strawberry.utils.str_converters import to_camel_case

from schema import blueprints
from schema.assembly import Assembly, result_field
from schema.context import Context
from schema.declarations import ChangeField, ListField, RootField, ThingField, Verb
from schema.inputs import GivenId, GivenIds, Writing, decode_change, decode_id
from schema.selections import Asked, Selections, asked_by
from service import operations, revisions
from service.access.actors import Actor
from service.access.conditions import NEVER
from service.errors import Invalid, NotSignedIn, Refusal, RefusalCode
from service.match_words import MatchRule
from service.models import Row
from service.operations import Operation
from service.reading import answers
from service.reading.pages import LARGEST_SIZE
from service.reading.selections import Nothing, PageOf, RowOf, Selection, ThingsOf
from service.revisions import Write

Info = GraphQLResolveInfo[Context]
Resolver = Callable[..., Awaitable[Any]]
_PLAINLY = operations.Once()
_WRITING = {to_camel_case(name) for name in Writing.model_fields}


@strawberry.type(description="Why an operation was refused.")
class OperationError:
    """One refusal, as a value of a payload."""

    code: blueprints.enum(RefusalCode) = strawberry.field(  # type: ignore[valid-type]
        description="Which kind of refusal."
    )
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    path: list[str] = strawberry.field(
        description="The field of the input at fault, outermost first; empty: the whole."
    )
    current_version: int | None = strawberry.field(
        default=None, description="The row's version now, where the input was made on an older one."
    )
    rules: list[blueprints.enum(MatchRule)] = strawberry.field(  # type: ignore[valid-type]
        default_factory=list, description="The rules of the match that stand against it, if any."
    )


def pick(source: Any, info: Info, **_: Any) -> Any:
    """The value that the answer already holds under this response key."""
    return source[info.path.key]


def choose(
    assembly: Assembly, declared: RootField, asked: Asked, given: Mapping[str, Any]
) -> Selection:
    """What a root field over tables is to read."""
    selections = Selections(assembly, asked)
    if isinstance(declared, ListField):
        page = selections.page(declared.model, selections.root, given, declared.where)
        return PageOf(declared.model, page)
    if isinstance(declared, ThingField):
        chosen = _choose_things if declared.is_list else _choose_thing
        return chosen(assembly, selections, given)
    if declared.by == "id":
        return _choose_thing(assembly, selections, given, declared.model)
    fields = selections.row(declared.model, selections.root)
    key = given[to_camel_case(declared.by)] if declared.only is None else declared.only
    return RowOf(declared.model, declared.by, key, fields)


def _choose_thing(
    assembly: Assembly,
    selections: Selections,
    given: Mapping[str, Any],
    only: type[Row] | None = None,
) -> Selection:
    wanted = given["id"]
    name, key = (
        (wanted.name, wanted.key)
        if isinstance(wanted, GivenId)
        else decode_id(wanted, None, path=("id",))
    )
    model = assembly.models.get(name)
    if model is None or only not in (None, model):
        return Nothing()
    return RowOf(model, "id", key, selections.row(model, selections.root))


def _choose_things(
    assembly: Assembly, selections: Selections, given: Mapping[str, Any]
) -> Selection:
    wanted = _wanted(given["ids"])
    if wanted.count > LARGEST_SIZE:
        raise Invalid(f"Ask for at most {LARGEST_SIZE} ids at once.", path=("ids",))
    models = [model for name, model in assembly.models.items() if name in wanted.names]
    fields = {model: selections.row(model, selections.root) for model in models}
    return ThingsOf(wanted.each_name, wanted.each_key, fields)


def _wanted(ids: Any) -> Any:
    if isinstance(ids, GivenIds):
        return ids
    pairs = [decode_id(each, None, path=("ids",)) for each in ids[: LARGEST_SIZE + 1]]
    names = [name for name, _ in pairs]
    return GivenIds(len(pairs), frozenset(names), names, [key for _, key in pairs])


def check_open(actor: Actor, declared: RootField | ChangeField) -> None:
    """Refuses a list, or its changes, where it is closed to this caller as a whole."""
    if not isinstance(declared, ListField | ChangeField):
        return
    rules = declared.model.access
    verb = declared.requires or rules.verb
    if declared.requires and not actor.reach(verb, rules.noun):
        raise actor.refusal(verb, rules.noun)
    if rules.rows(actor) == NEVER:
        raise actor.refusal(verb, rules.noun)


def read_resolver(assembly: Assembly, declared: RootField) -> Resolver:
    """Reads the declared list, the row with the given key, or the things with the given ids."""

    async def resolve(_: Any, info: Info, **given: Any) -> Any:
        actor = _actor(info)
        check_open(actor, declared)
        selection = choose(assembly, declared, asked_by(info), given)
        found = await answers.read(selection, by=actor)
        if not isinstance(declared, ThingField):
            return found
        if not declared.is_list:
            return _thing(found, given["id"])
        return [_thing(row, each) for row, each in zip(found, given["ids"], strict=True)]

    return resolve


def verb_resolver(assembly: Assembly, verb: Verb) -> Resolver:
    """Performs the verb and answers its payload; refusals are values, sign-in is not."""
    field = to_camel_case(result_field(verb.operation.result))

    async def resolve(_: Any, info: Info, **given: Any) -> Any:
        payload = _Payload(assembly, info, verb, field)
        errors = await perform(verb, given["input"], by=payload.actor, then=payload.read)
        return payload.answer(errors)

    return resolve


Then = Callable[[UUID, Any], Awaitable[None]]


async def perform(
    verb: Verb, given: dict[str, Any], *, by: Actor, then: Then, write: Write | None = None
) -> list[OperationError]:
    """Does it once, or tries it, as the input says, and answers why it was refused.

    `then` reads the payload inside the transaction; with `write`, a revision may need neither.
    Raises NotSignedIn, which is no answer.
    """
    try:
        await _perform(verb.operation, given, by=by, then=then, write=write)
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return [_error(refusal)]
    return []


async def _perform(
    operation: Operation[Any, Any],
    given: dict[str, Any],
    *,
    by: Actor,
    then: Then,
    write: Write | None,
) -> None:
    if by.is_anonymous:
        # Before the input is read: the public learns nothing from what is wrong with it.
        verb, _, noun = operation.permission.partition(".")
        raise by.refusal(verb, noun)
    once = _once(given)
    change = decode_change(operation.change, given)
    is_done = False
    if once == _PLAINLY and write is not None:
        is_done = await revisions.at_once(operation, change, by=by, write=write)
    if not is_done:
        await operations.perform(operation, change, by=by, once=once, then=then)


def _once(given: dict[str, Any]) -> operations.Once:
    # Most say nothing of it.
    if given.keys().isdisjoint(_WRITING):
        return _PLAINLY
    writing = decode_change(Writing, given)
    return operations.Once(bool(writing.validate_only), writing.idempotency_key)


class _Payload:
    """One mutation's answer, gathered inside its transaction."""

    def __init__(self, assembly: Assembly, info: Info, verb: Verb, field: str) -> None:
        self._verb, self._field, self.actor = verb, field, _actor(info)
        self._selections = Selections(assembly, asked_by(info))
        self._selected = self._selections.sub(
            get_named_type(info.return_type).name, self._selections.root
        )
        self._values: dict[str, Any] = {}

    def answer(self, errors: list[OperationError]) -> dict[str, Any]:
        """The payload by response key."""
        return {
            key: errors if group[0].node.name.value == "errors" else self._values.get(key)
            for key, group in self._selected.items()
        }

    async def read(self, row_id: UUID, row: Row | None) -> None:
        """Reads what was selected of the row."""
        for key, group in self._selected.items():
            name = group[0].node.name.value
            if name == self._field:
                model = self._verb.operation.result
                found = RowOf(model, "id", row_id, self._selections.row(model, group))
                self._values[key] = await answers.read(found, by=self.actor)
            elif name != "errors":
                self._values[key] = getattr(row, name, None)


def _actor(info: Info) -> Actor:
    actor = info.context.actor
    assert isinstance(actor, Actor)
    return actor


class _Thing(dict[str, Any]):
    """A row of any type that knows which one, beside its values and never among them."""

    def __init__(self, row: dict[str, Any], type_name: str) -> None:
        super().__init__(row)
        self.type_name = type_name


def type_of(thing: _Thing, *_: Any) -> str:
    """The GraphQL type of what `node` or `nodes` found."""
    return thing.type_name


def _thing(row: dict[str, Any] | None, opaque: str) -> _Thing | None:
    return None if row is None else _Thing(row, decode_id(opaque, None, path=())[0])


def _error(refusal: Refusal) -> OperationError:
    return OperationError(
        code=RefusalCode(refusal.code),
        message=refusal.message,
        path=[to_camel_case(step) for step in refusal.path],
        current_version=refusal.details.get("currentVersion"),
        rules=refusal.details.get("rules", []),
    )
