"""Learning from rated cycles: kept as a draft, and used by runs once a person has approved it."""

from collections.abc import AsyncIterator

import pytest
from tortoise.transactions import in_transaction

import matching
from matching.archives import archived
from service import compatibility_models, database, lessons, match_proofs, models
from service.access.roles import Role
from service.compatibility_models import Learned, ModelDecision
from service.match_inputs import CONFIGURATION
from service.match_runs import run_match
from service.models.vocabulary import MatchRunTrigger, ModelKind, ModelState
from tests import factories
from tests.matching.cycles import outcomes
from tests.programmes import programme


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url, pool_size=4):
        yield


def a_lesson() -> Learned:
    """A logistic learned from invented cycles."""
    archive = archived(matching.learn(outcomes(600), configuration=CONFIGURATION))
    return Learned(
        model_version=archive.version,
        kind=ModelKind.LINEAR,
        row_count=600,
        verdict="It beats the base rate.",
        figures=archive.record,
        archive=archive.content,
        archive_sha256=archive.sha256,
    )


async def approved(learned: Learned) -> models.CompatibilityModel:
    async with in_transaction():
        draft = await compatibility_models.draft(learned, by=factories.an_actor(Role.HR_OFFICER))
    decision = ModelDecision(id=draft.id, version=1, reason="Looked at with care.")
    manager = factories.an_actor(Role.MENTORING_MANAGER)
    return await compatibility_models.approve(decision, by=manager)


async def test_without_ratings_the_experts_weights_stand_and_that_is_kept() -> None:
    by = factories.an_actor(Role.HR_OFFICER)
    found = await lessons.learn(by=by)
    assert (found.kind, found.state) == (ModelKind.EXPERT_WEIGHTS, ModelState.DRAFT)
    assert (found.archive, found.row_count) == (None, 0)
    assert "the experts' weights stand" in found.verdict
    assert (await lessons.learn(by=by)).id == found.id


async def test_a_run_uses_the_model_in_force_and_no_draft_and_proves_itself_with_it() -> None:
    await programme(mentors=2, requests=2)
    by, learned = factories.an_actor(Role.HR_OFFICER), a_lesson()
    async with in_transaction():
        await compatibility_models.draft(learned, by=by)
    before = (await run_match(MatchRunTrigger.COMMAND_LINE, by=by)).run
    assert before.configuration["version"] == CONFIGURATION.version
    await approved(learned)
    outcome = await run_match(MatchRunTrigger.COMMAND_LINE, by=by)
    assert outcome.is_new
    assert outcome.run.configuration["version"] == learned.model_version
    assert outcome.run.configuration["weights"] != before.configuration["weights"]
    assert (await match_proofs.verify()).holds
    again = await run_match(MatchRunTrigger.COMMAND_LINE, by=by)
    assert not again.is_new


async def test_a_run_keeps_whom_it_served_how_well_and_what_cannot_be_known() -> None:
    await programme(mentors=2, requests=3)
    outcome = await run_match(MatchRunTrigger.NIGHTLY, by=factories.an_actor(Role.HR_OFFICER))
    cells = await models.MatchAudit.filter(run=outcome.run)
    assert {cell.measure.lower() for cell in cells} == {
        "match_rate",
        "surplus",
        "rank",
        "exposure",
    }
    assert all(cell.value is None and cell.reason for cell in cells), "three people are too few"
    stored = await models.MatchRun.get(id=outcome.run.id)
    assert stored.propensities is not None
    assert "not identifiable" in stored.propensities
