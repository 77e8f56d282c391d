"""Invariants that the database holds by itself, so that no bug above can break them.

The embedded PostgreSQL has no btree_gist, so rules over time or counts lock the
parent row and look again: two writers queue up, and the second one is refused.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

SEARCH = [
    r"""
    CREATE FUNCTION fold(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- Only words and single blanks remain, so that no parser sees paths, hosts or operators.
    RETURN lower(regexp_replace(
        regexp_replace(normalize(value, NFKD), U&'[\0300-\036f]', '', 'g'),
        '[^[:alnum:]]+', ' ', 'g'
    ))
    """,
    """
    ALTER TABLE person ADD COLUMN search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', fold(given_names || ' ' || family_name)), 'A')
        || setweight(to_tsvector('simple', fold(expertise)), 'D')
    ) STORED
    """,
    "CREATE INDEX person_search_gin ON person USING gin (search)",
]

REGIONAL_GROUPS = [
    """
    CREATE FUNCTION person_set_regional_groups() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.regional_groups := ARRAY(
            SELECT DISTINCT unnest(state.regional_groups) FROM member_state state
            WHERE state.code = ANY (NEW.nationalities) ORDER BY 1
        );
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER person_regional_groups
    BEFORE INSERT OR UPDATE OF nationalities, regional_groups ON person
    FOR EACH ROW EXECUTE FUNCTION person_set_regional_groups()
    """,
]

SENIORITY = [
    """
    CREATE FUNCTION level_rank(level text) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE level WHEN 'USG' THEN 5 WHEN 'ASG' THEN 4 WHEN 'D_2' THEN 3
                      WHEN 'D_1' THEN 2 WHEN 'P_5' THEN 1 ELSE 0 END::smallint
    """,
    """
    CREATE FUNCTION refresh_seniority(people uuid[]) RETURNS void LANGUAGE sql AS $$
        UPDATE person SET seniority = held.rank,
            highest_level = CASE held.rank WHEN 5 THEN 'USG' WHEN 4 THEN 'ASG' WHEN 3 THEN 'D_2'
                                           WHEN 2 THEN 'D_1' WHEN 1 THEN 'P_5' END
        FROM (
            SELECT subject.id, GREATEST(
                COALESCE((SELECT max(level_rank(e.level)) FROM experience e
                          WHERE e.person_id = subject.id), 0),
                COALESCE((SELECT max(level_rank(p.level)) FROM appointment a
                          JOIN post p ON p.id = a.post_id
                          WHERE a.person_id = subject.id AND a.started_on IS NOT NULL), 0)
            )::smallint AS rank
            FROM unnest(people) AS subject (id)
        ) held
        WHERE person.id = held.id AND person.seniority IS DISTINCT FROM held.rank
    $$
    """,
    """
    CREATE FUNCTION career_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refresh_seniority(ARRAY(SELECT DISTINCT person_id FROM changed ORDER BY 1));
        RETURN NULL;
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_{verb.lower()}_seniority AFTER {verb} ON {table}
        REFERENCING {"OLD" if verb == "DELETE" else "NEW"} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION career_changed()
        """
        for table in ("experience", "appointment")
        for verb in ("INSERT", "UPDATE", "DELETE")
    ),
]

ONE_HOLDER = [
    """
    CREATE FUNCTION appointment_one_holder() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.started_on IS NULL OR NEW.state IN ('DECLINED', 'WITHDRAWN') THEN
            RETURN NULL;
        END IF;
        PERFORM 1 FROM post WHERE id = NEW.post_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT 1 FROM appointment other
            WHERE other.post_id = NEW.post_id AND other.id <> NEW.id
              AND other.started_on IS NOT NULL
              AND other.state NOT IN ('DECLINED', 'WITHDRAWN')
              AND daterange(other.started_on, other.ended_on)
                  && daterange(NEW.started_on, NEW.ended_on)
        ) THEN
            RAISE EXCEPTION 'two substantive holders of one post at one time'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'appointment_one_holder';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER appointment_one_holder
    AFTER INSERT OR UPDATE OF post_id, state, started_on, ended_on ON appointment
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW EXECUTE FUNCTION appointment_one_holder()
    """,
    """
    CREATE FUNCTION appointment_transition() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
            ('OFFERED', 'ACCEPTED'), ('OFFERED', 'DECLINED'), ('OFFERED', 'WITHDRAWN'),
            ('ACCEPTED', 'CLEARED_TO_TRAVEL'), ('ACCEPTED', 'WITHDRAWN'), ('ACCEPTED', 'DECLINED'),
            ('CLEARED_TO_TRAVEL', 'IN_POST'), ('CLEARED_TO_TRAVEL', 'WITHDRAWN'),
            ('IN_POST', 'EXTENDED'), ('IN_POST', 'ENDED'), ('EXTENDED', 'ENDED'),
            ('ENDED', 'DEBRIEFED'), ('ENDED', 'FORMER_LEADER'), ('DEBRIEFED', 'FORMER_LEADER')
        ) THEN
            RAISE EXCEPTION 'an appointment cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'appointment_transition';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER appointment_transition BEFORE UPDATE OF state ON appointment
    FOR EACH ROW EXECUTE FUNCTION appointment_transition()
    """,
]

CAPACITY = [
    """
    CREATE FUNCTION mentorship_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- The lock is a statement of its own: the next one sees what was committed meanwhile.
        PERFORM 1 FROM mentor WHERE id = NEW.mentor_id FOR NO KEY UPDATE;
        IF NEW.state = 'ACTIVE' AND (SELECT capacity FROM mentor WHERE id = NEW.mentor_id) < (
            SELECT count(*) FROM mentorship
            WHERE mentor_id = NEW.mentor_id AND state = 'ACTIVE'
        ) THEN
            RAISE EXCEPTION 'mentor above capacity'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mentorship_capacity';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER mentorship_capacity
    AFTER INSERT OR UPDATE OF mentor_id, state ON mentorship
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW EXECUTE FUNCTION mentorship_capacity()
    """,
    """
    CREATE FUNCTION mentor_capacity_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.capacity < (
            SELECT count(*) FROM mentorship WHERE mentor_id = NEW.id AND state = 'ACTIVE'
        ) THEN
            RAISE EXCEPTION 'capacity below the active mentorships'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mentor_capacity_kept';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER mentor_capacity_kept AFTER UPDATE OF capacity ON mentor
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW EXECUTE FUNCTION mentor_capacity_kept()
    """,
]

APPEND_ONLY = [
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
    END $$
    """,
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE {events} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table, events in {
            "audit_event": "UPDATE OR DELETE OR TRUNCATE",
            "audit_checkpoint": "UPDATE OR DELETE OR TRUNCATE",
            "audit_value": "UPDATE",
            "match_run": "UPDATE OR DELETE OR TRUNCATE",
            "unmatched_mentee": "UPDATE OR DELETE OR TRUNCATE",
        }.items()
    ),
    """
    CREATE FUNCTION match_proposal_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.run_id, OLD.request_id, OLD.mentor_id, OLD.score, OLD.contributions::text)
           IS DISTINCT FROM
           (NEW.run_id, NEW.request_id, NEW.mentor_id, NEW.score, NEW.contributions::text)
           OR (OLD.state <> 'PROPOSED' AND NEW.state <> OLD.state) THEN
            RAISE EXCEPTION 'a proposal is decided once and never rewritten'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'match_proposal_frozen';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER match_proposal_frozen BEFORE UPDATE ON match_proposal
    FOR EACH ROW EXECUTE FUNCTION match_proposal_frozen()
    """,
    "ALTER TABLE mission_lineage ADD CONSTRAINT mission_lineage_self_check"
    " CHECK (predecessor_id <> successor_id)",
]


class Migration(migrations.Migration):
    dependencies = [("models", "0001_foundation")]

    operations = [
        ops.RunSQL([*SEARCH, *REGIONAL_GROUPS, *SENIORITY, *ONE_HOLDER, *CAPACITY, *APPEND_ONLY])
    ]
