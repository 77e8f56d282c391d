"""The match run under way, for everybody to look at while its transaction shows nothing.

The row lies in an unlogged table, and `running_match` shows it only while the transaction that
wrote it holds the turn: of a process that died nothing stays to be seen. Whoever adds a column
makes the view anew.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from service.models.vocabulary import MatchRunTrigger
from uuid_utils.compat import uuid7
from tortoise import fields


SHOW = [
    "ALTER TABLE running_match RENAME TO match_run_progress",
    "ALTER TABLE match_run_progress SET UNLOGGED",
    "ALTER TABLE match_run_progress ADD CONSTRAINT match_run_progress_place_check CHECK (place = 1)",
    """
    CREATE VIEW running_match AS SELECT * FROM match_run_progress WHERE EXISTS (
        SELECT FROM pg_locks held, (SELECT hashtextextended('match_run', 0) AS key) AS turn
        WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
          AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND held.classid::bigint = (turn.key >> 32) & 4294967295
          AND held.objid::bigint = turn.key & 4294967295
          AND held.pid || ' ' || held.virtualtransaction = match_run_progress.holder
    )
    """,
    """
    CREATE FUNCTION running_match_told() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('running_match_changed', NEW.id::text);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER running_match_shown AFTER INSERT ON match_run_progress
    FOR EACH ROW EXECUTE FUNCTION running_match_told()
    """,
    """
    CREATE TRIGGER running_match_changed AFTER UPDATE ON match_run_progress
    FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION running_match_told()
    """,
]
HIDE = [
    "DROP VIEW running_match",
    "ALTER TABLE match_run_progress RENAME TO running_match",
    "DROP TRIGGER running_match_changed ON running_match",
    "DROP TRIGGER running_match_shown ON running_match",
    "DROP FUNCTION running_match_told",
]


class Migration(migrations.Migration):
    dependencies = [("models", "0014_standing")]

    initial = False

    operations = [
        ops.CreateModel(
            name='RunningMatch',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('place', fields.SmallIntField(default=1, unique=True)),
                ('holder', fields.CharField(max_length=60)),
                ('trigger', fields.CharEnumField(description='NIGHTLY: NIGHTLY\nCOMMAND_LINE: COMMAND_LINE\nPERSON: PERSON', enum_type=MatchRunTrigger, max_length=20)),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('phase', fields.CharField(max_length=40)),
                ('rounds', fields.IntField()),
                ('edges', fields.IntField()),
                ('open_pairs', fields.IntField(null=True)),
                ('gap', fields.FloatField(null=True)),
                ('cancelled_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'running_match', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The match run under way: how far it has come. There is one at most, or none.'},
            bases=['Row'],
        ),
        ops.RunSQL(SHOW, HIDE),
    ]
