"""What the database tells of match runs: after the commit, once, to whoever follows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

from service import database, match_proposals, match_runs, models
from service.access.actors import Actor
from service.access.roles import Role
from service.change_notices import CALLED, ChangeNotices, Following
from service.match_proposals import ProposalApproval, ProposalRejection
from service.match_runs import MatchRunStart
from service.models.vocabulary import ProposalState
from tests import factories, programmes

# Only tells what hangs from what is slow.
PATIENCE = 30


@pytest.fixture
async def notices(fresh_url: str) -> AsyncIterator[ChangeNotices]:
    """An ear on a database of the test's own, which the models are bound to as well."""
    notices = ChangeNotices(fresh_url, [models.MatchRun])
    async with database.connected(fresh_url), listening(notices):
        yield notices


@asynccontextmanager
async def listening(notices: ChangeNotices) -> AsyncIterator[None]:
    """Until the end of the block the ear is open, and was before it began."""
    async with notices.heard():
        with notices.following(models.MatchRun) as following:
            while True:
                await told(uuid4())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await following.unseen()
                        break
        yield


async def told(row_id: UUID | str) -> None:
    """Says by hand what a trigger would say."""
    await connections.get("default").execute_query(
        "SELECT pg_notify('match_run_changed', $1)", [str(row_id)]
    )


async def seen(following: Following) -> UUID | None:
    async with asyncio.timeout(PATIENCE):
        return await following.unseen()


async def nothing_more(following: Following) -> None:
    """What comes after a notice of our own was not kept back by anything before it."""
    last = uuid4()
    await told(last)
    assert await seen(following) == last


async def started(by: Actor) -> models.MatchRun:
    return await match_runs.start(MatchRunStart(), by=by)


async def test_a_run_is_told_once_it_is_stored(notices: ChangeNotices) -> None:
    manager = factories.an_actor(Role.MENTORING_MANAGER)
    await programmes.programme(mentors=3, requests=3)
    with notices.following(models.MatchRun) as following:
        run = await started(manager)
        assert await seen(following) == run.id
        # The same inputs, the same run: nothing changed.
        await started(manager)
        await nothing_more(following)


async def test_decisions_and_what_they_supersede_are_told(notices: ChangeNotices) -> None:
    manager = factories.an_actor(Role.MENTORING_MANAGER)
    programme = await programmes.programme(mentors=3, requests=3)
    with notices.following(models.MatchRun) as following:
        run = await started(manager)
        assert await seen(following) == run.id
        first, second, _ = await models.MatchProposal.filter(run=run).order_by("id")
        await match_proposals.approve(ProposalApproval(id=first.id, version=1), by=manager)
        assert await seen(following) == run.id
        await match_proposals.reject(
            ProposalRejection(id=second.id, version=1, reason="They are related."), by=manager
        )
        assert await seen(following) == run.id
        await programme.request()
        newer = await started(manager)
        # The newer run supersedes what still stood of the older one, in one transaction.
        assert {await seen(following), await seen(following)} == {run.id, newer.id}
        await nothing_more(following)


async def test_what_is_rolled_back_is_never_told(notices: ChangeNotices) -> None:
    manager = factories.an_actor(Role.MENTORING_MANAGER)
    await programmes.programme(mentors=1, requests=1)
    with notices.following(models.MatchRun) as following:
        with contextlib.suppress(ZeroDivisionError):
            async with in_transaction():
                await started(manager)
                raise ZeroDivisionError
        await nothing_more(following)


async def test_changes_that_decide_nothing_are_not_told(notices: ChangeNotices) -> None:
    with notices.following(models.MatchRun) as following:
        run = await factories.make_run()
        assert await seen(following) == run.id
        proposal = await factories.make_proposal(run=run)
        await models.MatchProposal.filter(id=proposal.id).update(version=5)
        await models.MatchProposal.filter(id=proposal.id).update(state=ProposalState.PROPOSED)
        await models.MatchProposal.filter(id=uuid4()).update(state=ProposalState.SUPERSEDED)
        await nothing_more(following)


async def test_a_follower_of_one_run_hears_of_no_other(notices: ChangeNotices) -> None:
    mine, other = uuid4(), uuid4()
    with notices.following(models.MatchRun, mine) as following:
        for row_id in (other, mine, other):
            await told(row_id)
        assert await seen(following) == mine


async def test_what_is_no_id_says_nothing(notices: ChangeNotices) -> None:
    with notices.following(models.MatchRun) as following:
        await told("")
        await told("everything")
        await nothing_more(following)


async def test_a_follower_who_never_looks_keeps_each_id_once_and_the_latest_hundred() -> None:
    following = Following(None)
    ids = [uuid4() for _ in range(150)]
    for row_id in ids * 20:
        following.tell(row_id)
    following.wake()
    assert [await following.unseen() for _ in range(100)] == ids[50:]
    following.wake()
    assert await following.unseen() is None


async def test_a_lost_ear_listens_again_and_sends_its_followers_to_look(
    notices: ChangeNotices,
) -> None:
    wanted = uuid4()
    with (
        notices.following(models.MatchRun) as following,
        notices.following(models.MatchRun, wanted) as other,
    ):
        run = await factories.make_run()
        assert await seen(following) == run.id
        async with database.session(notices._url) as session:
            await session.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = $1",
                CALLED,
            )
        assert await seen(following) == run.id
        assert await seen(other) == wanted
        await nothing_more(following)


async def test_nobody_is_left_listening(notices: ChangeNotices) -> None:
    with notices.following(models.MatchRun):
        assert notices.followers == 1
    assert notices.followers == 0


async def test_an_ear_waits_for_a_database_that_is_not_there(
    fresh_url: str, database_url: str
) -> None:
    name = urlsplit(fresh_url).path.lstrip("/")
    notices = ChangeNotices(fresh_url, [models.MatchRun])
    async with database.session(database_url) as owner:
        await owner.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
        with notices.following(models.MatchRun, wanted := uuid4()) as following:
            async with notices.heard():
                await asyncio.sleep(0.3)
                await owner.execute(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')
                # Nothing was told: the first look is the one of every new connection.
                assert await seen(following) == wanted
