"""What the database holds by itself: each rule broken by raw SQL, past all of Python."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise import Tortoise, connections
from tortoise.exceptions import IntegrityError
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.transactions import in_transaction

from service import audit, models
from service.access.actors import system
from service.database import APP
from service.models.vocabulary import AppointmentState, Level
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


async def run(sql: str, *values: Any) -> list[dict[str, Any]]:
    _, rows = await connections.get("default").execute_query(sql, list(values))
    return [dict(row) for row in rows]


async def violates(constraint: str, sql: str, *values: Any) -> None:
    """The statement is refused, and by this very constraint."""
    with pytest.raises(IntegrityError) as caught:
        await run(sql, *values)
    assert caught.value.args[0].constraint_name == constraint


async def test_every_declared_constraint_stands_in_the_database() -> None:
    rows = await run(
        "SELECT conname AS name FROM pg_constraint UNION SELECT indexname FROM pg_indexes"
    )
    there = {row["name"] for row in rows}
    declared = {
        constraint.name
        for model in Tortoise.apps[APP].values()
        for constraint in model._meta.constraints
        if isinstance(constraint, CheckConstraint | UniqueConstraint)
    }
    assert len(declared) > 30
    assert declared - there == set()


BROKEN = {
    "person_available_from_check": ("person", "availability = 'AVAILABLE_FROM'"),
    "person_family_name_check": ("person", "family_name = '  '"),
    "experience_period_check": ("experience", "started_on = ended_on + 1"),
    "experience_end_precision_check": ("experience", "ended_precision = NULL"),
    "experience_place_check": ("experience", "organisation = NULL"),
    "experience_supervisor_check": ("experience", "supervisor_id = person_id"),
    "mission_period_check": (
        "mission",
        "ended_on = started_on - 1, ended_precision = 'DAY'",
    ),
    "mission_end_precision_check": ("mission", "ended_on = started_on"),
    "mission_country_check": ("mission", "country = 'Ken'"),
    "post_period_check": ("post", "abolished_on = established_on - 1"),
    "appointment_period_check": (
        "appointment",
        "state = 'ENDED', ended_on = started_on - 1, cause_of_end = 'TERM_END'",
    ),
    "appointment_term_check": ("appointment", "term_ends_on = started_on - 1"),
    "appointment_start_check": ("appointment", "started_on = NULL"),
    "appointment_end_check": ("appointment", "state = 'ENDED'"),
    "acting_designation_period_check": ("acting_designation", "ended_on = started_on - 1"),
    "mentor_capacity_check": ("mentor", "capacity = 6"),
    "mentor_window_check": (
        "mentor",
        "available_from = '2025-01-02', available_until = '2025-01-01'",
    ),
    "mentorship_request_goals_check": ("mentorship_request", "goals = ' '"),
    "match_proposal_rejection_check": (
        "match_proposal",
        "state = 'REJECTED', decided_at = now()",
    ),
    "match_proposal_decision_check": ("match_proposal", "state = 'APPROVED'"),
    "mentorship_closed_check": ("mentorship", "state = 'CLOSED'"),
    "match_outcome_rating_check": ("match_outcome", "rating = 6"),
    "match_outcome_goals_met_check": ("match_outcome", "goals_met = 0"),
    "match_outcome_working_relationship_check": ("match_outcome", "working_relationship = 6"),
    "match_outcome_shared_values_check": ("match_outcome", "shared_values = -1"),
    "match_outcome_meetings_check": ("match_outcome", "meetings_held = 101"),
    "match_outcome_given_check": ("match_outcome", "cycle_ended_on = given_on + 1"),
}


@pytest.mark.parametrize("constraint", BROKEN)
async def test_a_row_cannot_be_changed_into_nonsense(constraint: str) -> None:
    table, assignment = BROKEN[constraint]
    make = {
        "person": factories.make_person,
        "experience": factories.make_experience,
        "mission": factories.make_mission,
        "post": factories.make_post,
        "appointment": factories.make_appointment,
        "acting_designation": factories.make_acting_designation,
        "mentor": factories.make_mentor,
        "mentorship_request": factories.make_request,
        "match_proposal": factories.make_proposal,
        "mentorship": factories.make_mentorship,
        "match_outcome": factories.make_outcome,
    }[table]
    row: Any = await make()
    if table == "match_outcome":
        assignment += ", version = version + 1"
    await violates(constraint, f"UPDATE {table} SET {assignment} WHERE id = $1", row.id)


async def test_a_degree_is_completed_in_a_year_that_can_be() -> None:
    person = await factories.make_person()
    await violates(
        "education_year_check",
        "INSERT INTO education (id, created_at, person_id, institution, degree, completed_year)"
        " VALUES ($1, now(), $2, 'A', 'B', 1929)",
        uuid4(),
        person.id,
    )


async def copy_of(table: str, row_id: UUID, **changes: Any) -> tuple[Any, ...]:
    """The statement that inserts the same row again, with these changes."""
    given = ", ".join(f"'{name}', ${place}::text" for place, name in enumerate(changes, start=3))
    sql = (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object("
        f"'id', $2::text{', ' if given else ''}{given}))).* FROM {table} t WHERE id = $1"
    )
    return sql, row_id, str(uuid4()), *(str(value) for value in changes.values())


async def test_what_is_unique_cannot_stand_twice() -> None:
    request = await factories.make_request()
    await violates("mentorship_request_open_uniq", *await copy_of("mentorship_request", request.id))
    mentor = await factories.make_mentor(capacity=5)
    await violates("mentor_person_id_key", *await copy_of("mentor", mentor.id))
    pair = await factories.make_mentorship(mentor=mentor)
    await violates("mentorship_active_uniq", *await copy_of("mentorship", pair.id))
    proposal = await factories.make_proposal()
    later = await factories.make_run()
    await violates("match_proposal_request_uniq", *await copy_of("match_proposal", proposal.id))
    await violates(
        "match_proposal_standing_uniq",
        *await copy_of("match_proposal", proposal.id, run_id=later.id),
    )
    account = await factories.make_account(person=await factories.make_person())
    await violates("account_label_uniq", *await copy_of("account", account.id))
    await violates("account_person_uniq", *await copy_of("account", account.id, label="Another"))


async def test_a_declared_conflict_has_two_people_and_stands_once() -> None:
    one, two = await factories.make_person(), await factories.make_person()
    row = await models.DeclaredConflict.create(declared_by=one, other=two)
    await violates("declared_conflict_uniq", *await copy_of("declared_conflict", row.id))
    await violates(
        "declared_conflict_self_check",
        *await copy_of("declared_conflict", row.id, other_id=one.id),
    )


async def test_a_preferred_mentor_has_a_rank_and_a_refused_one_has_none() -> None:
    request, mentor = await factories.make_request(), await factories.make_mentor()
    row = await models.MentorPreference.create(
        request=request, mentor=mentor, kind="PREFERRED", rank=1
    )
    await violates(
        "mentor_preference_rank_check",
        "UPDATE mentor_preference SET kind = 'REFUSED' WHERE id = $1",
        row.id,
    )
    await violates("mentor_preference_uniq", *await copy_of("mentor_preference", row.id))


async def test_a_mission_does_not_follow_itself() -> None:
    mission = await factories.make_mission()
    await violates(
        "mission_lineage_self_check", "INSERT INTO mission_lineage VALUES ($1, $1)", mission.id
    )


async def test_a_post_has_one_holder_at_one_time() -> None:
    held = await factories.make_appointment()
    other = await factories.make_appointment()
    await violates(
        "appointment_one_holder",
        "UPDATE appointment SET post_id = $2 WHERE id = $1",
        other.id,
        held.post_id,
    )
    await violates("appointment_one_holder", *await copy_of("appointment", held.id))
    await run(
        "UPDATE appointment SET state = 'ENDED', ended_on = '2023-06-01',"
        " cause_of_end = 'TERM_END' WHERE id = $1",
        held.id,
    )
    await run(
        "UPDATE appointment SET post_id = $2, started_on = '2023-06-01' WHERE id = $1",
        other.id,
        held.post_id,
    )
    await violates(
        "appointment_one_holder",
        "UPDATE appointment SET ended_on = '2023-06-02' WHERE id = $1",
        held.id,
    )


async def test_an_appointment_never_jumps() -> None:
    row = await factories.make_appointment()
    for state in sorted(set(AppointmentState) - {"IN_POST", "EXTENDED", "ENDED"}):
        await violates(
            "appointment_transition",
            "UPDATE appointment SET state = $2 WHERE id = $1",
            row.id,
            state,
        )


async def test_a_mentor_has_no_more_pairs_than_places() -> None:
    full = await factories.make_mentor(capacity=1)
    await factories.make_mentorship(mentor=full)
    other = await factories.make_mentorship()
    await violates(
        "mentorship_capacity",
        "UPDATE mentorship SET mentor_id = $2 WHERE id = $1",
        other.id,
        full.id,
    )
    await violates("mentor_capacity_kept", "UPDATE mentor SET capacity = 0 WHERE id = $1", full.id)


async def test_a_closed_pair_cannot_reopen_in_a_place_that_was_taken() -> None:
    mentor = await factories.make_mentor(capacity=1)
    closed = await factories.make_mentorship(
        mentor=mentor,
        state="CLOSED",
        closed_on=factories.NOON.date(),
        closing_reason="COMPLETED",
    )
    await factories.make_mentorship(mentor=mentor)
    await violates(
        "mentorship_capacity",
        "UPDATE mentorship SET state = 'ACTIVE', closed_on = NULL, closing_reason = NULL"
        " WHERE id = $1",
        closed.id,
    )


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
@pytest.mark.parametrize(
    "table", ["audit_event", "audit_checkpoint", "match_audit", "match_run", "unmatched_mentee"]
)
async def test_what_is_written_for_good_is_never_changed(table: str, statement: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        await run(statement.format(table))
    # TRUNCATE CASCADE may meet another append-only table first.
    assert caught.value.args[0].constraint_name.endswith("_append_only")


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", ["match_outcome", "compatibility_model"])
async def test_what_may_be_corrected_is_still_never_removed(table: str, statement: str) -> None:
    await violates(f"{table}_append_only", statement.format(table))


async def test_values_may_be_erased_and_never_rewritten() -> None:
    person = await factories.make_person()
    await write_history(person)
    await violates("audit_value_append_only", "UPDATE audit_value SET salt = 'x'")
    await run("DELETE FROM audit_value")
    assert await models.AuditValue.all().count() == 0


async def write_history(person: models.Person) -> None:
    async with in_transaction():
        await audit.record(audit.Entry(person, "create", {}), by=system("tests"))


@pytest.mark.parametrize(
    "assignment",
    ["score = 0.9", "contributions = '{}'", "mentor_id = runner_up_id", "state = 'PROPOSED'"],
)
async def test_a_proposal_is_decided_once_and_never_rewritten(assignment: str) -> None:
    row = await factories.make_proposal(runner_up=await factories.make_mentor())
    if assignment.startswith("state"):
        await run("UPDATE match_proposal SET state = 'SUPERSEDED' WHERE id = $1", row.id)
    await violates(
        "match_proposal_frozen", f"UPDATE match_proposal SET {assignment} WHERE id = $1", row.id
    )


@pytest.mark.parametrize(
    "assignment",
    [
        "rating = 1",
        "rating = 1, version = 3",
        "cycle = 2, version = 2",
        "side = 'MENTOR', version = 2",
        "given_on = given_on + 1, version = 2",
        "given_by_id = id, version = 2",
        "is_on_behalf = true, version = 2",
        "mentorship_id = (SELECT id FROM mentorship ORDER BY started_on LIMIT 1), version = 2",
    ],
)
async def test_a_rating_stays_with_its_cycle_and_is_corrected_as_a_next_version(
    assignment: str,
) -> None:
    await factories.make_mentorship(started_on=factories.NOON.date() - timedelta(days=9))
    row = await factories.make_outcome()
    await violates(
        "match_outcome_frozen", f"UPDATE match_outcome SET {assignment} WHERE id = $1", row.id
    )
    await run("UPDATE match_outcome SET rating = 1, version = 2 WHERE id = $1", row.id)
    assert (await models.MatchOutcome.get(id=row.id)).rating == 1


async def test_a_cycle_of_a_pair_is_rated_once_by_each_half() -> None:
    row = await factories.make_outcome()
    await violates("match_outcome_uniq", *await copy_of("match_outcome", row.id))
    await violates("match_outcome_cycle_check", *await copy_of("match_outcome", row.id, cycle=0))
    await run(*await copy_of("match_outcome", row.id, side="MENTOR"))
    assert await models.MatchOutcome.filter(cycle=1).count() == 2


async def test_a_cycle_ends_within_the_pair_s_time_and_after_the_one_before() -> None:
    pair = await factories.make_mentorship(
        started_on=date(2024, 1, 1),
        state="CLOSED",
        closed_on=date(2024, 12, 31),
        closing_reason="COMPLETED",
    )
    row = await factories.make_outcome(
        mentorship=pair, cycle=2, cycle_ended_on=date(2024, 6, 30), given_on=date(2025, 6, 1)
    )

    async def another(cycle: int, ended_on: str) -> tuple[Any, ...]:
        return await copy_of("match_outcome", row.id, cycle=cycle, cycle_ended_on=ended_on)

    await violates("match_outcome_begun", *await another(1, "2023-12-31"))
    await violates("match_outcome_closed", *await another(3, "2025-01-01"))
    await violates("match_outcome_order", *await another(1, "2024-06-30"))
    await violates("match_outcome_order", *await another(3, "2024-06-30"))
    await run(*await another(1, "2024-01-01"))
    await run(*await another(3, "2024-12-31"))
    await violates(
        "match_outcome_order",
        "UPDATE match_outcome SET cycle_ended_on = '2024-01-01', version = 2 WHERE id = $1",
        row.id,
    )


NOT_A_MODEL: dict[str, dict[str, Any]] = {
    "compatibility_model_rows_check": {"row_count": -1},
    "compatibility_model_archive_check": {"kind": "EXPERT_WEIGHTS"},
    "compatibility_model_sha256_check": {"archive_sha256": "0" * 64},
    "compatibility_model_decision_check": {"state": "REJECTED"},
    "compatibility_model_retired_check": {"retired_at": factories.NOON},
}


@pytest.mark.parametrize("constraint", NOT_A_MODEL)
async def test_a_model_cannot_be_nonsense(constraint: str) -> None:
    row = await factories.make_model()
    changes = {"model_version": "another", **NOT_A_MODEL[constraint]}
    await violates(constraint, *await copy_of("compatibility_model", row.id, **changes))
    with pytest.raises(IntegrityError, match="archive_check"):
        await factories.make_model(archive=None)


async def test_nobody_approves_what_they_trained_and_one_model_is_in_force() -> None:
    decided = (
        "UPDATE compatibility_model SET state = 'APPROVED', version = 2, decided_at = now(),"
        " decision_reason = 'Better.', decided_by_id = {} WHERE id = $1"
    )
    row = await factories.make_model(trained_by_id=uuid4())
    await violates("compatibility_model_four_eyes_check", decided.format("trained_by_id"), row.id)
    await run(decided.format("id"), row.id)
    other = await factories.make_model()
    await violates("compatibility_model_approved_uniq", decided.format("id"), other.id)
    nobody = decided.format("NULL")
    await violates("compatibility_model_decision_check", nobody, other.id)


@pytest.mark.parametrize(
    "assignment",
    [
        "verdict = 'Splendid.', version = 2",
        "figures = '{}', version = 2",
        "archive = NULL, archive_sha256 = NULL, kind = 'EXPERT_WEIGHTS', version = 2",
        "trained_by_id = id, version = 2",
        "row_count = 9000, version = 2",
        "version = 2",
        "state = 'RETIRED', retired_at = now(), version = 2",
    ],
)
async def test_a_model_is_decided_upon_and_never_rewritten(assignment: str) -> None:
    row = await factories.make_model()
    await violates(
        "compatibility_model_frozen",
        f"UPDATE compatibility_model SET {assignment} WHERE id = $1",
        row.id,
    )


async def test_a_decision_about_a_model_stands() -> None:
    row = await factories.make_model(
        state="APPROVED", decided_at=factories.NOON, decided_by_id=uuid4(), decision_reason="Good."
    )
    for assignment in (
        "decision_reason = 'Bad.'",
        "state = 'REJECTED'",
        "state = 'RETIRED', retired_at = now(), decided_by_id = id",
    ):
        await violates(
            "compatibility_model_frozen",
            f"UPDATE compatibility_model SET {assignment}, version = 2 WHERE id = $1",
            row.id,
        )
    await run(
        "UPDATE compatibility_model SET state = 'RETIRED', retired_at = now(), version = 2"
        " WHERE id = $1",
        row.id,
    )


NO_FIGURE: dict[str, dict[str, Any]] = {
    "match_audit_people_check": {"people": 9},
    "match_audit_interval_check": {"low": 0.7},
    "match_audit_figure_check": {"reason": "Too few."},
}


@pytest.mark.parametrize("constraint", NO_FIGURE)
async def test_no_figure_of_few_people_is_kept(constraint: str) -> None:
    row = await factories.make_audit()
    changes = {"group_value": "MALE", **NO_FIGURE[constraint]}
    await violates(constraint, *await copy_of("match_audit", row.id, **changes))


async def test_a_group_with_too_few_has_a_reason_and_no_number_at_all() -> None:
    nothing: dict[str, Any] = dict.fromkeys(("value", "low", "high", "people"))
    await factories.make_audit(**nothing, reason="Too few.")
    for name, number in {"value": 0.5, "low": 0.4, "high": 0.6, "people": 12}.items():
        with pytest.raises(IntegrityError, match="match_audit_figure_check"):
            await factories.make_audit(**nothing | {name: number}, reason="Too few.")
    with pytest.raises(IntegrityError, match="match_audit_figure_check"):
        await factories.make_audit(**nothing)


async def test_a_group_has_one_figure_for_each_measure_of_a_run() -> None:
    row = await factories.make_audit()
    await violates("match_audit_uniq", *await copy_of("match_audit", row.id))
    await run(*await copy_of("match_audit", row.id, measure="RANK"))


async def test_regional_groups_follow_from_nationalities_whatever_is_written() -> None:
    person = await factories.make_person(nationalities=["KEN", "FRA", "SEN"])
    stored = await models.Person.get(id=person.id)
    assert stored.regional_groups == ["AFRICAN", "WEOG"]
    await run("UPDATE person SET regional_groups = '{GRULAC}' WHERE id = $1", person.id)
    assert (await models.Person.get(id=person.id)).regional_groups == ["AFRICAN", "WEOG"]
    await run("UPDATE person SET nationalities = '{NPL}' WHERE id = $1", person.id)
    assert (await models.Person.get(id=person.id)).regional_groups == ["ASIA_PACIFIC"]


async def test_seniority_is_the_highest_level_ever_held() -> None:
    person = await factories.make_person()
    low = await factories.make_experience(person=person, level=Level.D_1)
    high = await factories.make_experience(person=person, level=Level.ASG)
    assert await seniority(person) == (4, Level.ASG)
    await run("DELETE FROM experience WHERE id = $1", high.id)
    assert await seniority(person) == (2, Level.D_1)
    await factories.make_appointment(person=person)
    assert await seniority(person) == (5, Level.USG)
    await run("DELETE FROM appointment")
    await run("DELETE FROM experience WHERE id = $1", low.id)
    assert await seniority(person) == (0, None)


async def seniority(person: models.Person) -> tuple[int, Level | None]:
    stored = await models.Person.get(id=person.id)
    return stored.seniority, stored.highest_level


async def test_names_are_found_without_their_accents() -> None:
    await factories.make_person(given_names="Aïssatou", family_name="N'Diaye Ébène")
    found = await run(
        "SELECT 1 FROM person WHERE search @@ to_tsquery('simple', 'aissatou & ebene')"
    )
    assert len(found) == 1
