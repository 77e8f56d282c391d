"""Reference data as operations need it: whether a code is one that everybody knows.

It refuses codes without a row, and changes nothing: only seeds plant reference data.
"""

from service import models
from service.errors import Invalid
from service.models.vocabulary import TermKind


async def check_states(codes: list[str], path: tuple[str, ...]) -> None:
    """Refuses codes that no Member State has."""
    known = await models.MemberState.filter(code__in=codes).values_list("code", flat=True)
    unknown = sorted(set(codes) - set(known))
    if unknown:
        raise Invalid(f"No Member State has the code {unknown[0]}.", path=path)


async def check_mandate_tasks(codes: list[str], path: tuple[str, ...]) -> None:
    """Refuses codes that no mandate task has."""
    tasks = models.Term.filter(kind=TermKind.MANDATE_TASK)
    known = await tasks.filter(code__in=codes).values_list("code", flat=True)
    unknown = sorted(set(codes) - set(known))
    # Without reference data there is nothing to hold a code against.
    if unknown and await tasks.exists():
        raise Invalid(f"No mandate task has the code {unknown[0]}.", path=path)
