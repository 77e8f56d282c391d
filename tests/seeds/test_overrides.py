"""Pins and bans of the demonstration world: to look at and to approve, and without any effect."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from seeds import demo
from service import match_inputs, match_overrides, models
from service.access.roles import Role
from service.match_overrides import OverrideApproval
from tests import factories

Pairs = frozenset[tuple[str, str]]
Fresh = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
async def planted(fresh: Fresh) -> AsyncIterator[demo.World]:
    async with fresh():
        yield await demo.plant(people=demo.CAST)


async def pairs(**given: Any) -> Pairs:
    """The pairs of overrides like these, as the matcher takes them."""
    rows = await models.MatchOverride.filter(**given)
    return frozenset((str(row.request_id), str(row.mentor_id)) for row in rows)


async def proposed(**terms: Any) -> set[tuple[str, str]]:
    """Whom a match would propose to whom under these decisions."""
    inputs = match_inputs.records(await match_inputs.read())
    run = replace(inputs, terms=replace(inputs.terms, **terms)).pair()
    return {(one.mentee_id, one.mentor_id) for one in run.proposals}


async def test_a_ban_is_in_force_and_a_pin_and_a_ban_await_their_approval(
    planted: demo.World,
) -> None:
    rows = await models.MatchOverride.all().values_list("kind", "state", "version")
    assert sorted(rows) == [("BAN", "IN_FORCE", 2), ("BAN", "PROPOSED", 1), ("PIN", "PROPOSED", 1)]


async def test_the_ban_in_force_changes_nothing_that_is_proposed(planted: demo.World) -> None:
    assert len(await pairs(kind="BAN", state="IN_FORCE")) == 1
    without = await proposed(bans=frozenset())
    assert len(without) > 10
    assert await proposed() == without


async def test_the_pin_can_be_kept_and_approved(planted: demo.World) -> None:
    (pin,) = await pairs(kind="PIN")
    assert pin in await proposed(pins=frozenset({pin}))
    row = await models.MatchOverride.get(kind="PIN")
    change = OverrideApproval(id=row.id, version=1)
    approved = await match_overrides.approve(change, by=factories.an_actor(Role.HR_OFFICER))
    assert approved.state == "IN_FORCE"
