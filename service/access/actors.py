"""The caller, as the rules see them: who they are and how far each permission reaches.

An actor is decided once per request. It refuses to guess: what no grant says is not allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from service.access.roles import DUTIES, Assignment, Role
from service.errors import NotAllowed, NotSignedIn, Refusal


@dataclass(frozen=True)
class Reach:
    """How far one permission goes for one actor."""

    any: bool = False
    own: bool = False
    assigned: frozenset[Assignment] = frozenset()
    missions: frozenset[UUID] = frozenset()

    def __bool__(self) -> bool:
        return self.any or self.own or bool(self.assigned)

    def joined(self, other: "Reach") -> "Reach":
        """The reach of both together."""
        return Reach(
            self.any or other.any,
            self.own or other.own,
            self.assigned | other.assigned,
            self.missions | other.missions,
        )


NOTHING = Reach()


@dataclass(frozen=True)
class Grant:
    """A role held now, for one mission or, without one, for all."""

    role: Role
    mission_id: UUID | None = None


@dataclass(frozen=True)
class Actor:
    """Whoever asks; without an account, the public."""

    account_id: UUID | None = None
    person_id: UUID | None = None
    label: str = "Anonymous"
    grants: tuple[Grant, ...] = ()
    is_system: bool = field(default=False)

    @cached_property
    def is_anonymous(self) -> bool:
        """True for the public: nobody signed in."""
        return self.account_id is None and not self.is_system

    @cached_property
    def reaches(self) -> dict[tuple[str, str], Reach]:
        """Every (verb, noun) the grants open, with how far."""
        found: dict[tuple[str, str], Reach] = {}
        for grant in self.grants:
            for permission in DUTIES[grant.role].permissions:
                verb, _, noun = permission.split(".")
                reach = _reach(permission, grant)
                found[verb, noun] = found.get((verb, noun), NOTHING).joined(reach)
        return found

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles held now."""
        return frozenset(grant.role for grant in self.grants)

    @cached_property
    def fingerprint(self) -> tuple[Any, ...]:
        """The class of caller: two of one class may read the same fields by the same conditions.

        What differs within a class, such as whose file is one's own, are values of conditions.
        """
        held = sorted({(grant.role.value, grant.mission_id is not None) for grant in self.grants})
        has = (self.account_id is not None, self.person_id is not None)
        return (self.is_system, *has, *held)

    @property
    def permissions(self) -> list[str]:
        """The effective permissions by name, sorted, for screens that hide what is refused."""
        names = {
            f"{verb}.{scope}.{noun}"
            for (verb, noun), reach in self.reaches.items()
            for scope in _scopes(reach)
        }
        return sorted(names)

    def reach(self, verb: str, noun: str) -> Reach:
        """How far this actor may `verb` the `noun`."""
        return Reach(any=True) if self.is_system else self.reaches.get((verb, noun), NOTHING)

    def mission_roles(self, verb: str, noun: str) -> frozenset[Role]:
        """The roles held for missions that open this: the same ones for all of a class."""
        return frozenset(
            grant.role
            for grant in self.grants
            for permission in DUTIES[grant.role].permissions
            if permission.split(".")[::2] == [verb, noun] and _reach(permission, grant).missions
        )

    def missions(self, roles: frozenset[Role]) -> list[UUID]:
        """The missions that these roles are held for, in a fixed order."""
        held = [grant for grant in self.grants if grant.role in roles]
        return sorted({grant.mission_id for grant in held if grant.mission_id is not None})

    def refusal(self, verb: str, noun: str) -> Refusal:
        """Why this actor may not: sign in first, or lack of the named permission."""
        if self.is_anonymous:
            return NotSignedIn("Sign in first: this needs an account.")
        thing = noun.replace("_", " ")
        return NotAllowed(
            f"You need the permission {verb}.any.{noun} or one narrower for this {thing}."
        )


ANONYMOUS = Actor()


def system(label: str) -> Actor:
    """The service itself, acting for nobody: seeds, the worker, the command line."""
    return Actor(label=label, is_system=True)


def _reach(permission: str, grant: Grant) -> Reach:
    _, scope, _ = permission.split(".")
    assignment = DUTIES[grant.role].assignment
    if scope == "own":
        return Reach(own=True)
    if scope == "any" and grant.mission_id is None:
        return Reach(any=True)
    # A grant for one mission narrows every reach to that mission's rows.
    missions = frozenset([grant.mission_id] if grant.mission_id else [])
    if assignment is Assignment.MISSION and not missions:
        return NOTHING
    narrowed = Assignment.MISSION if missions else assignment
    return Reach(assigned=frozenset([narrowed]), missions=missions)


def _scopes(reach: Reach) -> Iterable[str]:
    if reach.any:
        yield "any"
    if reach.assigned:
        yield "assigned"
    if reach.own:
        yield "own"
