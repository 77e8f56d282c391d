"""`viewer`: who is signed in, what they may do, and the limits that hold for them.

Screens hide what the API would refuse; nothing here grants anything.
"""

import strawberry

from schema import blueprints
from schema.budgets import Balance
from schema.context import Context
from schema.limits import WORDS
from service.access.roles import Role


@strawberry.type(description="A role that the caller holds.")
class HeldRole:
    """One of the caller's roles."""

    role: blueprints.enum(Role) = strawberry.field(description="Which role.")  # type: ignore[valid-type]
    label: str = strawberry.field(description="Its name, for people.")
    meaning: str = strawberry.field(description="What it is for.")


@strawberry.type(description="A limit on the caller's requests.")
class Limit:
    """One limit by name."""

    name: str = strawberry.field(description="Its name, as refusals say it.")
    value: int = strawberry.field(description="The greatest value allowed to the caller.")
    meaning: str = strawberry.field(description="What is counted.")
    remedy: str = strawberry.field(description="What to change where it is reached.")


@strawberry.type(description="What the caller may still ask for, in points.")
class Budget:
    """A budget now."""

    maximum: int = strawberry.field(description="The points of a full budget.")
    left: int = strawberry.field(
        description="The points left now, while those this request may cost are taken."
    )
    per_second: int = strawberry.field(description="The points that each second restores.")


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
    limits: list[Limit] = strawberry.field(description="The limits that hold for the caller.")
    budget: Budget = strawberry.field(description="What the caller's requests are paid from.")


def of(context: Context) -> Viewer:
    """The viewer behind this request."""
    actor, limits = context.actor, context.limits
    held = sorted({grant.role for grant in actor.grants})
    balance = context.balance or Balance(limits.budget, limits.budget, limits.budget_per_second)
    return Viewer(
        label=actor.label,
        is_signed_in=not actor.is_anonymous,
        roles=[HeldRole(role=r, label=r.label, meaning=r.meaning) for r in held],
        permissions=actor.permissions,
        limits=[
            Limit(name=name, value=getattr(limits, name), meaning=words.what, remedy=words.remedy)
            for name, words in WORDS.items()
        ],
        budget=Budget(**balance._asdict()),
    )
