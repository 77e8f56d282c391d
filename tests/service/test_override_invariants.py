"""What the database holds of pins and bans by itself: each rule broken by raw SQL."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service import clock, models
from tests import factories
from tests.service.test_invariants import copy_of, run, violates

pytestmark = pytest.mark.usefixtures("database")

LEAP_DAY = date(2024, 2, 29)
NOT_AN_OVERRIDE: dict[str, dict[str, Any]] = {
    "match_override_reason_check": {"reason": "  "},
    "match_override_decision_check": {"decided_by_id": uuid4()},
    "match_override_decline_check": {"decline_reason": "Hearsay."},
    "match_override_withdrawal_check": {"withdrawal_reason": "They made peace."},
}
APPROVE = (
    "UPDATE match_override SET state = 'IN_FORCE', decided_on = proposed_on,"
    " decided_by_id = {}, version = 2 WHERE id = $1"
)


@pytest.mark.parametrize("constraint", NOT_AN_OVERRIDE)
async def test_an_override_cannot_be_nonsense(constraint: str) -> None:
    row = await factories.make_override()
    await violates(
        constraint, *await copy_of("match_override", row.id, **NOT_AN_OVERRIDE[constraint])
    )


@pytest.mark.parametrize("days", [-1, 0, 366, 4000])
async def test_an_override_ends_after_its_day_and_within_a_year(days: int) -> None:
    row = await factories.make_override(proposed_on=LEAP_DAY, ends_on=date(2025, 2, 28))
    changes = {"ends_on": LEAP_DAY + timedelta(days=days), "mentor_id": uuid4()}
    await violates(
        "match_override_period_check", *await copy_of("match_override", row.id, **changes)
    )


async def test_nobody_approves_what_they_proposed() -> None:
    row = await factories.make_override()
    await violates("match_override_four_eyes_check", APPROVE.format("proposed_by_id"), row.id)
    await violates("match_override_decision_check", APPROVE.format("NULL"), row.id)
    await run(APPROVE.format("id"), row.id)


async def test_one_override_lives_for_a_pair_until_its_day() -> None:
    row = await factories.make_override(state="IN_FORCE")
    await violates(
        "match_override_live", *await copy_of("match_override", row.id, state="IN_FORCE")
    )
    await violates(
        "match_override_live",
        *await copy_of(
            "match_override",
            row.id,
            kind="PIN",
            proposed_on=row.ends_on - timedelta(days=1),
            decided_on=row.ends_on,
            ends_on=row.ends_on + timedelta(days=9),
        ),
    )
    await run(
        *await copy_of(
            "match_override",
            row.id,
            proposed_on=row.ends_on,
            decided_on=row.ends_on,
            ends_on=row.ends_on + timedelta(days=9),
        )
    )


@pytest.mark.parametrize(
    "over",
    [
        {"state": "DECLINED", "decline_reason": "Hearsay."},
        {"state": "WITHDRAWN", "withdrawn_on": LEAP_DAY, "withdrawal_reason": "They made peace."},
    ],
)
async def test_what_was_declined_or_withdrawn_leaves_room(over: dict[str, Any]) -> None:
    row = await factories.make_override(**over)
    again = await factories.make_override(request_id=row.request_id, mentor_id=row.mentor_id)
    assert again.id != row.id


async def test_one_pin_is_in_force_for_a_request_at_a_time() -> None:
    row = await factories.make_override(kind="PIN", state="IN_FORCE")
    for kind in ("BAN", "PIN"):
        other = await factories.make_override(request_id=row.request_id, kind=kind)
        if kind == "BAN":
            await run(APPROVE.format("id"), other.id)
            continue
        await violates("match_override_pin", APPROVE.format("id"), other.id)
        late = APPROVE.replace("decided_on = proposed_on", "decided_on = ends_on").format("id")
        await run(late, other.id)


@pytest.mark.parametrize(
    "assignment",
    [
        "reason = 'Hearsay.', version = 2",
        "kind = 'PIN', version = 2",
        "ends_on = ends_on - 1, version = 2",
        "proposed_by_id = id, version = 2",
        "version = 2",
        "state = 'DECLINED', decided_on = proposed_on, decided_by_id = id, decline_reason = 'No.'",
        "state = 'WITHDRAWN', withdrawn_on = proposed_on, withdrawal_reason = 'No.', version = 2",
    ],
)
async def test_an_override_is_decided_step_by_step_and_never_rewritten(assignment: str) -> None:
    row = await factories.make_override()
    await violates(
        "match_override_frozen", f"UPDATE match_override SET {assignment} WHERE id = $1", row.id
    )


async def test_who_approved_an_override_stays() -> None:
    row = await factories.make_override(state="IN_FORCE")
    withdraw = (
        "UPDATE match_override SET state = 'WITHDRAWN', withdrawn_on = proposed_on,"
        " withdrawal_reason = 'Peace.', version = 2{} WHERE id = $1"
    )
    await violates("match_override_frozen", withdraw.format(", decided_by_id = id"), row.id)
    await run(withdraw.format(""), row.id)
    stored = await models.MatchOverride.get(id=row.id)
    assert stored.decided_by_id == row.decided_by_id
    assert stored.decided_on == await clock.today()


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_an_override_is_never_removed(statement: str) -> None:
    await violates("match_override_append_only", statement.format("match_override"))
