"""The command line of operators: it starts things, asks `service` and tells what came of it.

It refuses to hold rules: every command is a few lines around an operation, and an
expected failure is one sentence on standard error and an exit code other than 0.
"""

# ruff: noqa: PLC0415 - a command loads only the rooms it needs, so that it starts at once.

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer
import uvloop
from pydantic import SecretStr, ValidationError
from rich.console import Console

from service import database, logs, models, startups
from service.access.actors import system
from service.access.roles import DUTIES, Role
from service.errors import Refusal, gist
from service.models.vocabulary import MatchRunTrigger
from service.settings import Environment, Settings, misspelt

T = TypeVar("T")
OPERATOR = system("Command line")
SDL = Path(__file__).parent / "schema" / "schema.graphql"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Cadre: the pipeline of senior leaders, as a service.",
)
seed_app = typer.Typer(no_args_is_help=True, help="Plants data in the database.")
match_app = typer.Typer(no_args_is_help=True, help="Pairs mentees with mentors.")
token_app = typer.Typer(no_args_is_help=True, help="Makes tokens to sign in with.")
operations_app = typer.Typer(no_args_is_help=True, help="Registers operations of front ends.")
verify_app = typer.Typer(help="Looks for what is not as it was written.")
console_app = typer.Typer(no_args_is_help=True, help="The console's pages.")
for name, group in {
    "seed": seed_app,
    "match": match_app,
    "token": token_app,
    "operations": operations_app,
    "console": console_app,
    "verify": verify_app,
}.items():
    app.add_typer(group, name=name)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")]

# Answers go to standard output; everything told along the way goes beside them.
_answers = Console(soft_wrap=True, highlight=False)
_asides = Console(stderr=True, soft_wrap=True, highlight=False)


def main() -> None:
    """The entry of the `cadre` command."""
    app(prog_name="cadre")


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serves console and API until it is told to stop."""
    from schema import servers

    settings = _settings(host=host, port=port)

    async def work() -> None:
        with servers.listening(settings) as listener:
            async with startups.checked(settings) as url:
                await servers.serve(_on(settings, url), listener)

    _run(work(), log_level=settings.log_level)


@app.command()
def worker(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Do the night's jobs now, then end.")
    ] = False,
) -> None:
    """Does the nightly jobs: the match run and the audit checkpoint."""
    from service import jobs

    settings = _settings()

    async def work() -> None:
        if once:
            async with startups.ready(settings):
                await jobs.match()
                await jobs.checkpoint()
            return
        async with startups.checked(settings) as url:
            await jobs.work(url, nightly_at=settings.nightly_at)

    _run(work(), log_level=settings.log_level)


@app.command()
def migrate() -> None:
    """Brings the database's tables to this version."""
    settings = _settings()

    async def work() -> list[str]:
        async with startups.located(settings) as url:
            return await database.migrate(url, progress=_tell)

    ran = _run(work())
    _answers.print(f"Ran {len(ran)} migrations." if ran else "The tables are current.")


@seed_app.command("reference")
def seed_reference() -> None:
    """Plants missions, Member States, terms, frameworks and scales; repeating is free."""
    from seeds import reference

    settings = _settings()

    async def work() -> None:
        async with startups.ready(settings):
            with _working("Planting reference data"):
                await reference.plant(progress=_tell)

    _run(work())


@seed_app.command("demo")
def seed_demo(
    people: Annotated[int, typer.Option(help="How many people to invent.")] = 2_500,
    seed: Annotated[int, typer.Option(help="The seed: the same one gives the same world.")] = 2016,
) -> None:
    """Plants the demonstration world in an empty database."""
    from seeds import demo as world

    settings = _settings()
    _refuse_production(settings)

    async def work() -> None:
        async with startups.ready(settings) as url, database.turn(url, "plant"):
            with _working("Inventing people"):
                await world.plant(
                    people=people, seed=seed, environment=settings.environment, progress=_tell
                )

    _run(work())


