"""The demonstration world: what it promises to hold, and when it refuses."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest
from tortoise import connections

from seeds import demo
from service.errors import Conflict, Invalid
from service.models import Mission, Person, Post
from service.settings import Environment

PEOPLE = 1_500
TABLES = (
    "person",
    "person_language",
    "education",
    "experience",
    "post",
    "post_language",
    "appointment",
    "acting_designation",
    "mentor",
    "mentorship_request",
    "mentorship",
    "mentor_preference",
    "declared_conflict",
    "match_outcome",
    "match_override",
)

Fresh = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
async def planted(fresh: Fresh) -> AsyncIterator[demo.World]:
    async with fresh():
        yield await demo.plant(people=PEOPLE)


async def rows(query: str, *values: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await connections.get("default").execute_query_dict(
        query, list(values)
    )
    return found


async def value(query: str, *values: Any) -> Any:
    (row,) = await rows(query, *values)
    (only,) = row.values()
    return only


async def digest() -> dict[str, str]:
    """A fingerprint of every table, keys included."""
    found = {}
    for table in TABLES:
        lines = await rows(f"SELECT t::text AS line FROM {table} t ORDER BY id")
        whole = "\n".join(row["line"] for row in lines)
        found[table] = hashlib.sha256(whole.encode()).hexdigest()
    return found


async def test_the_same_seed_and_size_give_the_same_rows_in_any_database(fresh: Fresh) -> None:
    worlds = []
    for _ in range(2):
        async with fresh():
            world = await demo.plant(people=demo.CAST, seed=7)
            worlds.append((world, await digest()))
    assert worlds[0] == worlds[1]


async def test_another_seed_gives_another_world(fresh: Fresh) -> None:
    fingerprints = []
    for seed in (1, 2):
        async with fresh():
            await demo.plant(people=demo.CAST, seed=seed)
            fingerprints.append(await digest())
    assert [table for table in TABLES if fingerprints[0][table] == fingerprints[1][table]] == []


async def test_the_promised_numbers_stand(planted: demo.World) -> None:
    assert planted.is_new
    assert await value("SELECT count(*) FROM person") == planted.people == PEOPLE
    assert 280 <= planted.posts <= 320
    assert (planted.mentors, planted.waiting) == (120, 60)
    assert await value("SELECT count(*) FROM mentorship WHERE state = 'ACTIVE'") == 10
    badly_ended = await value(
        "SELECT count(*) FROM mentorship JOIN mentorship_request earlier ON earlier.id = request_id"
        " JOIN mentorship_request now ON now.person_id = earlier.person_id"
        " WHERE now.state = 'WAITING' AND closing_reason IN ('NOT_A_FIT', 'CONFLICT_OF_INTEREST')"
    )
    assert badly_ended == 1


async def test_everybody_is_invented(planted: demo.World) -> None:
    assert await Person.filter(is_invented=False).count() == 0


async def test_what_was_written_is_what_the_database_would_derive(planted: demo.World) -> None:
    everything = "SELECT id, seniority, highest_level, regional_groups FROM person ORDER BY id"
    before = await rows(everything)
    await rows("SELECT refresh_seniority(ARRAY(SELECT id FROM person))")
    await connections.get("default").execute_query(
        "UPDATE person SET nationalities = nationalities"
    )
    assert await rows(everything) == before
    mismatched = await value(
        "SELECT count(*) FROM person WHERE level_rank(highest_level) <> seniority"
    )
    assert mismatched == 0


async def test_the_triggers_are_awake_again(planted: demo.World) -> None:
    asleep = await value(
        "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'O'"
    )
    assert asleep == 0


async def test_french_speaking_deputies_from_protection_missions_fill_two_pages(
    planted: demo.World,
) -> None:
    found = await value(
        "SELECT count(DISTINCT e.person_id) FROM experience e"
        " JOIN person_language l ON l.person_id = e.person_id"
        " JOIN mission m ON m.id = e.mission_id"
        " WHERE l.language = 'fr' AND l.proficiency IN ('C1', 'C2')"
        " AND e.function = 'DEPUTY_HEAD_OF_MISSION'"
        " AND 'PROTECTION_OF_CIVILIANS' = ANY (m.mandate_tasks)"
    )
    assert found >= 30


@pytest.mark.parametrize(("language", "at_least"), [("en", 900), ("fr", 300), ("ar", 100)])
async def test_many_speak_the_languages_that_missions_need(
    planted: demo.World, language: str, at_least: int
) -> None:
    found = await value(
        "SELECT count(*) FROM person_language WHERE language = $1 AND proficiency >= 'C1'", language
    )
    assert found >= at_least


async def test_most_posts_of_running_missions_are_held_and_some_are_vacant(
    planted: demo.World,
) -> None:
    held = (
        "EXISTS (SELECT FROM appointment a WHERE a.post_id = post.id"
        " AND a.state IN ('IN_POST', 'EXTENDED'))"
    )
    lasting = await value("SELECT count(*) FROM post WHERE abolished_on IS NULL")
    vacant = await value(f"SELECT count(*) FROM post WHERE abolished_on IS NULL AND NOT {held}")
    assert 0.06 < vacant / lasting < 0.2
    assert await value(f"SELECT count(*) FROM post WHERE abolished_on IS NOT NULL AND {held}") == 0


async def test_appointments_are_found_in_every_state(planted: demo.World) -> None:
    states = {row["state"] for row in await rows("SELECT DISTINCT state FROM appointment")}
    assert states == {
        "OFFERED",
        "ACCEPTED",
        "CLEARED_TO_TRAVEL",
        "IN_POST",
        "EXTENDED",
        "ENDED",
        "DEBRIEFED",
        "FORMER_LEADER",
        "DECLINED",
        "WITHDRAWN",
    }


async def test_somebody_holds_a_post_and_acts_in_another_mission(planted: demo.World) -> None:
    found = await value(
        "SELECT count(*) FROM acting_designation cover JOIN post covered ON covered.id = cover.post_id"
        " JOIN appointment a ON a.person_id = cover.person_id AND a.state IN ('IN_POST', 'EXTENDED')"
        " JOIN post own ON own.id = a.post_id"
        " WHERE cover.ended_on IS NULL AND own.mission_id <> covered.mission_id"
    )
    assert found >= 2


async def test_somebody_wears_two_hats(planted: demo.World) -> None:
    found = await value(
        "SELECT count(*) FROM (SELECT person_id FROM appointment"
        " WHERE state IN ('IN_POST', 'EXTENDED') GROUP BY 1 HAVING count(*) > 1) two_hats"
    )
    assert found >= 4


async def test_some_terms_end_within_half_a_year(planted: demo.World) -> None:
    share = await value(
        "SELECT avg((term_ends_on <= DATE '2027-05-01')::int)::float FROM appointment"
        " WHERE state IN ('IN_POST', 'EXTENDED')"
    )
    assert 0.1 < share < 0.25


async def test_every_appointment_that_began_is_in_the_holders_career(planted: demo.World) -> None:
    missing = await value(
        "SELECT count(*) FROM appointment a WHERE started_on IS NOT NULL AND NOT EXISTS ("
        " SELECT FROM experience e WHERE e.person_id = a.person_id AND e.post_id = a.post_id"
        " AND e.started_on = a.started_on AND e.ended_on IS NOT DISTINCT FROM a.ended_on)"
    )
    assert missing == 0


async def test_careers_have_gaps_and_overlaps_and_never_reach_beyond_the_world_s_day(
    planted: demo.World,
) -> None:
    steps = await rows(
        "SELECT count(*) FILTER (WHERE next > ended_on + 60) AS gaps,"
        " count(*) FILTER (WHERE next < ended_on) AS overlaps,"
        " count(*) FILTER (WHERE started_on > $1 OR ended_on > $1) AS beyond FROM ("
        " SELECT *, lead(started_on) OVER (PARTITION BY person_id ORDER BY started_on) AS next"
        " FROM experience) e",
        demo.EPOCH.date(),
    )
    assert steps[0]["gaps"] > 500
    assert steps[0]["overlaps"] > 300
    assert steps[0]["beyond"] == 0


async def test_service_in_a_mission_lies_within_its_life(planted: demo.World) -> None:
    outside = await value(
        "SELECT count(*) FROM experience e JOIN mission m ON m.id = e.mission_id"
        " WHERE e.started_on < m.started_on OR coalesce(e.ended_on, $1) > coalesce(m.ended_on, $1)",
        demo.EPOCH.date(),
    )
    assert outside == 0


async def test_mentors_led_missions_and_serve_no_longer(planted: demo.World) -> None:
    strangers = await value(
        "SELECT count(*) FROM mentor m WHERE NOT EXISTS (SELECT FROM appointment a"
        " JOIN post p ON p.id = a.post_id WHERE a.person_id = m.person_id AND a.ended_on IS NOT NULL"
        " AND p.function IN ('HEAD_OF_MISSION', 'DEPUTY_HEAD_OF_MISSION'))"
        " OR EXISTS (SELECT FROM appointment a WHERE a.person_id = m.person_id"
        " AND a.state IN ('IN_POST', 'EXTENDED'))"
    )
    assert strangers == 0


async def test_mentees_lead_a_mission_now(planted: demo.World) -> None:
    others = await value(
        "SELECT count(*) FROM mentorship_request r JOIN appointment a ON a.id = r.appointment_id"
        " JOIN post p ON p.id = a.post_id WHERE r.person_id <> a.person_id"
        " OR r.state <> 'CLOSED' AND a.state NOT IN ('IN_POST', 'EXTENDED')"
        " OR p.function NOT IN ('HEAD_OF_MISSION', 'DEPUTY_HEAD_OF_MISSION')"
        " OR r.requested_at < a.started_on OR r.requested_at::date > a.ended_on"
    )
    assert others == 0


async def test_the_examples_are_who_they_are_said_to_be(planted: demo.World) -> None:
    pair = await rows(
        "SELECT m.person_id AS mentor, r.person_id AS mentee FROM mentorship s"
        " JOIN mentor m ON m.id = s.mentor_id JOIN mentorship_request r ON r.id = s.request_id"
        " WHERE s.state = 'ACTIVE' AND m.person_id = $1",
        planted.mentor_id,
    )
    assert pair == [{"mentor": planted.mentor_id, "mentee": planted.mentee_id}]
    candidate = await Person.get(id=planted.candidate_id)
    assert candidate.pipeline_since is not None
    assert await candidate.appointments.all().count() == 0


async def test_planting_again_changes_nothing(planted: demo.World) -> None:
    before = await digest()
    lines: list[str] = []
    again = await demo.plant(people=PEOPLE, progress=lines.append)
    assert again == replace(planted, is_new=False)
    assert lines[-1] == "This demonstration world stands already; nothing was changed."
    assert await digest() == before


async def test_another_world_is_refused_where_one_stands(planted: demo.World) -> None:
    with pytest.raises(Conflict, match="Another demonstration world stands here"):
        await demo.plant(people=PEOPLE, seed=3)
    assert await Person.all().count() == PEOPLE


async def test_real_people_are_never_joined_by_invented_ones(fresh: Fresh) -> None:
    async with fresh():
        await Person.create(given_names="Somebody", family_name="Real")
        with pytest.raises(Conflict, match="not invented"):
            await demo.plant(people=demo.CAST)
        assert await Person.all().count() == 1
        assert await Post.all().count() == await Mission.all().count() == 0


async def test_a_world_whose_pairs_were_all_closed_still_names_its_examples(fresh: Fresh) -> None:
    async with fresh():
        first = await demo.plant(people=demo.CAST)
        await rows(
            "UPDATE mentorship SET state = 'CLOSED', closed_on = '2026-11-02',"
            " closing_reason = 'COMPLETED' WHERE state = 'ACTIVE'"
        )
        again = await demo.plant(people=demo.CAST)
        assert not again.is_new
        assert again.candidate_id == first.candidate_id
        assert await Person.filter(id__in=[again.mentor_id, again.mentee_id]).count() == 2


async def test_too_few_people_are_refused() -> None:
    with pytest.raises(Invalid, match="people must be at least 700"):
        await demo.plant(people=699)


async def test_production_is_refused(fresh: Fresh) -> None:
    async with fresh():
        with pytest.raises(Conflict, match="no place in production"):
            await demo.plant(people=demo.CAST, environment=Environment.PRODUCTION)
        assert await Person.all().count() == await Mission.all().count() == 0


async def test_a_planting_that_breaks_leaves_nothing(fresh: Fresh) -> None:
    def interrupt(line: str) -> None:
        if line.endswith("people"):
            raise TimeoutError

    async with fresh():
        with pytest.raises(TimeoutError):
            await demo.plant(people=demo.CAST + 10, progress=interrupt)
        assert await Person.all().count() == await Post.all().count() == 0
        asleep = await value("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'")
        assert asleep == 0
