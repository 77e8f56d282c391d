"""Worlds for the benchmarks: invented people with careers, made by SQL alone from a fixed seed.

The same number of people is the same world everywhere. It writes past triggers and foreign
keys, so it must never see any database but a benchmark's own.
"""

import asyncio
import base64
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from seeds import reference
from service import accounts, database
from service.access.actors import system
from service.access.roles import Role
from tests import databases

LANGUAGES = 3
EXPERIENCES = 5
STUDIES = 4
SKEWED = 500
SYSTEM = system("Benchmark")

# Time-ordered, as the service makes them, so that neighbours in time are neighbours on disk.
_KEY = "('01970000-{kind}-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"
_PERSON, _LANGUAGE, _EXPERIENCE, _STUDY = "0001", "0002", "0003", "0004"

# Hashes and not random(): a value then depends on its row and never on the plan.
_PREPARED = """
SET maintenance_work_mem = '512MB';
SET work_mem = '256MB';
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.pick(row_number bigint, salt int, choices int) RETURNS int
LANGUAGE sql IMMUTABLE RETURN abs(hashint8extended(row_number, salt) % choices)::int;
CREATE FUNCTION pg_temp.among(words text, row_number bigint, salt int) RETURNS text
LANGUAGE sql IMMUTABLE RETURN (string_to_array(words, ' '))[
    1 + abs(hashint8extended(row_number, salt) % array_length(string_to_array(words, ' '), 1))];
"""

_PEOPLE = f"""
INSERT INTO person (id, created_at, given_names, family_name, gender, nationalities,
    regional_groups, expertise, availability, available_from, pipeline_since, seniority,
    highest_level, is_invented, version)
SELECT {_KEY.format(kind=_PERSON, number="i")},
    timestamptz '2020-01-01' + i * interval '1 minute' + pick.micros * interval '1 microsecond',
    pg_temp.among('Amina Bo Carla Dede Esra Farid Gita Hana Ivo Jun Kofi Lena Musa Noor', i, 1)
        || ' ' || chr(65 + pg_temp.pick(i, 2, 26)) || '.',
    initcap(pg_temp.among('ba de ka lo mi no ra so ta vi', i, 3)
        || pg_temp.among('bari dotti kande lunga moro nassi randa', i, 4)
        || pg_temp.among('an be du en ga is ko', i, 5)),
    pg_temp.among('FEMALE MALE FEMALE MALE FEMALE MALE OTHER', i, 6),
    ARRAY[state.code], state.regional_groups,
    pg_temp.among('mediation logistics policing elections finance protection', i, 7)
        || ' and ' || pg_temp.among('planning law training supply liaison reform', i, 8),
    pick.availability,
    CASE pick.availability WHEN 'AVAILABLE_FROM' THEN date '2026-01-01' + pg_temp.pick(i, 9, 700) END,
    date '2015-01-01' + pg_temp.pick(i, 10, 3900),
    pick.rank, (ARRAY['P_5', 'D_1', 'D_2', 'ASG', 'USG'])[pick.rank], true, 1
FROM generate_series(1, $1::int) AS i
CROSS JOIN LATERAL (SELECT
    pg_temp.among('AVAILABLE AVAILABLE_FROM NOT_AVAILABLE NOT_AVAILABLE', i, 11) AS availability,
    {{rank}}::smallint AS rank, pg_temp.pick(i, 12, 1000000) AS micros) AS pick
JOIN (SELECT row_number() OVER (ORDER BY code) - 1 AS place, code, regional_groups
    FROM member_state) AS state ON state.place = pg_temp.pick(i, 13, {{states}})
"""
# Few at the top, as in the field: of twenty, one USG and five with no grade of these.
_RANK = "(ARRAY[5,4,4,3,3,3,2,2,2,2,2,1,1,1,1,0,0,0,0,0])[1 + pg_temp.pick(i, 14, 20)]"

