"""Stored runs hold whatever became of the world since, and every change of one is found."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tortoise.exceptions import IntegrityError

from schema.root import assembled
from service import database, match_inputs, match_proofs, models
from service.access.actors import Actor, Grant, system
from service.access.roles import Role
from service.errors import NotFound
from service.match_proofs import Finding, verify
from service.match_runs import Outcome, run_match
from service.models.vocabulary import MatchRunTrigger
from tests.matching.worlds import a_world
from tests.programmes import LONG_AGO, programme

WORKER = system("tests")


@pytest.fixture(autouse=True)
async def connection(fresh_url: str) -> AsyncIterator[None]:
    async with database.connected(fresh_url):
        yield


async def run() -> Outcome:
    return await run_match(MatchRunTrigger.COMMAND_LINE, by=WORKER)


async def forge(url: str, *statements: str) -> None:
    """Changes what the database holds as its owner could, past every trigger."""
    async with database.session(url) as forger:
        await forger.execute("SET session_replication_role = replica")
        for statement in statements:
            await forger.execute(statement)


async def test_a_stored_run_holds_also_once_the_world_has_moved_on() -> None:
    world = await programme(mentors=2, requests=3)
    await run()
    await models.Mentor.all().update(withdrawn_at=LONG_AGO, capacity=0)
    await models.PersonLanguage.all().delete()
    await world.request()
    await run()
    assert [finding async for finding in match_proofs.findings(every=True)] == [
        Finding(number=1, pairs=2, objective=(await models.MatchRun.get(number=1)).objective),
        Finding(number=2, pairs=0, objective=(await models.MatchRun.get(number=2)).objective),
    ]
    assert (await verify()).number == 2
    assert (await verify(1)).holds


async def test_a_run_of_nobody_holds() -> None:
    await run()
    assert (await verify()).holds


async def test_a_run_that_is_not_there_is_said() -> None:
    with pytest.raises(NotFound, match="There is no match run yet"):
        await verify()
    with pytest.raises(NotFound, match="There is no match run 7"):
        await verify(7)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE match_run SET prices = (SELECT jsonb_object_agg(key, 1) FROM jsonb_each(prices))",
            "worth more than surplus plus price",
        ),
        (
            "UPDATE match_run SET surpluses = '{}'",
            "a surplus lies below the unmatched value",
        ),
        ("UPDATE match_run SET gap = 0.5", "totals differ from"),
        ("UPDATE match_run SET bound = bound + 1", "totals differ from"),
        ("UPDATE match_run SET objective = objective + 1", "objective is not what the history"),
        (
            "UPDATE match_run SET input_digest = repeat('0', 64)",
            "input_digest is not what the history says",
        ),
        (
            'UPDATE match_run SET versions = \'{"matching": "0"}\'',
            "versions is not what the history says",
        ),
        (
            "UPDATE match_run SET configuration = configuration || '{\"unmatched_value\": 0.1}'",
            "input digest differs",
        ),
        (
            "UPDATE match_run SET configuration = '{\"unmatched_value\": 7}'",
            "unmatched_value cannot be 7",
        ),
        ("UPDATE match_proposal SET score = score + 0.1", "score or contributions differ from"),
        (
            "UPDATE match_proposal SET contributions = contributions || '{\"goals\": 1}'",
            "score or contributions differ from",
        ),
        (
            "UPDATE match_proposal SET mentor_id = (SELECT mentor_id FROM match_proposal LIMIT 1)",
            "2 proposals are more than the free places",
        ),
        ("DELETE FROM match_proposal", "proposal_count is 2, and 0 are stored"),
        ("DELETE FROM unmatched_mentee", "not every waiting mentee is answered exactly once"),
        ("UPDATE match_run_input SET content = 'nonsense'", "the inputs cannot be read"),
    ],
)
async def test_whatever_is_changed_of_a_stored_run_is_found_and_named(
    fresh_url: str, statement: str, fault: str
) -> None:
    await programme(mentors=2, requests=3)
    await run()
    assert (await verify()).holds
    await forge(fresh_url, statement)
    finding = await verify()
    assert not finding.holds
    assert any(fault in each for each in finding.faults), finding.faults


async def test_inputs_that_say_something_else_are_found(fresh_url: str) -> None:
    await programme(mentors=1, requests=1)
    await run()
    kept = match_proofs.unpacked((await models.MatchRunInput.get()).content)
    mentee = replace(kept.mentees[0], waiting_days=0)
    content = match_proofs.packed(replace(kept, mentees=(mentee,)))
    await forge(fresh_url, f"UPDATE match_run_input SET content = '\\x{content.hex()}'")
    assert "input digest differs" in (await verify()).faults


async def test_a_run_without_its_inputs_is_left_out_and_not_called_sound() -> None:
    await programme(mentors=1, requests=1)
    await run()
    # What a lawful erasure does.
    await models.MatchRunInput.all().delete()
    finding = await verify()
    assert (finding.holds, finding.faults) == (False, ())
    assert finding.left_out == "what it was computed from is not stored"


async def test_a_run_of_another_version_of_the_matcher_is_left_out(fresh_url: str) -> None:
    await programme(mentors=1, requests=1)
    await run()
    await forge(
        fresh_url,
        'UPDATE match_run SET versions = versions || \'{"matching": "0"}\'',
        "DELETE FROM audit_value",
    )
    finding = await verify()
    assert (finding.holds, finding.faults) == (False, ())
    assert finding.left_out is not None
    assert finding.left_out.startswith("version 0 of the matcher computed it, and this is version")


async def test_the_inputs_of_a_run_are_never_rewritten() -> None:
    await programme(mentors=1, requests=1)
    await run()
    with pytest.raises(IntegrityError, match="match_run_input is append-only"):
        await models.MatchRunInput.all().update(content=b"")


async def test_the_inputs_of_a_run_are_in_no_answer_of_the_api_and_open_to_no_role() -> None:
    assert models.MatchRunInput not in assembled().nodes
    assert "inputs" not in assembled().nodes[models.MatchRun].fields
    everything = Actor(grants=tuple(Grant(role) for role in Role))
    assert {noun for _, noun in everything.reaches} & {"match_run", "match_run_input"} == {
        "match_run"
    }


@pytest.mark.parametrize("seed", range(20))
def test_packed_inputs_come_back_as_they_were(seed: int) -> None:
    world = a_world(seed, n=20, m=9)
    inputs = match_inputs.Inputs(
        tuple(world.mentees),
        tuple(world.mentors),
        frozenset(world.fixed),
        frozenset(world.closed_badly),
    )
    found = match_proofs.unpacked(match_proofs.packed(inputs))
    assert {one.id: one for one in found.mentees} == {one.id: one for one in world.mentees}
    assert {one.id: one for one in found.mentors} == {one.id: one for one in world.mentors}
    assert (found.fixed, found.closed_badly) == (inputs.fixed, inputs.closed_badly)
    assert found.digest == inputs.digest
    turned = replace(inputs, mentees=inputs.mentees[::-1], mentors=inputs.mentors[::-1])
    assert match_proofs.packed(turned) == match_proofs.packed(inputs)
