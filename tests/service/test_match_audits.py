"""The audit of a run: kept once, with no figure for groups of few."""

from typing import Any

import pytest
from tortoise.transactions import in_transaction

from matching import Interval, Unsaid
from matching.audits import Row
from service import match_audits, models
from service.models.vocabulary import AuditMeasure, GroupKind, PairSide
from tests import factories
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")

FEW = Unsaid("too few to say: fewer than 10 mentees")
ROWS = (
    Row("match_rate", "mentee", "gender", "FEMALE", Interval(0.75, 0.5, 0.9, 16)),
    Row("rank", "mentee", "region", None, FEW),
    Row("exposure", "mentor", "function", "HEAD_OF_MISSION", Interval(0.2, 0.1, 0.3, 40)),
    Row("surplus", "mentee", "gender", "OTHER", FEW),
)


async def record(run: models.MatchRun, *rows: Row) -> list[models.MatchAudit]:
    async with in_transaction():
        return await match_audits.record(run, rows)


async def test_every_row_of_an_audit_is_kept_with_its_run() -> None:
    run = await factories.make_run()
    await record(run, *ROWS)
    kept = {cell.measure: cell for cell in await models.MatchAudit.filter(run=run)}
    rate, exposure = kept[AuditMeasure.MATCH_RATE], kept[AuditMeasure.EXPOSURE]
    assert (rate.side, rate.group_kind, rate.group_value) == (
        PairSide.MENTEE,
        GroupKind.GENDER,
        "FEMALE",
    )
    assert (rate.value, rate.low, rate.high, rate.people) == (0.75, 0.5, 0.9, 16)
    assert not rate.reason
    assert (exposure.side, exposure.people) == (PairSide.MENTOR, 40)


async def test_a_group_of_few_has_a_reason_and_no_number() -> None:
    run = await factories.make_run()
    await record(run, *ROWS)
    few = await models.MatchAudit.filter(run=run, value__isnull=True).order_by("measure")
    assert [cell.group_value for cell in few] == ["UNKNOWN", "OTHER"]
    for cell in few:
        assert (cell.low, cell.high, cell.people) == (None, None, None)
        assert cell.reason == FEW.reason


async def test_a_figure_of_few_people_is_refused_with_all_others() -> None:
    run = await factories.make_run()
    small = Row("rank", "mentee", "gender", "MALE", Interval(1.0, 1.0, 1.0, 9))
    async with refused("INVALID", "rows", saying="needs 10 people"):
        await record(run, *ROWS, small)


async def test_a_run_is_audited_once() -> None:
    run = await factories.make_run()
    await record(run, *ROWS[:1])
    async with refused("CONFLICT", "run", saying="written once"):
        await record(run, *ROWS[1:])


@pytest.mark.parametrize("change", [{"measure": "height"}, {"attribute": "shoes"}])
async def test_a_measure_without_a_word_is_never_kept(change: dict[str, Any]) -> None:
    run = await factories.make_run()
    strange = Row(**vars(ROWS[0]) | change)
    with pytest.raises(ValueError, match=next(iter(change.values())).upper()):
        await record(run, strange)
    assert await models.MatchAudit.all().count() == 0
