"""Learned models: kept once, put in force by a second pair of eyes, one at a time."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from tortoise.transactions import in_transaction

from service import compatibility_models, models
from service.access.actors import Actor, system
from service.access.roles import Role
from service.compatibility_models import Learned, ModelDecision
from service.models.vocabulary import ModelKind, ModelState
from tests import factories
from tests.factories import history_of
from tests.refusals import refused

pytestmark = pytest.mark.usefixtures("database")

ARCHIVE = b"numbers"
LEARNED = Learned(
    model_version="linear-0a1b2c",
    kind=ModelKind.LINEAR,
    row_count=512,
    verdict="The logistic beats the base rate.",
    figures={"brier": 0.2, "trials": [{"auc": 0.63}]},
    archive=ARCHIVE,
    archive_sha256=sha256(ARCHIVE).hexdigest(),
)


def a_decision(row: models.CompatibilityModel, version: int = 1) -> ModelDecision:
    return ModelDecision(id=row.id, version=version, reason="Looked at with care.")


async def a_draft(by: Actor, learned: Learned = LEARNED) -> models.CompatibilityModel:
    async with in_transaction():
        return await compatibility_models.draft(learned, by=by)


async def test_a_draft_is_kept_whole_with_its_history(hr: Actor) -> None:
    row = await a_draft(hr)
    stored = await models.CompatibilityModel.get(id=row.id)
    assert {name: getattr(stored, name) for name in vars(LEARNED)} == vars(LEARNED)
    assert (stored.state, stored.trained_by_id) == (ModelState.DRAFT, hr.account_id)
    ((verb, changes),) = await history_of(row.id)
    assert (verb, changes["model_version"]) == ("draft", [None, "linear-0a1b2c"])
    assert "archive" not in changes


async def test_the_same_numbers_are_kept_once(hr: Actor) -> None:
    first = await a_draft(hr)
    again = await a_draft(factories.an_actor(Role.HR_OFFICER))
    assert again.id == first.id
    assert len(await history_of(first.id)) == 1
    assert await models.CompatibilityModel.all().count() == 1


async def test_the_experts_weights_are_kept_without_an_archive(hr: Actor) -> None:
    experts = Learned(
        model_version="expert-1",
        kind=ModelKind.EXPERT_WEIGHTS,
        row_count=0,
        verdict="Too few ratings to learn from.",
        figures={"weights": {"function": 0.22}},
    )
    row = await a_draft(hr, experts)
    assert (await models.CompatibilityModel.get(id=row.id)).archive is None


async def test_an_approved_model_is_in_force_and_the_one_before_it_retires(hr: Actor) -> None:
    assert await compatibility_models.in_force() is None
    first, second = await factories.make_model(), await factories.make_model()
    await compatibility_models.approve(a_decision(first), by=hr)
    assert await compatibility_models.in_force() == first
    await compatibility_models.approve(a_decision(second), by=hr)
    assert await compatibility_models.in_force() == second
    older = await models.CompatibilityModel.get(id=first.id)
    assert (older.state, older.version) == (ModelState.RETIRED, 3)
    assert older.decided_at is not None
    assert older.retired_at is not None
    verbs = [verb for verb, _ in await history_of(first.id)]
    assert verbs == ["approve", "retire"]
    event = await models.AuditEvent.get(aggregate_id=first.id, verb="retire")
    assert event.reason == f"Replaced by {second.model_version}."


@pytest.mark.parametrize("role", [Role.HR_OFFICER, Role.MENTORING_MANAGER])
async def test_whoever_trained_a_model_does_not_approve_it(role: Role) -> None:
    trainer = factories.an_actor(role)
    row = await a_draft(trainer)
    async with refused("NOT_ALLOWED", saying="somebody else approves"):
        await compatibility_models.approve(a_decision(row), by=trainer)
    approved = await compatibility_models.approve(a_decision(row), by=factories.an_actor(role))
    assert approved.state == ModelState.APPROVED


async def test_whoever_trained_a_model_may_turn_it_down(hr: Actor) -> None:
    row = await a_draft(hr)
    rejected = await compatibility_models.reject(a_decision(row), by=hr)
    assert (rejected.state, rejected.decided_by_id) == (ModelState.REJECTED, hr.account_id)
    assert await compatibility_models.in_force() is None


async def test_a_machine_decides_nothing() -> None:
    row = await factories.make_model()
    for decide in (compatibility_models.approve, compatibility_models.reject):
        async with refused("NOT_ALLOWED", saying="A person"):
            await decide(a_decision(row), by=system("The night"))


async def test_retiring_goes_back_to_the_experts(hr: Actor) -> None:
    row = await factories.make_model()
    await compatibility_models.approve(a_decision(row), by=hr)
    await compatibility_models.retire(a_decision(row, version=2), by=hr)
    assert await compatibility_models.in_force() is None


DECIDE: dict[str, Any] = {
    "approve": compatibility_models.approve,
    "reject": compatibility_models.reject,
    "retire": compatibility_models.retire,
}
ALLOWED = {("DRAFT", "approve"), ("DRAFT", "reject"), ("APPROVED", "retire")}


@pytest.mark.parametrize("state", ModelState)
@pytest.mark.parametrize("verb", DECIDE)
async def test_only_the_next_step_is_taken(hr: Actor, state: ModelState, verb: str) -> None:
    decided: dict[str, Any] = {
        "decided_at": factories.NOON,
        "decided_by_id": uuid4(),
        "decision_reason": "Good.",
    }
    retired = {"retired_at": factories.NOON} if state is ModelState.RETIRED else {}
    row = await factories.make_model(
        state=state, **({} if state is ModelState.DRAFT else decided), **retired
    )
    if (state, verb) in ALLOWED:
        assert (await DECIDE[verb](a_decision(row), by=hr)).version == 2
        return
    async with refused("CONFLICT", "id", saying=f"is {state.label.lower()}"):
        await DECIDE[verb](a_decision(row), by=hr)


@pytest.mark.parametrize("verb", DECIDE)
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("anonymous", "NOT_SIGNED_IN"),
        ("stranger", "NOT_FOUND"),
        ("owner", "NOT_FOUND"),
        ("hr_elsewhere", "NOT_FOUND"),
        ("hr_here", "NOT_FOUND"),
        ("auditor", "NOT_ALLOWED"),
        ("administrator", "NOT_FOUND"),
    ],
)
async def test_others_decide_nothing(kind: str, code: str, verb: str) -> None:
    row = await factories.make_model()
    callers = factories.callers(await factories.make_person(), await factories.make_mission())
    async with refused(code, *(["id"] if code == "NOT_FOUND" else [])):
        await DECIDE[verb](a_decision(row), by=callers[kind])


async def test_of_two_approvals_at_once_one_counts(hr: Actor) -> None:
    rows = [await factories.make_model() for _ in range(3)]
    await asyncio.gather(
        *(compatibility_models.approve(a_decision(row), by=hr) for row in rows),
        return_exceptions=True,
    )
    assert await models.CompatibilityModel.filter(state=ModelState.APPROVED).count() == 1


async def test_an_older_version_is_not_decided_upon(hr: Actor) -> None:
    row = await factories.make_model(version=2)
    async with refused("VERSION_CONFLICT", "version"):
        await compatibility_models.approve(a_decision(row), by=hr)