_SPOKEN = f"""
INSERT INTO person_language (id, created_at, person_id, language, proficiency)
SELECT {_KEY.format(kind=_LANGUAGE, number="i::bigint * 8 + k")}, timestamptz '2024-01-01',
    {_KEY.format(kind=_PERSON, number="i")},
    CASE k WHEN 0 THEN 'en' WHEN 1 THEN pg_temp.among('fr es ar', i, 15)
           ELSE pg_temp.among('ru zh pt sw', i, 16) END,
    pg_temp.among('B1 B2 C1 C2', i::bigint * 8 + k, 17)
FROM generate_series(1, $1::int) AS i, generate_series(0, {LANGUAGES - 1}) AS k
"""

_SERVED = f"""
INSERT INTO experience (id, created_at, person_id, mission_id, organisation, function, title,
    level, stream, started_on, started_precision, ended_on, ended_precision)
SELECT {_KEY.format(kind=_EXPERIENCE, number="{number}")}, timestamptz '2024-01-01',
    {_KEY.format(kind=_PERSON, number="i")}, mission.id,
    CASE WHEN mission.id IS NULL THEN 'Ministry of Foreign Affairs' END,
    pg_temp.among('HEAD_OF_OFFICE CHIEF_OF_STAFF SENIOR_ADVISER FORCE_COMMANDER SPECIAL_ENVOY',
                  {{number}}, 18),
    pg_temp.among('Head Chief Deputy Senior Acting', {{number}}, 19) || ' '
        || pg_temp.among('Adviser Officer Director Coordinator', {{number}}, 20),
    -- The first period holds the highest level, which the person's own row repeats.
    (ARRAY['P_5', 'D_1', 'D_2', 'ASG', 'USG'])[CASE WHEN {_RANK} > 0
        THEN greatest({_RANK} - CASE k WHEN 0 THEN 0 ELSE pg_temp.pick({{number}}, 21, 3) END, 1) END],
    pg_temp.among('CIVILIAN CIVILIAN MILITARY POLICE', {{number}}, 22),
    date '2000-01-01' + k % 8 * 1000 + pg_temp.pick({{number}}, 23, 400), 'DAY',
    CASE WHEN k > 0 THEN date '2000-01-01' + k % 8 * 1000 + 401 + pg_temp.pick({{number}}, 24, 500) END,
    CASE WHEN k > 0 THEN 'DAY' END
FROM generate_series({{first}}, $1::int) AS i
CROSS JOIN generate_series(0, {{most}} - 1) AS k
LEFT JOIN (SELECT row_number() OVER (ORDER BY acronym) - 1 AS place, id FROM mission) AS mission
    ON mission.place = pg_temp.pick({{number}}, 25, {{missions}})
"""

_STUDIED = f"""
INSERT INTO education (id, created_at, person_id, institution, degree, subject, completed_year)
SELECT {_KEY.format(kind=_STUDY, number="{number}")}, timestamptz '2024-01-01',
    {_KEY.format(kind=_PERSON, number="i")},
    'University of ' || pg_temp.among('Accra Bergen Cusco Dhaka Essen Fiji Gaborone', {{number}}, 26),
    pg_temp.among('BA BSc LLB MA MSc MBA PhD', {{number}}, 27),
    pg_temp.among('Law Economics History Engineering Logistics Medicine', {{number}}, 28),
    1975 + pg_temp.pick({{number}}, 29, 45)
FROM generate_series({{first}}, $1::int) AS i, generate_series(0, {{most}} - 1) AS k
"""

_DROPPABLE = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename = ANY ($1) AND schemaname = 'public'
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""

_TABLES = ("person", "person_language", "experience", "education")
_BY_PERSON = """
SELECT DISTINCT indrelid::regclass::text AS table, attname AS column
FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
WHERE indrelid = ANY ($1::regclass[]) AND attname IN ('id', 'person_id')
"""


@dataclass(frozen=True)
class World:
    """A database full of people; one more than counted has hundreds of children."""

    url: str
    people: int
    token: str

    @property
    def skewed(self) -> str:
        """The opaque id of the person with hundreds of children."""
        return opaque(self.people + 1)


