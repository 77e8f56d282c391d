"""Fields that Python works out, at work: asked of the service once, and their rows read together.

The service decides who may ask. Rows that an answer refers to are read for the caller like any
others, all that one request names in one place by one statement.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from graphql import GraphQLResolveInfo
from strawberry.dataloader import DataLoader
from strawberry.utils.str_converters import to_camel_case

from schema.assembly import Assembly
from schema.context import Context
from schema.declarations import Computed
from schema.inputs import decode_change, decode_id
from schema.selections import Selections, asked_by
from service.access.actors import Actor
from service.errors import Refusal
from service.models import Row
from service.reading import answers
from service.reading.selections import Field, ThingsOf

Info = GraphQLResolveInfo[Context]
Resolver = Callable[..., Awaitable[Any]]


def row_resolver(declared: Computed) -> Resolver:
    """Works out a field of a row, whose id stands in its place in what was read."""

    async def resolve(source: Any, info: Info, **given: Any) -> Any:
        _, key = decode_id(source[info.path.key], None, path=())
        return await _asked(declared, info, given, key)

    return resolve


def root_resolver(declared: Computed) -> Resolver:
    """Works out a root field."""

    async def resolve(_: Any, info: Info, **given: Any) -> Any:
        return await _asked(declared, info, given)

    return resolve


async def _asked(declared: Computed, info: Info, given: dict[str, Any], *about: UUID) -> Any:
    actor = _actor(info)
    if actor.is_anonymous:
        # Before the arguments are read: the public learns nothing from what is wrong with them.
        verb, _, noun = declared.permission.partition(".")
        raise actor.refusal(verb, noun)
    try:
        return await declared.work(*about, decode_change(declared.question, given), by=actor)
    except Refusal as refusal:
        refusal.path = tuple(map(to_camel_case, refusal.path))
        raise


def reference_resolver(assembly: Assembly, attribute: str, noun: str) -> Resolver:
    """The row that an answer refers to; null where there is none or the caller may not see it."""
    model = assembly.models[noun]

    async def resolve(source: Any, info: Info, **_: Any) -> Any:
        key: UUID | None = getattr(source, attribute)
        return None if key is None else await _rows(assembly, model, info).load(key)

    return resolve


def _rows(assembly: Assembly, model: type[Row], info: Info) -> DataLoader[UUID, Any]:
    """What reads the rows of one place of the document, which all have the same selection."""
    place = (model, *map(id, info.field_nodes))
    known: DataLoader[UUID, Any] | None = info.context.gathered.get(place)
    if known is None:
        selections = Selections(assembly, asked_by(info))
        fields = selections.row(model, selections.root)
        known = DataLoader(load_fn=_reader(model, fields, _actor(info)))
        info.context.gathered[place] = known
    return known


def _reader(
    model: type[Row], fields: tuple[Field, ...], by: Actor
) -> Callable[[list[UUID]], Awaitable[Sequence[Any]]]:
    async def read(keys: list[UUID]) -> Sequence[Any]:
        names = [model.__name__] * len(keys)
        found: Sequence[Any] = await answers.read(ThingsOf(names, keys, {model: fields}), by=by)
        return found

    return read


def _actor(info: Info) -> Actor:
    actor = info.context.actor
    assert isinstance(actor, Actor)
    return actor
