"""All that a demonstration needs: the invented world, a first match run, tokens for each role.

What stands already stays, so a second start costs nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from seeds import accounts
from seeds import demo as world
from service import database, match_runs, models, startups
from service.access.actors import Actor
from service.models.vocabulary import MatchRunTrigger
from service.settings import Settings


async def furnish(
    settings: Settings,
    *,
    by: Actor,
    progress: Callable[[str], None],
    working: Callable[[str], AbstractContextManager[None]],
) -> None:
    """Furnishes the database that the settings name; `working` stands around each long step."""
    # Two demonstrations that start at once on one folder would plant the same rows.
    async with startups.ready(settings) as url, database.turn(url, "plant"):
        with working("Planting the demonstration world"):
            planted = await world.plant(environment=settings.environment, progress=progress)
        if not await models.MatchRun.exists():
            with working("Pairing everybody who waits"):
                outcome = await match_runs.run_match(MatchRunTrigger.COMMAND_LINE, by=by)
            progress(f"The first match run proposes {outcome.run.proposal_count} pairs.")
        await accounts.issue_tokens(settings.demo_tokens, planted)
