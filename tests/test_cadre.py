"""The command line as operators use it: real processes on a real database."""

import asyncio
import re
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service import database, models
from service.access.roles import Role
from service.sign_ins import ask
from tests import databases, factories
from tests.operators import ROOT, Operator, free_port, refused
from tests.programmes import programme


async def test_migrate_runs_what_is_pending_and_then_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with database.session(database_url) as owner:
        await owner.execute("CREATE DATABASE empty_for_cadre")
    operator = Operator(databases.sibling(database_url, "empty_for_cadre"), tmp_path)
    assert refused(
        await operator.runs("verify"), "Migrations are pending; run cadre migrate first."
    )
    first, second = await operator.runs("migrate"), await operator.runs("migrate")
    assert re.fullmatch(r"Ran \d+ migrations\.\n", first.out)
    assert first.err.splitlines()[0] == "0001_foundation"
    assert (second.code, second.out) == (0, "The tables are current.\n")


async def test_a_second_match_run_says_that_nothing_is_new(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        await programme(mentors=2, requests=3)
    first, second = await operator.runs("match", "run"), await operator.runs("match", "run")
    assert first.out == (
        "Run 1 proposes 2 pairs; 1 mentees still wait."
        " No better pairing exists (gap 0, rounds 1).\n"
    )
    assert second.out == "Nothing new: these are the inputs of run 1.\n"
    async with database.connected(fresh_url):
        assert await models.MatchRun.all().count() == 1


async def test_a_dry_run_answers_in_json_and_stores_nothing(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        world = await programme(mentors=1, requests=2)
    answer = (await operator.runs("match", "run", "--dry-run", "--json")).json
    assert (answer["isDryRun"], answer["isNew"]) == (True, True)
    assert answer["run"].items() >= {"number": 1, "proposalCount": 1, "gap": 0.0}.items()
    assert answer["proposals"][0]["mentorId"] == str(world.mentors[0].id)
    assert answer["unmatched"][0].items() >= {"reason": "ALL_ELIGIBLE_FULL"}.items()
    async with database.connected(fresh_url):
        assert await models.MatchRun.all().count() == 0


async def test_a_match_run_under_way_elsewhere_is_said(operator: Operator, fresh_url: str) -> None:
    async with database.session(fresh_url) as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(hashtextextended('match_run', 0))")
        assert refused(
            await operator.runs("match", "run"),
            "A match run is under way; wait until it has ended and look at its result.",
        )


# `cadre` with a computation that does not end by itself.
ENDLESS = """
import sys, time, cadre, matching
from service import match_runs
def solving(snapshot, known, watch):
    while True:
        watch(matching.Progress("solve", rounds=2, edges=700, open_pairs=3, gap=5_000_000))
        time.sleep(0.01)
match_runs._solved = solving
cadre.main()
"""
PROGRESS = "Solving: round 2, 700 pairs solved, gap 5 …"


@asynccontextmanager
async def matching_without_end(
    operator: Operator, *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`cadre match run`, under way until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", ENDLESS, "match", "run", *options),
        cwd=ROOT,
        env=operator.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stderr.readline(), timeout=60)
        assert line.decode() == f"{PROGRESS}\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_match_run_that_is_interrupted_stores_nothing_and_says_so(
    operator: Operator, fresh_url: str, options: list[str], number: signal.Signals, code: int
) -> None:
    async with matching_without_end(operator, *options) as process:
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), timeout=30)
    told = err.decode()
    assert told.startswith("The match run was cancelled; nothing was stored.\n")
    assert "Traceback" not in told
    assert (out, process.returncode) == (b"", code)
    async with database.connected(fresh_url):
        assert await models.MatchRun.all().count() == 0


