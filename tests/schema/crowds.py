"""A world large enough that the planner must choose: rows by the ten thousand, made by SQL.

Only sizes and shares matter here. It refuses to be read for meaning: nobody's career adds up.
"""

import asyncio

import asyncpg

from tests.schema.callers import key

PEOPLE = 20_000

_KEYS = """
CREATE FUNCTION pg_temp.key(noun text, number bigint) RETURNS uuid IMMUTABLE
RETURN md5(noun || number)::uuid;
CREATE FUNCTION pg_temp.one_of(number bigint, VARIADIC words text[]) RETURNS text IMMUTABLE
RETURN words[1 + number % array_length(words, 1)];
CREATE FUNCTION pg_temp.mission(number bigint) RETURNS uuid IMMUTABLE
RETURN CASE number % 100 WHEN 0 THEN '{alpha}'::uuid ELSE pg_temp.key('mission', number % 100) END;
"""

_PLACES = """
INSERT INTO mission (id, created_at, acronym, name, mission_type, area, region, started_on,
    started_precision, working_languages, mandate_tasks)
SELECT pg_temp.mission(i), now(), 'UNM' || i, 'Mission', 'PEACEKEEPING', 'Area', 'AFRICA',
    DATE '1990-01-01' + i, 'DAY', '{en}', CASE WHEN i % 8 = 0 THEN
    '{PROTECTION_OF_CIVILIANS}'::text[] ELSE '{GOOD_OFFICES}' END
FROM generate_series(0, 99) i;
INSERT INTO post (id, created_at, reference, function, title, level, stream,
    delegated_authorities, established_on, mission_id)
SELECT pg_temp.key('post', i), now(), 'POST-' || i, pg_temp.one_of(i / 100, 'HEAD_OF_MISSION',
    'DEPUTY_HEAD_OF_MISSION', 'CHIEF_OF_STAFF'), 'Title', 'USG', 'CIVILIAN', '{}',
    DATE '1990-01-01', pg_temp.mission(i)
FROM generate_series(0, 299) i;
"""

_PEOPLE = """
INSERT INTO person (id, created_at, given_names, family_name, gender, nationalities,
    regional_groups, expertise, availability, pipeline_since, seniority, highest_level,
    is_invented, version)
SELECT pg_temp.key('person', i), now(), 'Given' || i % 997, 'Family' || i % 5003,
    pg_temp.one_of(i, 'FEMALE', 'MALE', NULL), '{KEN}', '{AFRICAN}',
    CASE WHEN i % 9 = 0 THEN 'Mediation' ELSE 'Budgets' END
    || CASE WHEN i % 7 = 0 THEN ' francophone' ELSE '' END
    || CASE WHEN i % 5 = 0 THEN ' Arabic' ELSE '' END
    || repeat(' and the reform of institutions with a divided council', 6),
    'NOT_AVAILABLE', CASE WHEN i % 2 = 0 THEN DATE '2010-01-01' + i % 4000 END, rank,
    (ARRAY['P_5', 'D_1', 'D_2', 'ASG', 'USG'])[rank], true, 1
FROM generate_series(1, {people}) i, LATERAL (SELECT CASE WHEN i % 25 = 0 THEN 5
    WHEN i % 25 < 3 THEN 4 WHEN i % 25 < 7 THEN 3 WHEN i % 25 < 15 THEN 2 ELSE 1 END rank) held;
INSERT INTO person_language (id, created_at, language, proficiency, person_id)
SELECT pg_temp.key('language', 2 * i + n), now(), pg_temp.one_of(i % 3 + n, 'en', 'fr', 'ar', 'es'),
    pg_temp.one_of(i, 'B1', 'B2', 'C1', 'C2', 'A2'), pg_temp.key('person', i)
FROM generate_series(1, {people}) i, generate_series(0, 1) n;
INSERT INTO education (id, created_at, institution, degree, completed_year, person_id)
SELECT pg_temp.key('education', i), now(), 'University', 'Master', 1990,
    pg_temp.key('person', i)
FROM generate_series(1, {people}) i;
INSERT INTO experience (id, created_at, title, function, level, stream, started_on,
    started_precision, person_id, mission_id)
SELECT pg_temp.key('experience', 3 * i + n), now(), 'Title', pg_temp.one_of(i * 11 + n * 5,
    'HEAD_OF_MISSION', 'DEPUTY_HEAD_OF_MISSION', 'CHIEF_OF_STAFF', 'HEAD_OF_OFFICE',
    'SENIOR_ADVISER', 'FORCE_COMMANDER', 'SPECIAL_ENVOY'), 'D_1', 'CIVILIAN',
    DATE '1990-01-01' + i % 9000, 'DAY', pg_temp.key('person', i), pg_temp.mission(i * 13 + n * 7)
FROM generate_series(1, {people}) i, generate_series(0, 2) n;
"""

