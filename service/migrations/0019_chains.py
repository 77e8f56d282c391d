"""An entry of the history in one statement: the chain's turn, its last link, and the next.

The hashed text is put together here out of the caller's parts, byte for byte as
`service.audit.seal` does it; the walk over the history compares the two.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

# As Python's `isoformat` writes a moment in UTC: without a fraction where there is none.
ISO_MOMENT = """
    CREATE FUNCTION iso_moment(moment timestamptz) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN replace(
        to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', ''
    ) || '+00:00'
"""

APPEND = """
    CREATE FUNCTION audit_append(
        event_id uuid, value_id uuid, aggregate text, aggregate_id uuid, verb text,
        actor_id uuid, actor_label text, reason text, digests jsonb, salt text, changes jsonb,
        subject text, deed text
    ) RETURNS timestamptz LANGUAGE plpgsql AS $$
    DECLARE
        place integer;
        link text;
        moment timestamptz;
        seal text;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended(aggregate || ':' || aggregate_id, 0));
        -- A statement of its own: it sees what was committed while the turn was waited for.
        SELECT event.sequence, event.hash INTO place, link FROM audit_event event
        WHERE event.aggregate = audit_append.aggregate
          AND event.aggregate_id = audit_append.aggregate_id
        ORDER BY event.sequence DESC LIMIT 1;
        place := COALESCE(place, 0) + 1;
        link := COALESCE(link, repeat('0', 64));
        moment := clock_timestamp();
        seal := encode(sha256(convert_to(format(
            '["%s",%s,%s,%s,"%s"]', link, subject, place, deed, iso_moment(moment)
        ), 'UTF8')), 'hex');
        INSERT INTO audit_event (
            id, created_at, aggregate, aggregate_id, sequence, verb, actor_id, actor_label,
            reason, digests, occurred_at, previous_hash, hash
        ) VALUES (
            event_id, moment, aggregate, aggregate_id, place, verb, actor_id, actor_label,
            reason, digests, moment, link, seal
        );
        INSERT INTO audit_value (id, created_at, event_id, salt, changes)
        VALUES (value_id, moment, event_id, salt, changes);
        RETURN moment;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0018_propensities")]

    initial = False

    operations = [
        ops.RunSQL([ISO_MOMENT, APPEND], ["DROP FUNCTION audit_append", "DROP FUNCTION iso_moment"])
    ]
