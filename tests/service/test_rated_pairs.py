"""What learning reads: the two people of each rated cycle, and their grades alone."""

from dataclasses import asdict
from datetime import date

import pytest

from service import match_inputs, rated_pairs
from service.models.vocabulary import PairSide, TopCriterion
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


async def test_both_grades_of_a_cycle_stand_beside_each_other() -> None:
    pair = await factories.make_mentorship()
    await factories.make_outcome(mentorship=pair, rating=2, remark="Never to be learnt from.")
    await factories.make_outcome(mentorship=pair, side=PairSide.MENTOR, rating=5)
    (row,) = await rated_pairs.read()
    assert (row.mentee.id, row.mentor.id) == (str(pair.request_id), str(pair.mentor_id))
    assert (row.cycle, row.mentee_rating, row.mentor_rating) == (1, 2, 5)
    assert "Never to be learnt from." not in str(asdict(row))


async def test_a_half_that_said_nothing_has_no_grade() -> None:
    await factories.make_outcome(side=PairSide.MENTOR, rating=3)
    (row,) = await rated_pairs.read()
    assert (row.mentee_rating, row.mentor_rating) == (None, 3)


async def test_cycles_come_in_their_order_and_end_where_asked() -> None:
    pair = await factories.make_mentorship()
    for cycle in (3, 1, 2):
        day = date(2024, 4 + 2 * cycle, 30)
        await factories.make_outcome(
            mentorship=pair, cycle=cycle, cycle_ended_on=day, given_on=day, rating=cycle
        )
    assert [row.cycle for row in await rated_pairs.read()] == [1, 2, 3]
    assert [row.mentee_rating for row in await rated_pairs.read(until_cycle=2)] == [1, 2]


async def test_the_mentee_is_who_asked_then_and_the_mentor_counts_once_withdrawn() -> None:
    mentor = await factories.make_mentor(withdrawn_at=factories.NOON, statement="I listen.")
    request = await factories.make_request(
        state="CLOSED", goals="Lead an election.", top_criterion=TopCriterion.SENIORITY
    )
    pair = await factories.make_mentorship(mentor=mentor, request=request)
    await factories.make_outcome(mentorship=pair)
    (row,) = await rated_pairs.read()
    assert (row.mentee.goals, row.mentee.top_criterion) == ("Lead an election.", "seniority")
    assert row.mentor.expertise.endswith("I listen.")
    assert (row.mentee.function, row.mentee.level) == ("HEAD_OF_MISSION", "USG")


async def test_pairs_that_nobody_rated_teach_nothing_and_ratings_change_no_run() -> None:
    await factories.make_request()
    pair = await factories.make_mentorship()
    before = match_inputs.records(await match_inputs.read()).digest
    assert await rated_pairs.read() == []
    await factories.make_outcome(mentorship=pair)
    assert len(await rated_pairs.read()) == 1
    assert match_inputs.records(await match_inputs.read()).digest == before
