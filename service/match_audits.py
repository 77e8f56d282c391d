"""The fairness audit of a run, kept beside it: what each group got, or that it has too few.

It refuses figures of groups of few, whoever computed them, and a second audit of one run.
"""

from collections.abc import Iterable

from matching import Unsaid
from matching.audits import Row as Line
from service import models
from service.errors import Conflict, Invalid
from service.models.match_audits import MINIMUM_CELL
from service.models.vocabulary import AuditMeasure, GroupKind, PairSide

UNKNOWN = "UNKNOWN"
"""The group of those of whom it is not known which one they are of."""

_BATCH = 1_000


async def record(run: models.MatchRun, rows: Iterable[Line]) -> list[models.MatchAudit]:
    """The stored audit of a run, in the transaction that stores the run; its event covers both.

    Refuses a run that has one already, and figures of fewer than the minimum cell.
    """
    made = [_cell(run, row) for row in rows]
    if await models.MatchAudit.exists(run_id=run.id):
        raise Conflict("This run has its audit already; an audit is written once.", path=("run",))
    await models.MatchAudit.bulk_create(made, batch_size=_BATCH)
    return made


def _cell(run: models.MatchRun, row: Line) -> models.MatchAudit:
    cell = models.MatchAudit(
        run_id=run.id,
        measure=AuditMeasure(row.measure.upper()),
        side=PairSide(row.side.upper()),
        group_kind=GroupKind(row.attribute.upper()),
        group_value=UNKNOWN if row.group is None else row.group,
    )
    figure = row.figure
    if isinstance(figure, Unsaid):
        cell.reason = figure.reason
        return cell
    if figure.count < MINIMUM_CELL:
        message = f"A figure needs {MINIMUM_CELL} people; say that there are too few."
        raise Invalid(message, path=("rows",))
    cell.value, cell.low, cell.high = figure.value, figure.low, figure.high
    cell.people = figure.count
    return cell