@match_app.command("run")
def match_run(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compute, and store nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Pairs everybody who waits; the same inputs answer with the run there is."""
    from service import match_reports, match_runs

    settings = _settings()

    async def work() -> match_runs.Outcome:
        async with startups.ready(settings):
            with _matching() as told:
                trigger = MatchRunTrigger.COMMAND_LINE
                if dry_run:
                    return await match_runs.rehearse(trigger, told=told)
                return await match_runs.run_match(trigger, by=OPERATOR, told=told)

    outcome = _run(work())
    if as_json:
        _print_json(match_reports.plain(outcome, is_dry_run=dry_run))
    else:
        _answers.print(match_reports.sentence(outcome, is_dry_run=dry_run))


@match_app.command("status")
def match_status() -> None:
    """Says how far the match run under way has come, whoever started it."""
    from service import match_reports

    async def work() -> models.RunningMatch | None:
        async with startups.ready(_settings()):
            return await models.RunningMatch.first()

    _answers.print(match_reports.under_way(_run(work())), markup=False)


@match_app.command("cancel")
def match_cancel() -> None:
    """Ends the match run under way before it is stored, whoever started it."""
    from service import match_progress

    async def work() -> None:
        async with startups.ready(_settings()):
            await match_progress.cancel_running(by=OPERATOR)

    _run(work())
    _answers.print("The match run ends now; nothing of it is stored.")


@match_app.command("learn")
def match_learn(
    until: Annotated[int | None, typer.Option(min=1, help="The last cycle to learn from.")] = None,
) -> None:
    """Learns from rated cycles who suits whom, and keeps what came of it until a person decides."""
    from service import lessons

    async def work() -> models.CompatibilityModel:
        async with startups.ready(_settings()):
            with _working("Learning from rated cycles"):
                return await lessons.learn(by=OPERATOR, until_cycle=until)

    found = _run(work())
    _answers.print(f"{found.model_version} ({found.state.label}): {found.verdict}", markup=False)


@token_app.command("issue")
def token_issue(
    *,
    role: Annotated[Role, typer.Option(help="The role to sign in with.")],
    person: Annotated[str | None, typer.Option(help="Whose token it is, by id.")] = None,
    mission: Annotated[str | None, typer.Option(help="The one mission, by acronym.")] = None,
    expires: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends.")] = 90,
    as_json: Json = False,
) -> None:
    """Makes a token for a role and shows it once."""
    from schema.inputs import key_of
    from service import accounts

    settings = _settings()

    async def work() -> models.ApiToken:
        async with startups.ready(settings):
            key = key_of(person, "Person") if person else None
            account = await accounts.ensure_for_role(role, key, mission, by=OPERATOR)
            ends = datetime.now(UTC) + timedelta(days=expires)
            change = accounts.NewToken(account_id=account.id, label="Command line", expires_at=ends)
            return await accounts.issue_token(change, by=OPERATOR)

    token = _run(work())
    if as_json:
        _print_json({"token": token.secret, "role": role, "expiresAt": token.expires_at})
        return
    _tell(f"A token for the role {DUTIES[role].label}; it is shown this once.")
    _answers.print(token.secret)


@operations_app.command("register")
def operations_register(manifest: Path) -> None:
    """Registers the operations of a manifest: all of them, or none."""
    from schema import manifests

    settings = _settings()

    async def work() -> tuple[int, int]:
        async with startups.ready(settings):
            return await manifests.register(manifest, settings.limits, by=OPERATOR)

    held, new = _run(work())
    _answers.print(f"Operations registered: {held}, of which new: {new}.")


@verify_app.callback(invoke_without_command=True)
def verify(context: typer.Context, *, as_json: Json = False) -> None:
    """Walks every audit chain and the proof of the newest match run; names the first break."""
    from service import history, match_proofs, match_reports

    if context.invoked_subcommand:
        return
    settings = _settings()

    async def work() -> tuple[history.Report, match_proofs.Finding | None]:
        async with startups.ready(settings):
            with _working("Walking the history"):
                report = await history.verify(lambda events: _tell(f"{events:,} events"))
            return report, await match_proofs.verify_newest()

    report, finding = _run(work())
    if as_json:
        newest = finding and match_reports.plain_finding(finding)
        _print_json({"isWhole": report.is_whole, **asdict(report), "matchRun": newest})
    if report.broken:
        _fail(report.sentence)
    if not as_json:
        _answers.print(report.sentence)
    if finding and finding.faults:
        _fail(match_reports.verdict(finding))
    if not as_json:
        _answers.print(match_reports.verdict(finding) if finding else "There is no match run yet.")


@verify_app.command("match")
def verify_match(
    *,
    run: Annotated[int | None, typer.Option(min=1, help="The run, by number.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stored run, oldest first.")] = False,
    as_json: Json = False,
) -> None:
    """Looks through the proof of the newest match run, of one, or of all, without the solver."""
    from service import match_proofs, match_reports

    if every and run is not None:
        _fail("Say --run or --all, not both.")
    settings, found = _settings(), list[match_proofs.Finding]()

    async def work() -> None:
        async with startups.ready(settings):
            async for finding in match_proofs.findings(run, every=every):
                found.append(finding)
                if not as_json:
                    _answers.print(match_reports.verdict(finding), markup=False)

    with _working("Looking through match runs"):
        _run(work())
    if as_json:
        _print_json([match_reports.plain_finding(finding) for finding in found])
    if fault := match_reports.fault(found):
        _fail(fault)


@app.command()
def measure(
    ratings: Annotated[Path, typer.Argument(help="A CSV file: candidate, assessor, value, ...")],
    *,
    scale: Annotated[str | None, typer.Option(help="Its two ends, such as 1-5.")] = None,
    report: Annotated[Path | None, typer.Option(help="The folder to write a report to.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of all draws.")] = 1,
) -> None:
    """Says what ratings are worth: which conclusions they bear, how firmly, and why."""
    from service import measurement_reports

    with _refusals():
        for line in measurement_reports.measure(ratings, scale=scale, folder=report, seed=seed):
            typer.echo(line)


@app.command()
def sdl(
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Write schema/schema.graphql instead.")
    ] = False,
) -> None:
    """Prints the GraphQL schema."""
    from schema.root import create_schema

    text = create_schema().as_str() + "\n"
    if write:
        SDL.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


@console_app.command("build")
def console_build() -> None:
    """Builds the console's pages where their sources changed."""
    from schema import console_bundle

    with _refusals():
        console_bundle.build(progress=_tell)


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Says what is configured, reachable and current."""
    from schema import diagnoses

    found = asyncio.run(diagnoses.diagnose(_settings()))
    if as_json:
        _print_json({"isWell": not found.faults, **asdict(found)})
    else:
        for subject, finding in found.findings.items():
            _answers.print(f"{subject}: {finding}")
    if found.faults:
        _fail(" ".join(found.faults))


@app.command()
def demo(
    host: Host = None,
    port: Port = None,
    data_dir: Annotated[
        Path | None,
        # Whether it can be used is found out, and said, where it is used.
        typer.Option(readable=False, help="Where the data lie."),
    ] = None,
) -> None:
    """Sets everything up with invented people, and serves console and API."""
    from schema import console_bundle, servers
    from seeds import demonstrations

    settings = _settings(host=host, port=port, data_dir=data_dir)
    _refuse_production(settings)

    async def work() -> None:
        with servers.listening(settings) as listener:
            async with startups.located(settings) as url:
                await database.migrate(url, progress=_tell)
                found = _on(settings, url)
                await demonstrations.furnish(found, by=OPERATOR, progress=_tell, working=_working)
                with _working("Building the console"):
                    await asyncio.to_thread(console_bundle.build, progress=_tell)
                demonstrations.welcome(found, listener, console=_answers)
                await servers.serve(found, listener)

    _run(work(), log_level="warning")


def _refuse_production(settings: Settings) -> None:
    if settings.environment is Environment.PRODUCTION:
        _fail("Production refuses the demonstration world; set CADRE_ENVIRONMENT=demo to try it.")


def _settings(**given: Any) -> Settings:
    """The settings from the environment, with the options that were given in their place."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        fault = error.errors()[0]
        name, *place = map(str, fault["loc"])
        _fail(": ".join([f"CADRE_{name.upper()}", *place, f"{fault['msg']}."]))


def _on(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


def _run(work: Coroutine[Any, Any, T], *, log_level: str = "warning") -> T:
    """What the work returns; an expected failure becomes a sentence and an exit code."""
    logs.set_up(log_level)
    for fault in misspelt(os.environ):
        _tell(fault)

    async def stoppable() -> T:
        # As Ctrl-C does: whatever stands open closes in order.
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    with _refusals(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(stoppable())


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        _fail(refusal.message)
    except database.BROKEN_OFF as error:
        _fail(f"Something that Cadre needs broke off: {gist(error)}.")
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None


def _fail(sentence: str) -> NoReturn:
    _asides.print(f"cadre: {sentence}", markup=False)
    raise typer.Exit(1)


def _tell(line: str) -> None:
    _asides.print(line, markup=False)


@contextmanager
def _working(what: str) -> Iterator[None]:
    with _asides.status(what):
        yield


@contextmanager
def _matching() -> Iterator[Callable[[Any], Awaitable[None]]]:
    """Shows how far a match run has come: in one line of a terminal, or else line by line."""
    from service import match_progress, match_reports

    with _asides.status("Pairing everybody who waits") as status:
        try:
            yield match_reports.telling(status.update if _asides.is_terminal else _tell)
        except asyncio.CancelledError:
            _tell(match_progress.Cancelled().message)
            raise


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