_POSTINGS = """
INSERT INTO appointment (id, created_at, state, started_on, term_ends_on, ended_on, cause_of_end,
    announced_on, version, person_id, post_id)
SELECT pg_temp.key('appointment', i), now(), CASE WHEN i > 19800 THEN 'IN_POST' WHEN i % 3 = 0
    THEN 'FORMER_LEADER' ELSE 'ENDED' END, first, first + 700, CASE WHEN i <= 19800 THEN first + 700
    END, CASE WHEN i <= 19800 THEN 'TERM_END' END, first, 1, pg_temp.key('person', i),
    pg_temp.key('post', i % 300)
FROM generate_series(1, 20000) i, LATERAL (SELECT CURRENT_DATE - 20600 + i AS first) day;
INSERT INTO acting_designation (id, created_at, kind, started_on, announced_on, ended_on,
    person_id, post_id)
SELECT pg_temp.key('acting', i), now(), 'AD_INTERIM', DATE '2000-01-01' + i, DATE '2000-01-01' + i,
    DATE '2001-01-01' + i, pg_temp.key('person', i), pg_temp.key('post', i % 300)
FROM generate_series(1, 5000) i;
"""

_PROGRAMME = """
INSERT INTO mentor (id, created_at, capacity, themes, statement, refused_nationalities,
    consented_at, withdrawn_at, version, person_id)
SELECT pg_temp.key('mentor', i), now(), i % 4, '{}', repeat('I can help. ', 10), '{}', now(),
    CASE WHEN i % 3 = 0 THEN now() END, 1, pg_temp.key('person', i)
FROM generate_series(1, 400) i;
INSERT INTO mentorship_request (id, created_at, state, goals, refused_nationalities,
    requested_at, version, appointment_id, person_id)
SELECT pg_temp.key('request', i), now(), CASE WHEN i > 1160 THEN 'WAITING' ELSE 'CLOSED' END,
    repeat('To learn. ', 20), '{}', now() - make_interval(hours => 2000 - i), 1,
    pg_temp.key('appointment', i + 10000), pg_temp.key('person', i % 600)
FROM generate_series(1, 1200) i;
INSERT INTO match_run (id, created_at, number, trigger, input_digest, configuration, versions,
    prices, surpluses, mentee_count, mentor_count, proposal_count, unmatched_count, objective,
    bound, gap, started_at, duration_ms)
SELECT pg_temp.key('run', i), now(), i, 'NIGHTLY', '', '{}', '{}', '{}', '{}', 1, 1, 1, 1, 1, 1,
    0, now(), 1
FROM generate_series(0, 29) i;
INSERT INTO match_audit (id, created_at, measure, side, group_kind, group_value, reason, run_id)
SELECT pg_temp.key('audit', 100 * i + n), now(), pg_temp.one_of(n, 'MATCH_RATE', 'RANK'), 'MENTEE',
    'FUNCTION', 'FUNCTION_' || n / 2, 'Too few.', pg_temp.key('run', i)
FROM generate_series(0, 29) i, generate_series(0, 99) n;
INSERT INTO match_proposal (id, created_at, score, contributions, state, version, mentor_id,
    request_id, run_id)
SELECT pg_temp.key('proposal', i), now(), i % 100, '{}', 'SUPERSEDED', 1,
    pg_temp.key('mentor', 1 + i % 400), pg_temp.key('request', i), pg_temp.key('run', i % 30)
FROM generate_series(1, 1200) i;
INSERT INTO unmatched_mentee (id, created_at, reason, rule_counts, request_id, run_id)
SELECT pg_temp.key('unmatched', i), now(), 'ALL_ELIGIBLE_FULL', '{}', pg_temp.key('request', i),
    pg_temp.key('run', (i + 1) % 30)
FROM generate_series(1, 1200) i;
INSERT INTO mentorship (id, created_at, state, started_on, closed_on, closing_reason, version,
    mentor_id, proposal_id, request_id)
SELECT pg_temp.key('mentorship', i), now(), CASE WHEN i > 1160 THEN 'ACTIVE' ELSE 'CLOSED' END,
    DATE '1990-01-01' + i, CASE WHEN i <= 1160 THEN DATE '1990-01-01' + i END,
    CASE WHEN i <= 1160 THEN 'COMPLETED' END, 1, pg_temp.key('mentor', 1 + i % 400),
    pg_temp.key('proposal', i), pg_temp.key('request', i)
FROM generate_series(1, 1200) i;
INSERT INTO match_outcome (id, created_at, side, cycle, cycle_ended_on, rating, remark, given_on,
    is_on_behalf, version, mentorship_id)
SELECT pg_temp.key('outcome', 8 * i + n), now(), pg_temp.one_of(n, 'MENTEE', 'MENTOR'), 1 + n / 2,
    CURRENT_DATE - i - 400 * (4 - n / 2), 1 + i % 5, 'Invented.', CURRENT_DATE, false, 1,
    pg_temp.key('mentorship', i)
FROM generate_series(1, 1200) i, generate_series(0, 7) n;
"""

