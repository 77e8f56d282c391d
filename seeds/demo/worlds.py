"""The demonstration world, planted whole or not at all.

Everything comes from one seed: the same seed and number of people give the same rows,
keys included. Nobody in it exists, and everybody is marked so. It writes no audit
events: a person's history begins with the first change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from tortoise import connections
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.transactions import in_transaction

from seeds import reference
from seeds.demo import appointments, cycles, mentoring, overrides, people
from seeds.demo.appointments import Appointing, Service
from seeds.demo.careers import Calendar, Careers, careers
from seeds.demo.cycles import Cast, Cycles
from seeds.demo.days import EPOCH, TODAY
from seeds.demo.mentoring import Mentoring
from seeds.demo.people import People, Standing, last_missions
from seeds.demo.posts import Seat, seats
from seeds.demo.profiles import Integers, Profiles, draw
from seeds.demo.tables import Tables
from seeds.demo.tenures import Tenure, tenures
from seeds.identities import Sequence as Keys
from seeds.reference import silent
from service.errors import Conflict, Invalid
from service.models import MemberState, Mission
from service.settings import Environment

CAST: Final = 700
CHUNK: Final = 20_000
_CAST_RANKS: Final = (0.1, 0.2, 0.27, 0.25, 0.18)
_CROWD_RANKS: Final = (0.3, 0.3, 0.24, 0.12, 0.04)
_TABLES: Final = (
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
)


@dataclass(frozen=True)
class World:
    """What stands, and some people in it who make good examples.

    `is_new` tells a planting from finding the same world there already.
    """

    seed: int
    people: int
    posts: int
    mentors: int
    waiting: int
    is_new: bool
    candidate_id: UUID
    mentor_id: UUID
    mentee_id: UUID


async def plant(
    *,
    people: int = 2_500,
    seed: int = 2016,
    environment: Environment = Environment.DEMO,
    progress: Callable[[str], None] = silent,
) -> World:
    """The demonstration world of this seed and size, planted unless it stands already.

    Plants the reference data first. Refuses with Invalid when there are too few people
    to fill the posts, and with Conflict in production and when the database holds other
    people or posts. All or nothing of the world is written.
    """
    if environment is Environment.PRODUCTION:
        raise Conflict(
            "Invented people have no place in production."
            " Set CADRE_ENVIRONMENT to demo or test, with a database of its own."
        )
    if people < CAST:
        raise Invalid(
            f"people must be at least {CAST}: fewer cannot fill the posts.", path=("people",)
        )
    connection = connections.get("default")
    if await _stands(connection, people, seed):
        progress("This demonstration world stands already; nothing was changed.")
        return await _world(connection, people, seed, is_new=False)
    await _refuse_strangers(connection)
    await reference.plant(progress=progress)
    async with in_transaction() as transaction:
        await _Planting(people, seed, progress).plant(transaction)
    await connection.execute_script("ANALYZE")
    progress(f"Planted {people:,} invented people.")
    return await _world(connection, people, seed, is_new=True)


async def _stands(connection: BaseDBAsyncClient, people: int, seed: int) -> bool:
    (mark,) = _keys(people, seed, "person").take(1)
    found = await connection.execute_query_dict("SELECT id FROM person WHERE id = $1", [mark])
    return bool(found)


async def _refuse_strangers(connection: BaseDBAsyncClient) -> None:
    (found,) = await connection.execute_query_dict(
        "SELECT EXISTS (SELECT FROM person WHERE NOT is_invented) AS real,"
        " EXISTS (SELECT FROM person) AS people, EXISTS (SELECT FROM post) AS posts"
    )
    remedy = "Plant the demonstration world in an empty database."
    if found["real"]:
        raise Conflict(f"There are people here who are not invented. {remedy}")
    if found["people"]:
        raise Conflict(
            f"Another demonstration world stands here, of another seed or size. {remedy}"
        )
    if found["posts"]:
        raise Conflict(f"There are posts here already. {remedy}")


def _keys(people: int, seed: int, table: str) -> Keys:
    return Keys(np.random.default_rng([seed, people, _TABLES.index(table)]), EPOCH)


class _Planting:
    """One planting: the cast with its posts first, then the crowd in chunks."""

    def __init__(self, people: int, seed: int, progress: Callable[[str], None]) -> None:
        self._size = people
        self._rng = np.random.default_rng([seed, people])
        self._keys = {table: _keys(people, seed, table) for table in _TABLES}
        # Dice of their own, so that nobody of today changes with the past.
        self._past = np.random.default_rng([seed, people, len(_TABLES)])
        self._progress = progress

    async def plant(self, transaction: BaseDBAsyncClient) -> None:
        missions = await Mission.all().using_db(transaction).order_by("acronym")
        states = await MemberState.all().using_db(transaction)
        groups = {state.code: state.regional_groups for state in states}
        self._missions = missions
        self._calendar = Calendar(missions)
        self._places = {mission.id: place for place, mission in enumerate(missions)}
        self._people = People(missions, groups, self._keys)
        async with transaction.acquire_connection() as connection:
            self._tables = Tables(connection, EPOCH)
            listed = seats(missions, self._keys["post"])
            await self._plant_posts(listed)
            async with self._tables.without_derivation():
                await self._plant_cast(listed)
                await self._plant_crowd()

    async def _plant_posts(self, listed: list[Seat]) -> None:
        await self._tables.copy("post", _POST, (_post(seat) for seat in listed))
        needs = [(seat.id, *need) for seat in listed for need in seat.languages]
        keys = self._keys["post_language"].take(len(needs))
        rows = ((key, *need) for key, need in zip(keys, needs, strict=True))
        await self._tables.copy("post_language", _POST_LANGUAGE, rows)

    async def _plant_cast(self, listed: list[Seat]) -> None:
        rng = self._rng
        profiles = _aged(rng, draw(rng, self._keys["person"], CAST, _CAST_RANKS))
        held = tenures(rng, listed, profiles, TODAY)
        self._remember_leaders(profiles, held)
        service = Appointing(rng, profiles, self._keys, TODAY).service(listed, held)
        founding = Mentoring(rng, profiles, self._keys, TODAY)
        programme = founding.programme(service.held)
        led = await self._plant_people(profiles, held, service)
        copy = self._tables.copy
        await copy("experience", people.EXPERIENCE, service.experiences)
        await copy("appointment", appointments.APPOINTMENT, service.appointments)
        await copy("acting_designation", appointments.ACTING, service.acting)
        await copy("mentor", mentoring.MENTOR, programme.mentors)
        await copy("mentorship_request", mentoring.REQUEST, programme.requests)
        await copy("mentorship", mentoring.MENTORSHIP, programme.mentorships)
        await copy("mentor_preference", mentoring.PREFERENCE, programme.preferences)
        await copy("declared_conflict", mentoring.CONFLICT, programme.conflicts)
        decided = overrides.overrides(programme, profiles, founding.able)
        await copy("match_override", overrides.OVERRIDE, decided)
        self._progress(f"{len(listed)} posts and {len(held)} appointments stand.")
        await self._plant_past(Cast(profiles, led, self._missions, service.held, programme))

    async def _plant_past(self, cast: Cast) -> None:
        past = Cycles(self._past, cast, self._keys, TODAY).past()
        copy = self._tables.copy
        await copy("mentorship_request", mentoring.REQUEST, past.requests)
        await copy("mentorship", mentoring.MENTORSHIP, past.mentorships)
        await copy("match_outcome", cycles.OUTCOME, past.outcomes)
        self._progress(f"{len(past.outcomes):,} invented ratings of past mentorships stand.")

    async def _plant_crowd(self) -> None:
        for start in range(CAST, self._size, CHUNK):
            count = min(CHUNK, self._size - start)
            profiles = draw(self._rng, self._keys["person"], count, _CROWD_RANKS)
            await self._plant_people(profiles, [], Service())
            self._progress(f"{start + count:,} of {self._size:,} people")

    async def _plant_people(
        self, profiles: Profiles, held: list[Tenure], service: Service
    ) -> Careers:
        """Writes these people down; the careers that they had besides what they held."""
        rng, copy = self._rng, self._tables.copy
        count = len(profiles)
        until, top = _limits(profiles, held)
        led = careers(rng, profiles, self._calendar, until=until, top=top)
        seniority = led.seniority(count)
        standing = Standing(np.zeros(count, np.int64), last_missions(led, count))
        for tenure in held:
            seniority[tenure.holder] = max(seniority[tenure.holder], tenure.rank)
            standing.mission[tenure.holder] = self._places[tenure.seat.mission.id]
        for holder, term_end in service.serves_until.items():
            standing.serves_until[holder] = term_end
        rows: Any = self._people.persons(rng, profiles, seniority, standing)
        await copy("person", people.PERSON, rows)
        await copy("person_language", people.LANGUAGE, self._people.languages(profiles))
        await copy("education", people.EDUCATION, self._people.education(rng, profiles))
        rows = self._people.experiences(profiles, led, self._calendar.missions)
        await copy("experience", people.EXPERIENCE, rows)
        return led

    def _remember_leaders(self, profiles: Profiles, held: list[Tenure]) -> None:
        for tenure in held:
            if tenure.seat.reference.endswith("-HOM-1"):
                last = TODAY if tenure.end is None else tenure.end
                years = range(1970 + tenure.start // 365 + 1, 1970 + last // 365)
                place = self._places[tenure.seat.mission.id]
                self._calendar.lead(place, profiles.ids[tenure.holder], years)


def _aged(rng: np.random.Generator, profiles: Profiles) -> Profiles:
    """The same people with careers that began up to twenty years earlier, but not before 1980."""
    earlier = (rng.random(len(profiles)) ** 1.3 * 20 * 365).astype(np.int64)
    profiles.career_start[:] = np.maximum(profiles.career_start - earlier, 10 * 365)
    return profiles


def _limits(profiles: Profiles, held: list[Tenure]) -> tuple[Integers, Integers]:
    """The day before the first appointment and the rank below it; else today and the full rank."""
    until = np.full(len(profiles), TODAY)
    # Uniformed careers end at the level of their highest posts.
    top = np.minimum(profiles.rank, np.array([5, 4, 3])[profiles.stream])
    first: dict[int, Tenure] = {}
    for tenure in held:
        known = first.get(tenure.holder)
        if known is None or tenure.start < known.start:
            first[tenure.holder] = tenure
    for holder, tenure in first.items():
        until[holder] = tenure.start - 40
        top[holder] = tenure.rank - 1
    return until, top


_POST: Final = (
    "id",
    "mission_id",
    "reference",
    "function",
    "title",
    "level",
    "stream",
    "delegated_authorities",
    "established_on",
    "abolished_on",
)
_POST_LANGUAGE: Final = ("id", "post_id", "language", "proficiency")


def _post(seat: Seat) -> tuple[Any, ...]:
    return (
        seat.id,
        seat.mission.id,
        seat.reference,
        seat.function.value,
        seat.title,
        seat.level.value,
        seat.stream.value,
        seat.authorities,
        seat.established_on,
        seat.abolished_on,
    )


async def _world(connection: BaseDBAsyncClient, people: int, seed: int, *, is_new: bool) -> World:
    (found,) = await connection.execute_query_dict(
        "SELECT (SELECT count(*) FROM post) AS posts, (SELECT count(*) FROM mentor) AS mentors,"
        " (SELECT count(*) FROM mentorship_request WHERE state = 'WAITING') AS waiting,"
        " (SELECT id FROM person WHERE pipeline_since IS NOT NULL AND NOT EXISTS"
        "  (SELECT FROM appointment WHERE person_id = person.id)"
        "  ORDER BY seniority DESC, id LIMIT 1) AS candidate_id"
    )
    (pair,) = await connection.execute_query_dict(
        "SELECT mentor.person_id AS mentor_id, request.person_id AS mentee_id FROM mentorship"
        " JOIN mentor ON mentor.id = mentor_id"
        " JOIN mentorship_request request ON request.id = request_id"
        # Somebody may have closed every pair since; then a former one must do.
        " ORDER BY mentorship.state = 'ACTIVE' DESC, mentorship.id LIMIT 1"
    )
    return World(seed=seed, people=people, is_new=is_new, **found, **pair)
