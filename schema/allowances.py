"""Which limits hold for whom: by role, the most generous of the roles somebody holds.

Made once from the settings. It refuses names that mean nothing and numbers that would
shut somebody out, before anything is served.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from schema.limits import Limits
from service.access.actors import Actor
from service.access.roles import Role
from service.errors import Invalid
from service.reading.pages import LARGEST_SIZE

ANONYMOUS = "ANONYMOUS"
SIGNED_IN = "*"

# The public sees next to nothing, so it has no use for more.
_PUBLIC = {
    "depth": 8,
    "fields": 500,
    "aliases": 30,
    "characters": 20_000,
    "definitions": 50,
    "tokens": 2_000,
    "nodes": 1_000,
    "cost": 5_000,
    "budget": 20_000,
    "budget_per_second": 500,
}
# The API shows limits as Int.
_MOST = 2**31 - 1
_NAMES = [entry.name for entry in fields(Limits)]
# Holds before anybody is known, so it is the public's for all.
_BEFORE_SIGN_IN = "failed_sign_ins"
# What a list without a size gives is decided in the reading, and what the validation may
# compare is the library's, for all alike.
_FIXED = {"page_default", "comparisons"}


class Allowances:
    """The limits of every caller."""

    def __init__(
        self, anonymous: Limits, signed_in: Limits, by_role: Mapping[Role, Limits]
    ) -> None:
        self._anonymous = anonymous
        self._signed_in = signed_in
        self._by_role = dict(by_role)
        self._known: dict[frozenset[Role], Limits] = {frozenset(): signed_in}
        self.widest = _most_generous([anonymous, signed_in, *self._by_role.values()])

    @property
    def anonymous(self) -> Limits:
        """The limits of the public."""
        return self._anonymous

    def of(self, actor: Actor) -> Limits:
        """The limits of this caller: each one the greatest that a role of theirs has."""
        if actor.is_anonymous:
            return self._anonymous
        roles = actor.roles
        known = self._known.get(roles)
        if known is None:
            # As many entries as combinations of roles that accounts hold: a handful.
            limits = [self._by_role.get(role, self._signed_in) for role in roles]
            known = self._known[roles] = _most_generous(limits)
        return known


def alike(limits: Limits) -> Allowances:
    """The same limits for everybody."""
    return Allowances(limits, limits, {})


def by_role(given: Mapping[str, Mapping[str, int]]) -> Allowances:
    """The limits of everybody, with what the settings change of them.

    `given` maps a role, ANONYMOUS or `*` for everybody signed in to limits by name. Refuses
    unknown names, numbers below 1 and budgets that one request could never be paid from.
    """
    _check(given)
    anonymous = replace(Limits(), **{**_PUBLIC, **given.get(ANONYMOUS, {})})
    shared = {_BEFORE_SIGN_IN: getattr(anonymous, _BEFORE_SIGN_IN)}
    signed_in = replace(Limits(), **shared, **given.get(SIGNED_IN, {}))
    roles = {
        Role(name): replace(signed_in, **changed)
        for name, changed in given.items()
        if name not in {ANONYMOUS, SIGNED_IN}
    }
    for name, limits in ((ANONYMOUS, anonymous), (SIGNED_IN, signed_in), *roles.items()):
        if limits.budget < limits.cost:
            raise _invalid(
                f"{name} has a `budget` of {limits.budget}, less than its `cost` of {limits.cost};"
                " raise the one or lower the other"
            )
    return Allowances(anonymous, signed_in, roles)


def _most_generous(several: list[Limits]) -> Limits:
    return Limits(**{name: max(getattr(one, name) for one in several) for name in _NAMES})


def _check(given: Mapping[str, Mapping[str, int]]) -> None:
    roles = [SIGNED_IN, ANONYMOUS, *Role]
    for role, changed in given.items():
        if role not in roles:
            raise _invalid(f"{role} is no role; there are {', '.join(roles)}")
        for name, value in changed.items():
            for fault in _faults(role, name, value):
                raise _invalid(f"{role}: {fault}")


def _faults(role: str, name: str, value: int) -> Iterator[str]:
    if name not in _NAMES:
        yield f"`{name}` is no limit; there are {', '.join(_NAMES)}"
    if name in _FIXED:
        yield f"`{name}` cannot be changed"
    if name == _BEFORE_SIGN_IN and role != ANONYMOUS:
        yield f"`{name}` counts before anybody is known; set it for {ANONYMOUS}"
    if value < 1:
        yield f"`{name}` must be 1 or more, and is {value}"
    most = LARGEST_SIZE if name == "page" else _MOST
    if value > most:
        yield f"`{name}` can be {most} at most, and is {value}"


def _invalid(message: str) -> Invalid:
    return Invalid(f"CADRE_LIMITS: {message}.", path=("limits",))
