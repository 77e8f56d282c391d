"""What is configured, reachable and current, for whoever looks after an installation.

It refuses to mend anything: each fault says what to do.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from schema import allowances, console_bundle
from service import database, jobs, startups
from service.errors import Refusal
from service.settings import Settings, misspelt


@dataclass
class Diagnosis:
    """What was found by subject, and what is wrong."""

    findings: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def diagnose(settings: Settings) -> Diagnosis:
    """The state of the installation that these settings describe."""
    found = Diagnosis(faults=misspelt(os.environ))
    found.findings["settings"] = f"{settings.environment}, data in {settings.data_dir}"

    async def schedule() -> None:
        jobs.check_schedule(settings.nightly_at)

    async def limits() -> None:
        allowances.by_role(settings.limits)

    async def tables() -> None:
        async with startups.located(settings) as url:
            found.findings["database"] = await database.version(url)
        async with startups.ready(settings):
            found.findings["tables"] = "current"

    for look in (schedule, limits, tables):
        await _look(look, found.faults)
    if console_bundle.is_built():
        found.findings["console"] = "built"
    else:
        found.faults.append("The console is not built; run cadre console build.")
    return found


async def _look(look: Callable[[], Awaitable[None]], faults: list[str]) -> None:
    try:
        await look()
    except Refusal as refusal:
        faults.append(refusal.message)
