"""All that a demonstration needs: the invented world, a first match run, tokens for each role.

What stands already stays, so a second start costs nothing.
"""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

from rich.console import Console
from rich.table import Table

from seeds import accounts
from seeds import demo as world
from service import database, match_runs, models, startups
from service.access.actors import Actor
from service.access.roles import DUTIES, Role
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


def welcome(settings: Settings, listener: socket.socket, *, console: Console) -> None:
    """Says where the demonstration is served, and how to sign in as whom."""
    host, port = listener.getsockname()[:2]
    table = Table("Role", "What it is for", box=None, pad_edge=False)
    for role in Role:
        table.add_row(role, DUTIES[role].meaning)
    console.print(table)
    console.print(
        f"\nOpen http://{f'[{host}]' if ':' in host else host}:{port} and choose a role to sign in."
        f"\nThe tokens of all roles lie in {settings.demo_tokens}. Ctrl-C stops everything."
    )