def key(number: int) -> UUID:
    """The key of this person, counted from 1."""
    return UUID(f"01970000-{_PERSON}-7000-8000-{number:012x}")


def opaque(number: int) -> str:
    """The id under which the API shows this person."""
    return base64.b64encode(f"Person:{key(number)}".encode()).decode()


async def build(server: str, people: int) -> World:
    """A new database of this many people on the server behind the URL, ready to be measured.

    Its sessions plan without parallel workers and without JIT, whose threshold a busy
    machine's statistics may cross in one run and not in the next.
    """
    name = f"bench_{people}"
    url = await databases.cloned(server, name)
    async with database.session(server) as session:
        for setting in ("jit = off", "max_parallel_workers_per_gather = 0"):
            await session.execute(f"ALTER DATABASE {name} SET {setting}")
    async with database.connected(url, pool_size=2):
        await reference.plant()
        token = await _signed_in()
    # Two sessions at once; rows of different tables do not wait for each other here.
    await asyncio.gather(
        _fill(url, people, {"person": _PEOPLE, "person_language": _SPOKEN}),
        _fill(url, people, {"experience": _SERVED, "education": _STUDIED}),
    )
    async with database.session(url) as session:
        await session.execute("VACUUM ANALYZE")
        await session.execute("CHECKPOINT")
        await _read_through(session)
    return World(url, people, token)


async def _signed_in() -> str:
    account = await accounts.ensure("Benchmark", Role.HR_OFFICER, by=SYSTEM)
    change = accounts.NewToken(account_id=account.id, label="Benchmark")
    token = await accounts.issue_token(change, by=SYSTEM)
    assert token.secret is not None
    return token.secret


async def _fill(url: str, people: int, inserts: dict[str, str]) -> None:
    async with database.session(url) as session:
        await session.execute(_PREPARED)
        indexes = await session.fetch(_DROPPABLE, list(inserts))
        for index in indexes:
            await session.execute(f"DROP INDEX {index['indexname']}")
        for table, insert in inserts.items():
            await _insert(session, table, insert, people)
        for index in indexes:
            await session.execute(index["indexdef"])


async def _read_through(session: asyncpg.Connection) -> None:
    """Takes every page into memory, where a service that has run for a day would have them."""
    # An index can tell how many rows there are, and would leave the rows themselves unread.
    await session.execute("SET enable_indexonlyscan = off; SET enable_indexscan = off")
    for table in _TABLES:
        await session.execute(f"SELECT count(*) FROM {table}", timeout=None)
    await session.execute("RESET ALL; SET enable_seqscan = off; SET enable_bitmapscan = off")
    for index in await session.fetch(_BY_PERSON, list(_TABLES)):
        scan = "SELECT count({column}) FROM {table} WHERE {column} > '{nil}'"
        await session.execute(scan.format(nil=UUID(int=0), **index), timeout=None)


async def _insert(session: asyncpg.Connection, table: str, insert: str, people: int) -> None:
    most = {"experience": EXPERIENCES, "education": STUDIES}.get(table, 0)
    counts = {
        "rank": _RANK,
        "states": await session.fetchval("SELECT count(*) FROM member_state"),
        # One period in five is spent outside missions.
        "missions": await session.fetchval("SELECT count(*) * 5 / 4 FROM mission"),
    }
    usual = {"first": "1", "most": most, "number": "(i::bigint * 8 + k)"}
    if not most:
        await session.execute(_spelt(insert, usual | counts, people + 1), timeout=None)
        return
    skewed = {"first": str(people + 1), "most": SKEWED, "number": "(i::bigint * 8 + k)"}
    await session.execute(_spelt(insert, usual | counts, people))
    await session.execute(_spelt(insert, skewed | counts, people + 1))


def _spelt(insert: str, words: dict[str, object], people: int) -> str:
    return insert.format(**words).replace("$1::int", str(people))
