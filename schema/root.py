"""Query, Mutation, Subscription and the schema: the nouns, listed by hand.

What is not listed here is not in the API.
"""

import functools
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType
from strawberry.schema.config import StrawberryConfig
from strawberry.utils.str_converters import to_camel_case

from schema import (
    accounts,
    appointments,
    blueprints,
    compatibility_models,
    costs,
    courses,
    match_audits,
    match_outcomes,
    match_overrides,
    match_runs,
    mentors,
    mentorships,
    missions,
    people,
    posts,
    reference,
    resolvers,
    viewer,
    vocabularies,
    workings,
)
from schema.assembly import Assembly, payload_name
from schema.blueprints import Part
from schema.engine import CadreSchema
from schema.reads import Reads
from schema.scalars import SCALARS
from schema.writes import Writes
from service.database import relate

NOUNS = (
    missions.NOUN,
    posts.NOUN,
    people.NOUN,
    appointments.NOUN,
    mentors.NOUN,
    match_runs.NOUN,
    match_audits.NOUN,
    mentorships.NOUN,
    match_outcomes.NOUN,
    match_overrides.NOUN,
    compatibility_models.NOUN,
    accounts.NOUN,
    courses.NOUN,
    reference.NOUN,
)


@functools.cache
def assembled() -> Assembly:
    """The declarations of all nouns, as types."""
    relate()
    return Assembly(NOUNS)


def create_schema() -> CadreSchema:
    """The schema with its resolvers in place."""
    assembly = assembled()
    schema = CadreSchema(
        query=_query(),
        mutation=_mutation(),
        subscription=_subscription(),
        types=assembly.types,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    core = schema.core
    _attach(assembly, core.type_map)
    schema.reads, schema.writes = Reads(assembly, core), Writes(assembly, core)
    return schema


@functools.cache
def _query() -> type:
    assembly = assembled()
    parts = {
        "viewer": Part(viewer.Viewer, "Who is signed in, and what they may do."),
        "enum_values": Part(
            list[vocabularies.EnumValue],
            "The words of an enum, with what they mean and what may follow.",
            is_optional=True,
            arguments={"name": Part(str, "The enum's name, such as AppointmentState.")},
        ),
    }
    parts |= {name: assembly.query_part(field) for name, field in assembly.roots.items()}
    parts |= {name: assembly.computed_part(one) for name, one in assembly.computed.items()}
    return blueprints.fill_type(blueprints.shell("Query"), parts, "What can be read.")


@functools.cache
def _mutation() -> type:
    assembly = assembled()
    parts = {
        name: assembly.verb_part(name, verb, resolvers.OperationError)
        for name, verb in assembly.verbs.items()
    }
    return blueprints.fill_type(blueprints.shell("Mutation"), parts, "What can be done.")


@functools.cache
def _subscription() -> type:
    assembly = assembled()
    parts = {
        name: assembly.change_part(declared) for name, declared in assembly.subscriptions.items()
    }
    return blueprints.fill_type(blueprints.shell("Subscription"), parts, "What can be watched.")


def _attach(assembly: Assembly, types: dict[str, Any]) -> None:
    """Gives root fields their resolvers; everything below picks from their answers."""
    interface: GraphQLInterfaceType = types["Node"]
    interface.resolve_type = resolvers.type_of
    payloads = [payload_name(name) for name in assembly.verbs]
    for node in assembly.nodes.values():
        types[node.name].is_type_of = None
        # What stands in no list has neither edges nor connections.
        for name in {node.name, f"{node.name}Edge", f"{node.name}Connection"} & types.keys():
            _pick(types[name])
    for name in ("PageInfo", *payloads):
        _pick(types[name])
    root = types["Query"].fields
    root["viewer"].resolve = lambda _, info: viewer.of(info.context)
    root["enumValues"].resolve = lambda _, __, name: vocabularies.of(name)
    for name, field in assembly.roots.items():
        root[to_camel_case(name)].resolve = resolvers.read_resolver(assembly, field)
    for name, verb in assembly.verbs.items():
        field = types["Mutation"].fields[name]
        field.resolve = resolvers.verb_resolver(assembly, verb)
        field.extensions[costs.REVEALS] = bool(verb.reveals)
    _attach_computed(assembly, types)


def _attach_computed(assembly: Assembly, types: dict[str, Any]) -> None:
    """Gives fields that Python works out, and the rows in their answers, their resolvers."""
    root = types["Query"].fields
    for name, declared in assembly.computed.items():
        field = root[to_camel_case(name)]
        field.resolve = workings.root_resolver(declared)
        field.extensions[costs.WORK] = declared.points
    for node in assembly.nodes.values():
        for name, declared in node.computed_by_name.items():
            field = types[node.name].fields[name]
            field.resolve = workings.row_resolver(declared)
            field.extensions[costs.WORK] = declared.points
    for (kind, name), (attribute, noun) in assembly.outputs.references.items():
        resolver = workings.reference_resolver(assembly, attribute, noun)
        types[kind].fields[to_camel_case(name)].resolve = resolver


def _pick(kind: GraphQLObjectType) -> None:
    for field in kind.fields.values():
        field.resolve = resolvers.pick