_RECORDS = """
INSERT INTO audit_event (id, created_at, aggregate, aggregate_id, sequence, verb, actor_label,
    digests, occurred_at, previous_hash, hash)
SELECT pg_temp.key('event', i), now(), pg_temp.one_of(i, 'Person', 'Appointment', 'Account',
    'Mentor'), pg_temp.key('person', i / 4), 1, 'updatePerson', 'Somebody', '{}',
    now() - make_interval(secs => 60000 - i), '', md5('event' || i)
FROM generate_series(1, 50000) i;
INSERT INTO account (id, created_at, label)
SELECT pg_temp.key('account', i), now(), 'Account ' || i FROM generate_series(1, 1200) i;
INSERT INTO role_grant (id, created_at, role, account_id)
SELECT pg_temp.key('grant', i), now(), 'HR_OFFICER', pg_temp.key('account', i)
FROM generate_series(1, 1200) i;
INSERT INTO api_token (id, created_at, label, digest, expires_at, account_id)
SELECT pg_temp.key('token', i), now(), 'Token', md5('token' || i), now(),
    pg_temp.key('account', i) FROM generate_series(1, 1200) i;
"""


_UNSEEN = """
SELECT count(*) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relallvisible < relpages
"""


async def plant(session: asyncpg.Connection) -> None:
    """Writes the crowd into the empty tables, past their triggers, and has it counted."""
    parts = (_KEYS, _PLACES, _PEOPLE, _POSTINGS, _PROGRAMME, _RECORDS)
    script = "".join(parts).replace("{alpha}", str(key("ALPHA"))).replace("{people}", str(PEOPLE))
    async with session.transaction():
        await session.execute("SET LOCAL session_replication_role = replica")
        await session.execute(script)
    # Where the server's own vacuum is at work, rows stay unseen for an index alone to answer.
    for _ in range(30):
        await session.execute("VACUUM (ANALYZE)")
        if not await session.fetchval(_UNSEEN):
            return
        await asyncio.sleep(0.5)
    raise AssertionError("Something keeps an old snapshot of the crowd.")
