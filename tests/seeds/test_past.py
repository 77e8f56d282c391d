"""The programme's past in the demonstration world: enough to learn from, and openly invented."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from tortoise import connections

from seeds import demo
from seeds.demo.ratings import REMARK, Fit, worth
from service import match_inputs, models, rated_pairs
from service.models.vocabulary import MentorshipState

Fresh = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
async def planted(fresh: Fresh) -> AsyncIterator[demo.World]:
    async with fresh():
        yield await demo.plant()


async def value(query: str, *values: Any) -> Any:
    ((only,),) = [
        list(row.values())
        for row in await connections.get("default").execute_query_dict(query, list(values))
    ]
    return only


async def rated_by_both(*, until_cycle: int | None = None) -> int:
    rows = await rated_pairs.read(until_cycle=until_cycle)
    return sum(row.mentee_rating is not None and row.mentor_rating is not None for row in rows)


async def test_cycles_add_up_to_each_step_of_learning(planted: demo.World) -> None:
    assert 0 < await rated_by_both(until_cycle=14) < 150
    assert 150 <= await rated_by_both(until_cycle=30) < 1_500
    assert await rated_by_both() > 1_500


async def test_there_are_good_outcomes_and_others(planted: demo.World) -> None:
    rows = await rated_pairs.read()
    ratings = [(row.mentee_rating or 0, row.mentor_rating or 0) for row in rows]
    assert 0.4 < sum(min(both) >= 4 for both in ratings) / len(ratings) < 0.8
    assert {grade for both in ratings for grade in both} == {0, 1, 2, 3, 4, 5}


async def test_every_rating_says_that_it_is_invented(planted: demo.World) -> None:
    assert "Invented for the demonstration" in REMARK
    assert await models.MatchOutcome.all().count() > 3_000
    assert await models.MatchOutcome.exclude(remark=REMARK).count() == 0


async def test_the_past_keeps_the_hours_it_invents(planted: demo.World) -> None:
    rows = await rated_pairs.read()

    def fitting(hours: bool) -> float:
        found = [row for row in rows if is_near(row) == hours and row.mentee_rating]
        return sum(row.mentee_rating or 0 for row in found) / len(found)

    def is_near(row: rated_pairs.RatedPair) -> bool:
        mine, theirs = row.mentee.utc_offset_hours, row.mentor.utc_offset_hours
        return mine is not None and theirs is not None and abs(mine - theirs) <= 4

    assert fitting(hours=True) > fitting(hours=False) + 0.3


def test_what_suits_is_worth_more() -> None:
    assert worth(Fit(1, 1, 1, 1, 1, 1)) > worth(Fit(1, 1, 1, 0.4, 1, 1)) > worth(Fit(*[0] * 6))


async def test_no_past_pair_breaks_a_rule_of_the_matcher(planted: demo.World) -> None:
    strangers = await value(
        "SELECT count(*) FROM mentorship s JOIN mentor m ON m.id = s.mentor_id"
        " JOIN mentorship_request r ON r.id = s.request_id"
        " JOIN person one ON one.id = m.person_id JOIN person two ON two.id = r.person_id"
        " WHERE one.id = two.id OR one.nationalities && two.nationalities"
        " OR two.nationalities && m.refused_nationalities"
        " OR NOT EXISTS (SELECT FROM person_language a JOIN person_language b USING (language)"
        "  WHERE a.person_id = one.id AND b.person_id = two.id"
        "  AND a.proficiency >= 'C1' AND b.proficiency >= 'C1')"
        " OR EXISTS (SELECT FROM declared_conflict c"
        "  WHERE ARRAY[c.declared_by_id, c.other_id] <@ ARRAY[one.id, two.id])"
        " OR EXISTS (SELECT FROM appointment a JOIN post ap ON ap.id = a.post_id"
        "  JOIN post bp ON bp.mission_id = ap.mission_id JOIN appointment b ON b.post_id = bp.id"
        "  WHERE a.person_id = one.id AND b.person_id = two.id"
        "  AND a.started_on IS NOT NULL AND b.started_on IS NOT NULL"
        "  AND daterange(a.started_on, a.ended_on, '[]') && daterange(b.started_on, b.ended_on, '[]'))"
    )
    assert strangers == 0


async def test_a_past_mentor_served_no_longer_and_had_at_most_three_mentees(
    planted: demo.World,
) -> None:
    serving = await value(
        "SELECT count(*) FROM mentorship s JOIN mentor m ON m.id = s.mentor_id"
        " JOIN appointment a ON a.person_id = m.person_id"
        " WHERE EXISTS (SELECT FROM match_outcome o WHERE o.mentorship_id = s.id)"
        " AND (a.state IN ('IN_POST', 'EXTENDED') OR a.ended_on >= s.started_on)"
    )
    assert serving == 0
    most = await value(
        "SELECT max(pairs) FROM (SELECT count(DISTINCT s.id) AS pairs FROM mentorship s"
        " JOIN match_outcome o ON o.mentorship_id = s.id GROUP BY s.mentor_id, o.cycle) busy"
    )
    assert most == 3


async def test_a_mentee_has_one_mentor_at_a_time_and_none_before_asking(
    planted: demo.World,
) -> None:
    together = await value(
        "SELECT count(*) FROM mentorship a JOIN mentorship_request ra ON ra.id = a.request_id"
        " JOIN mentorship_request rb ON rb.person_id = ra.person_id"
        " JOIN mentorship b ON b.request_id = rb.id WHERE a.id < b.id"
        " AND daterange(a.started_on, a.closed_on, '[]')"
        "  && daterange(b.started_on, b.closed_on, '[]')"
    )
    early = await value(
        "SELECT count(*) FROM mentorship s JOIN mentorship_request r ON r.id = s.request_id"
        " WHERE s.started_on < r.requested_at::date OR s.closed_on > DATE '2026-11-01'"
    )
    assert (together, early) == (0, 0)


async def test_the_past_leaves_nothing_open(planted: demo.World) -> None:
    rated = models.Mentorship.filter(outcomes__isnull=False)
    assert await rated.filter(state=MentorshipState.ACTIVE).count() == 0
    late = await value("SELECT count(*) FROM match_outcome WHERE given_on > $1", demo.EPOCH.date())
    assert late == 0


async def test_what_a_run_reads_is_the_same_with_and_without_the_past(planted: demo.World) -> None:
    before = match_inputs.records(await match_inputs.read()).digest
    await connections.get("default").execute_script(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        " CREATE TEMPORARY TABLE gone ON COMMIT DROP AS SELECT s.id, s.request_id FROM mentorship s"
        " WHERE EXISTS (SELECT FROM match_outcome o WHERE o.mentorship_id = s.id);"
        " DELETE FROM match_outcome; DELETE FROM mentorship WHERE id IN (SELECT id FROM gone);"
        " DELETE FROM mentorship_request WHERE id IN (SELECT request_id FROM gone); COMMIT"
    )
    assert await models.Mentorship.all().count() == 14
    assert match_inputs.records(await match_inputs.read()).digest == before
