"""What the database tells about match runs: the id of each that was stored or decided upon.

A notice leaves only when its transaction commits, and once however many rows it changed.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

TELL = [
    """
    CREATE FUNCTION match_run_stored() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('match_run_changed', id::text) FROM changed;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER match_run_stored AFTER INSERT ON match_run
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION match_run_stored()
    """,
    """
    CREATE FUNCTION match_run_decided() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('match_run_changed', run_id::text) FROM (
            SELECT DISTINCT changed.run_id FROM changed JOIN former ON former.id = changed.id
            WHERE changed.state <> former.state
        ) AS decided;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER match_run_decided AFTER UPDATE ON match_proposal
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION match_run_decided()
    """,
]

SILENCE = [
    "DROP TRIGGER match_run_decided ON match_proposal",
    "DROP TRIGGER match_run_stored ON match_run",
    "DROP FUNCTION match_run_decided",
    "DROP FUNCTION match_run_stored",
]


class Migration(migrations.Migration):
    dependencies = [("models", "0006_indexes")]

    operations = [ops.RunSQL(TELL, SILENCE)]
