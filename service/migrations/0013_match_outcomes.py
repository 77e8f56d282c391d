"""Ratings of cycles by the halves of pairs, and what the database holds of them by itself.

A rating stays with its pair, half and cycle; answers are corrected as a next version only.
Cycles lie within the pair's time, in their order; the pair's row is locked meanwhile.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from service.models.vocabulary import MeetingRhythm, PairSide
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

KEPT = [
    """
    CREATE FUNCTION match_outcome_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.mentorship_id, OLD.side, OLD.cycle, OLD.given_on, OLD.given_by_id, OLD.is_on_behalf)
           IS DISTINCT FROM
           (NEW.mentorship_id, NEW.side, NEW.cycle, NEW.given_on, NEW.given_by_id, NEW.is_on_behalf)
           OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'a rating is corrected as its next version and never moved'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'match_outcome_frozen';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER match_outcome_frozen BEFORE UPDATE ON match_outcome
    FOR EACH ROW EXECUTE FUNCTION match_outcome_frozen()
    """,
    """
    CREATE TRIGGER match_outcome_append_only BEFORE DELETE OR TRUNCATE ON match_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE FUNCTION match_outcome_timed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        pair mentorship%ROWTYPE;
        broken text;
    BEGIN
        -- The lock is a statement of its own: the next one sees what was committed meanwhile.
        SELECT * INTO pair FROM mentorship WHERE id = NEW.mentorship_id FOR NO KEY UPDATE;
        IF NEW.cycle_ended_on < pair.started_on THEN
            broken := 'match_outcome_begun';
        ELSIF NEW.cycle_ended_on > pair.closed_on THEN
            broken := 'match_outcome_closed';
        ELSIF EXISTS (
            SELECT 1 FROM match_outcome other
            WHERE other.mentorship_id = NEW.mentorship_id AND other.side = NEW.side
              AND (other.cycle < NEW.cycle AND other.cycle_ended_on >= NEW.cycle_ended_on
                   OR other.cycle > NEW.cycle AND other.cycle_ended_on <= NEW.cycle_ended_on)
        ) THEN
            broken := 'match_outcome_order';
        END IF;
        IF broken IS NOT NULL THEN
            RAISE EXCEPTION 'the day is not one on which this cycle of the pair can have ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = broken;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER match_outcome_timed
    AFTER INSERT OR UPDATE OF cycle_ended_on ON match_outcome
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW EXECUTE FUNCTION match_outcome_timed()
    """,
]

FORGET = [
    "DROP TRIGGER match_outcome_timed ON match_outcome",
    "DROP TRIGGER match_outcome_append_only ON match_outcome",
    "DROP TRIGGER match_outcome_frozen ON match_outcome",
    "DROP FUNCTION match_outcome_timed",
    "DROP FUNCTION match_outcome_frozen",
]


class Migration(migrations.Migration):
    dependencies = [('models', '0012_match_run_inputs')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MatchOutcome',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('mentorship', fields.ForeignKeyField('models.Mentorship', source_field='mentorship_id', db_constraint=True, to_field='id', related_name='outcomes', on_delete=OnDelete.RESTRICT)),
                ('side', fields.CharEnumField(description='MENTEE: MENTEE\nMENTOR: MENTOR', enum_type=PairSide, max_length=10)),
                ('cycle', fields.SmallIntField()),
                ('cycle_ended_on', fields.DateField()),
                ('rating', fields.SmallIntField()),
                ('goals_met', fields.SmallIntField(null=True)),
                ('working_relationship', fields.SmallIntField(null=True)),
                ('shared_values', fields.SmallIntField(null=True)),
                ('meetings_held', fields.SmallIntField(null=True)),
                ('meeting_rhythm', fields.CharEnumField(null=True, description='TOO_RARELY: TOO_RARELY\nABOUT_RIGHT: ABOUT_RIGHT\nTOO_OFTEN: TOO_OFTEN', enum_type=MeetingRhythm, max_length=20)),
                ('would_continue', fields.BooleanField(null=True)),
                ('would_recommend', fields.BooleanField(null=True)),
                ('remark', fields.TextField(null=True, unique=False)),
                ('given_on', fields.DateField()),
                ('given_by_id', fields.UUIDField(null=True)),
                ('is_on_behalf', fields.BooleanField(default=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'match_outcome', 'app': 'models', 'indexes': [Index(fields=['given_on', 'id'], name='match_outcome_given_idx'), Index(fields=['cycle_ended_on', 'id'], name='match_outcome_ended_idx')], 'pk_attr': 'id', 'table_description': 'How one half of a pair rates a cycle of working together.'},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='MatchOutcome', constraint=UniqueConstraint(fields=('mentorship_id', 'side', 'cycle'), name='match_outcome_uniq')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='cycle BETWEEN 1 AND 1000', name='match_outcome_cycle_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='meetings_held BETWEEN 0 AND 100', name='match_outcome_meetings_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='given_on >= cycle_ended_on', name='match_outcome_given_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='rating BETWEEN 1 AND 5', name='match_outcome_rating_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='goals_met BETWEEN 1 AND 5', name='match_outcome_goals_met_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='working_relationship BETWEEN 1 AND 5', name='match_outcome_working_relationship_check')),
        ops.AddConstraint(model_name='MatchOutcome', constraint=CheckConstraint(check='shared_values BETWEEN 1 AND 5', name='match_outcome_shared_values_check')),
        ops.RunSQL(KEPT, FORGET),
    ]
