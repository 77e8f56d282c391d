"""`viewer`: who is signed in, what they may do, and the limits that hold for them.

Screens hide what the API would refuse; nothing here grants anything.
"""

import dataclasses
from typing import Any

import strawberry

from schema import blueprints
from schema.limits import Limits
from service.access.actors import Actor
from service.access.roles import Role


@strawberry.type(description="A role that the caller holds.")
class HeldRole:
    """One of the caller's roles."""

    role: blueprints.enum(Role) = strawberry.field(description="Which role.")  # type: ignore[valid-type]
    label: str = strawberry.field(description="Its name, for people.")
    meaning: str = strawberry.field(description="What it is for.")


@strawberry.type(description="A limit that every request must keep.")
class Limit:
    """One limit by name."""

    name: str = strawberry.field(description="Its name, as refusals say it.")
    value: int = strawberry.field(description="The greatest value allowed.")


@strawberry.type(description="Whoever asks.")
class Viewer:
    """The caller, as the rules see them."""

    label: str = strawberry.field(description="The account's label; Anonymous without sign-in.")
    is_signed_in: bool = strawberry.field(
        description="Whether a valid token came with the request."
    )
    roles: list[HeldRole] = strawberry.field(description="The roles held now.")
    permissions: list[str] = strawberry.field(
        description="Effective permissions, each as verb.scope.noun, sorted."
    )
    limits: list[Limit] = strawberry.field(description="The limits of one request.")


def of(actor: Actor, limits: Limits) -> Viewer:
    """The viewer behind this actor."""
    held = sorted({grant.role for grant in actor.grants})
    numbers: dict[str, Any] = dataclasses.asdict(limits)
    return Viewer(
        label=actor.label,
        is_signed_in=not actor.is_anonymous,
        roles=[HeldRole(role=r, label=r.label, meaning=r.meaning) for r in held],
        permissions=actor.permissions,
        limits=[Limit(name=name, value=value) for name, value in numbers.items()],
    )