async def test_a_match_run_under_way_is_shown_and_cancelled_by_another_command(
    operator: Operator, fresh_url: str
) -> None:
    async with matching_without_end(operator) as process:
        status = await operator.runs("match", "status")
        assert status.out.startswith("A match run is under way since ")
        assert status.out.endswith(f" UTC (COMMAND_LINE). {PROGRESS}\n")
        cancelled = await operator.runs("match", "cancel")
        assert cancelled.out == "The match run ends now; nothing of it is stored.\n"
        _, err = await asyncio.wait_for(process.communicate(), timeout=30)
    assert err.decode() == "cadre: The match run was cancelled; nothing was stored.\n"
    assert process.returncode == 1
    async with database.connected(fresh_url):
        assert await models.MatchRun.all().count() == 0
        assert (await models.AuditEvent.get()).actor_label == "Command line"
    assert refused(await operator.runs("match", "cancel"), "No match run is under way.")
    assert (await operator.runs("match", "status")).out == "No match run is under way.\n"


async def test_an_issued_token_signs_in_with_its_role_and_takes_an_id_of_the_api(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        mission, person = await factories.make_mission(), await factories.make_person()
    scoped = await operator.runs(
        *("token", "issue", "--role", "HIRING_DEPARTMENT", "--mission", mission.acronym)
    )
    own = await operator.runs("token", "issue", "--role", "CANDIDATE", "--person", str(person.id))
    shown = b64encode(f"Person:{person.id}".encode()).decode()
    again = await operator.runs(
        *("token", "issue", "--role", "MENTOR", "--person", shown, "--json")
    )
    async with database.connected(fresh_url):
        department = (await ask(scoped.out.strip())).actor
        candidate = (await ask(own.out.strip())).actor
        mentor = (await ask(again.json["token"])).actor
    assert [(grant.role, grant.mission_id) for grant in department.grants] == [
        (Role.HIRING_DEPARTMENT, mission.id)
    ]
    assert candidate.person_id == mentor.person_id == person.id
    assert candidate.account_id == mentor.account_id
    assert {grant.role for grant in mentor.grants} == {Role.CANDIDATE, Role.MENTOR}


async def test_a_token_for_an_unknown_mission_is_refused(operator: Operator) -> None:
    answer = await operator.runs("token", "issue", "--role", "HR_OFFICER", "--mission", "UNNONE")
    assert refused(answer, "No mission has the acronym UNNONE.")


async def test_verify_names_the_first_break(operator: Operator, fresh_url: str) -> None:
    async with database.connected(fresh_url):
        await programme(mentors=1, requests=1)
    await operator.runs("match", "run")
    whole = await operator.runs("verify")
    assert whole.out.splitlines() == [
        "The history is whole: 1 chains, 1 events, 0 checkpoints.",
        f"Run 1 holds: 1 pairs, and no pairing is worth more than {await objective(fresh_url)}.",
    ]
    async with database.session(fresh_url) as forger:
        await forger.execute("SET session_replication_role = replica")
        await forger.execute("UPDATE audit_event SET verb = 'forged'")
        run_id = await forger.fetchval("SELECT id FROM match_run")
    broken = await operator.runs("verify", "--json")
    assert (broken.code, broken.json["isWhole"]) == (1, False)
    assert broken.json["broken"].items() >= {"chain": f"MatchRun:{run_id}", "sequence": 1}.items()
    assert broken.err.startswith(f"cadre: The history is broken at MatchRun:{run_id}, event 1: ")


async def objective(url: str) -> str:
    async with database.connected(url):
        return f"{(await models.MatchRun.get()).objective:g}"


async def test_verify_without_a_match_run_says_so(operator: Operator) -> None:
    answer = await operator.runs("verify")
    assert (answer.code, answer.out.splitlines()[1]) == (0, "There is no match run yet.")
    assert (await operator.runs("verify", "--json")).json["matchRun"] is None
    assert refused(
        await operator.runs("verify", "match"),
        "There is no match run yet; `cadre match run` makes one.",
    )


async def test_the_proofs_of_stored_runs_are_looked_through_one_line_each(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        world = await programme(mentors=1, requests=1)
    await operator.runs("match", "run")
    value = await objective(fresh_url)
    async with database.connected(fresh_url):
        await world.request()
    await operator.runs("match", "run")
    newest, first, every = [
        await operator.runs("verify", "match", *options)
        for options in ([], ["--run", "1"], ["--all"])
    ]
    assert (newest.code, first.code, every.code) == (0, 0, 0)
    assert first.out == f"Run 1 holds: 1 pairs, and no pairing is worth more than {value}.\n"
    assert newest.out.startswith("Run 2 holds: 1 pairs, ")
    assert every.out == first.out + newest.out
    assert refused(
        await operator.runs("verify", "match", "--all", "--run", "1"),
        "Say --run or --all, not both.",
    )


async def test_a_stored_run_that_was_changed_fails_the_check(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        await programme(mentors=1, requests=1)
    await operator.runs("match", "run")
    async with database.session(fresh_url) as forger:
        await forger.execute("SET session_replication_role = replica")
        await forger.execute("UPDATE match_proposal SET score = score / 2")
    plain, machine, every = [
        await operator.runs(*command)
        for command in (["verify", "match"], ["verify", "match", "--json"], ["verify"])
    ]
    assert (plain.code, machine.code, every.code) == (1, 1, 1)
    assert plain.out.startswith("Run 1 is broken: ")
    assert plain.err == "cadre: Broken runs: 1.\n"
    assert [run["holds"] for run in machine.json] == [False]
    assert "score or contributions differ from" in machine.json[0]["faults"][0]
    assert every.err.startswith("cadre: Run 1 is broken: ")


async def test_a_run_that_cannot_be_looked_through_is_left_out_and_not_called_sound(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        await programme(mentors=1, requests=1)
    await operator.runs("match", "run")
    async with database.connected(fresh_url):
        await models.MatchRunInput.all().delete()
    sentence = "Run 1 is left out: what it was computed from is not stored.\n"
    one, every = await operator.runs("verify", "match"), await operator.runs("verify")
    assert (one.code, one.out, one.err) == (1, sentence, "cadre: No run could be looked through.\n")
    assert every.code == 0
    assert every.out.endswith(sentence)


async def test_reference_data_is_planted_twice_as_once(operator: Operator, fresh_url: str) -> None:
    answers = [await operator.runs("seed", "reference") for _ in range(2)]
    assert [answer.code for answer in answers] == [0, 0]
    async with database.connected(fresh_url):
        assert await models.MemberState.all().count() == 193


async def test_two_who_plant_the_demonstration_world_at_once_plant_one(
    operator: Operator, fresh_url: str
) -> None:
    both = [operator.runs("seed", "demo", "--people", "700") for _ in range(2)]
    assert [answer.code for answer in await asyncio.gather(*both)] == [0, 0]
    async with database.connected(fresh_url):
        assert await models.Person.all().count() == 700


async def test_the_demonstration_world_refuses_a_database_with_people(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        await factories.make_person()
    answer = await operator.runs("seed", "demo", "--people", "700")
    assert answer.code == 1
    assert answer.err.splitlines()[-1].startswith("cadre: There are people here who are not inven")


async def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    url = f"postgresql://somebody:secret@127.0.0.1:{free_port()}/cadre"
    for command in (["verify"], ["worker", "--once"]):
        answer = await Operator(url, tmp_path).runs(*command)
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 1)
        assert answer.err.startswith("cadre: The database does not answer at 127.0.0.1:")
        assert answer.err.endswith("Check CADRE_DATABASE_URL.\n")
        assert "secret" not in answer.err


async def test_a_setting_that_cannot_be_is_named(tmp_path: Path) -> None:
    answer = await Operator(None, tmp_path, CADRE_POOL_SIZE="0").runs("migrate")
    assert refused(answer, "CADRE_POOL_SIZE: Input should be greater than or equal to 1.")


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://root:secret@h/d", "postgresql://u:se#cret@h/d"]
)
async def test_a_database_url_that_is_none_is_a_sentence_without_its_password(
    tmp_path: Path, url: str
) -> None:
    answer = await Operator(url, tmp_path).runs("verify")
    assert refused(
        answer,
        "CADRE_DATABASE_URL is no PostgreSQL URL; write one such as"
        " postgresql://user:password@host:5432/cadre, and what is special in the password as %XX.",
    )


async def test_a_misspelt_setting_is_told_and_the_doctor_s_fault(
    fresh_url: str, tmp_path: Path
) -> None:
    operator = Operator(fresh_url, tmp_path, CADRE_DATABSE_URL="x", CADRE_NIGHTLY_AT="99 2 * * *")
    sentence = "CADRE_DATABSE_URL is not a setting; perhaps CADRE_DATABASE_URL is meant."
    answer = await operator.runs("verify")
    assert (answer.code, answer.err.splitlines()[0]) == (0, sentence)
    answer = await operator.runs("doctor", "--json")
    assert (answer.code, answer.json["faults"][0]) == (1, sentence)
    assert answer.json["faults"][1].startswith("CADRE_NIGHTLY_AT cannot be '99 2 * * *'")


async def test_limits_that_mean_nothing_stop_the_start_and_are_the_doctor_s_fault(
    fresh_url: str, tmp_path: Path
) -> None:
    for given, sentence in (
        ('{"AUDITOR": {"depht": 3}}', "CADRE_LIMITS: AUDITOR: `depht` is no limit; there are "),
        ('{"BOSS": {"depth": 3}}', "CADRE_LIMITS: BOSS is no role; there are "),
    ):
        operator = Operator(fresh_url, tmp_path, CADRE_LIMITS=given)
        answer = await operator.runs("serve", "--port", "0")
        assert (answer.code, sentence in " ".join(answer.err.split())) == (1, True)
        assert (await operator.runs("doctor", "--json")).json["faults"][0].startswith(sentence)
    for given, sentence in (
        ("{", "CADRE_LIMITS: this is not JSON"),
        ('{"*": {"depth": "x"}}', "CADRE_LIMITS: *: depth: Input should be a valid integer."),
    ):
        answer = await Operator(fresh_url, tmp_path, CADRE_LIMITS=given).runs("serve")
        assert (answer.code, sentence in " ".join(answer.err.split())) == (1, True)


async def test_an_empty_variable_is_a_setting_left_out(fresh_url: str, tmp_path: Path) -> None:
    operator = Operator(fresh_url, tmp_path, CADRE_PORT="", CADRE_LOG_LEVEL="")
    assert (await operator.runs("verify")).code == 0


async def test_doctor_says_what_is_wrong_and_how_to_mend_it(
    operator: Operator, tmp_path: Path
) -> None:
    well = (await operator.runs("doctor", "--json")).json
    assert well["findings"].items() >= {"tables": "current"}.items()
    assert well["findings"]["database"].startswith("PostgreSQL ")
    url = f"postgresql://somebody@127.0.0.1:{free_port()}/cadre"
    ill = await Operator(url, tmp_path).runs("doctor", "--json")
    assert (ill.code, ill.json["isWell"]) == (1, False)
    assert "The database does not answer" in ill.json["faults"][0]


async def test_the_schema_is_printed_alone(operator: Operator) -> None:
    answer = await operator.runs("sdl")
    assert (answer.code, answer.err) == (0, "")
    assert "type Mutation {" in answer.out


async def test_the_worker_does_the_night_s_jobs_at_once_when_asked(
    operator: Operator, fresh_url: str
) -> None:
    async with database.connected(fresh_url):
        await programme(mentors=1, requests=1)
    assert (await operator.runs("worker", "--once")).code == 0
    async with database.connected(fresh_url):
        assert (await models.MatchRun.get()).trigger == "NIGHTLY"
        assert await models.AuditCheckpoint.all().count() == 1


async def test_production_refuses_what_belongs_to_the_demonstration(
    fresh_url: str, tmp_path: Path
) -> None:
    production = {"CADRE_ENVIRONMENT": "production"}
    answer = await Operator(None, tmp_path, **production).runs("serve", "--port", "0")
    assert "Production needs a PostgreSQL server of its own" in answer.err
    operator = Operator(fresh_url, tmp_path, **production)
    for command in (["demo"], ["seed", "demo"]):
        assert "Production refuses the demonstration world" in (await operator.runs(*command)).err
    async with database.connected(fresh_url):
        await factories.make_person(is_invented=True)
    for command in (["serve", "--port", "0"], ["worker"]):
        answer = await operator.runs(*command)
        assert answer.code == 1
        assert "The demonstration world stands in this database" in answer.err
    (tmp_path / "demo-tokens.json").write_text("{}")
    assert "remove " in (await operator.runs("migrate")).err
