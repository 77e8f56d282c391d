"""Pins and bans that people decide: what was proposed stays, and decisions take one step after another.

One override at most lives for a pair, and one pin is in force for a request: both are rules over
time, so the request's row is locked meanwhile.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from service.models.vocabulary import OverrideKind, OverrideState
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

KEPT = [
    """
    CREATE FUNCTION match_override_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.request_id, OLD.mentor_id, OLD.kind, OLD.reason, OLD.ends_on, OLD.proposed_on,
            OLD.proposed_by_id)
           IS DISTINCT FROM
           (NEW.request_id, NEW.mentor_id, NEW.kind, NEW.reason, NEW.ends_on, NEW.proposed_on,
            NEW.proposed_by_id)
           OR NEW.version <> OLD.version + 1
           OR (OLD.state, NEW.state) NOT IN (
               ('PROPOSED', 'IN_FORCE'), ('PROPOSED', 'DECLINED'), ('IN_FORCE', 'WITHDRAWN'))
           OR OLD.state <> 'PROPOSED' AND (OLD.decided_on, OLD.decided_by_id)
              IS DISTINCT FROM (NEW.decided_on, NEW.decided_by_id) THEN
            RAISE EXCEPTION 'an override is decided upon step by step and never rewritten'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'match_override_frozen';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER match_override_frozen BEFORE UPDATE ON match_override
    FOR EACH ROW EXECUTE FUNCTION match_override_frozen()
    """,
    """
    CREATE TRIGGER match_override_append_only BEFORE DELETE OR TRUNCATE ON match_override
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE FUNCTION match_override_alone() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        broken text;
    BEGIN
        -- The lock is a statement of its own: the next one sees what was committed meanwhile.
        PERFORM FROM mentorship_request WHERE id = NEW.request_id FOR NO KEY UPDATE;
        IF EXISTS (
            SELECT FROM match_override other
            WHERE other.request_id = NEW.request_id AND other.mentor_id = NEW.mentor_id
              AND other.id <> NEW.id AND other.state IN ('PROPOSED', 'IN_FORCE')
              AND other.ends_on > NEW.proposed_on AND other.proposed_on < NEW.ends_on
        ) THEN
            broken := 'match_override_live';
        ELSIF NEW.kind = 'PIN' AND NEW.state = 'IN_FORCE' AND EXISTS (
            SELECT FROM match_override other
            WHERE other.request_id = NEW.request_id AND other.id <> NEW.id
              AND other.kind = 'PIN' AND other.state = 'IN_FORCE'
              AND other.ends_on > NEW.decided_on AND other.decided_on < NEW.ends_on
        ) THEN
            broken := 'match_override_pin';
        END IF;
        IF broken IS NOT NULL THEN
            RAISE EXCEPTION 'another override says something of this pair or request at that time'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = broken;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER match_override_alone
    AFTER INSERT OR UPDATE OF state ON match_override
    DEFERRABLE INITIALLY IMMEDIATE
    FOR EACH ROW WHEN (NEW.state IN ('PROPOSED', 'IN_FORCE'))
    EXECUTE FUNCTION match_override_alone()
    """,
]

FORGET = [
    "DROP TRIGGER match_override_alone ON match_override",
    "DROP TRIGGER match_override_append_only ON match_override",
    "DROP TRIGGER match_override_frozen ON match_override",
    "DROP FUNCTION match_override_alone",
    "DROP FUNCTION match_override_frozen",
]


class Migration(migrations.Migration):
    dependencies = [('models', '0019_chains')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MatchOverride',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('request', fields.ForeignKeyField('models.MentorshipRequest', source_field='request_id', db_constraint=True, to_field='id', related_name='overrides', on_delete=OnDelete.RESTRICT)),
                ('mentor', fields.ForeignKeyField('models.Mentor', source_field='mentor_id', db_constraint=True, to_field='id', related_name='overrides', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='PIN: PIN\nBAN: BAN', enum_type=OverrideKind, max_length=10)),
                ('state', fields.CharEnumField(default=OverrideState.PROPOSED, description='PROPOSED: PROPOSED\nIN_FORCE: IN_FORCE\nDECLINED: DECLINED\nWITHDRAWN: WITHDRAWN', enum_type=OverrideState, max_length=10)),
                ('reason', fields.TextField(unique=False)),
                ('ends_on', fields.DateField()),
                ('proposed_on', fields.DateField()),
                ('proposed_by_id', fields.UUIDField()),
                ('decided_on', fields.DateField(null=True)),
                ('decided_by_id', fields.UUIDField(null=True)),
                ('decline_reason', fields.TextField(null=True, unique=False)),
                ('withdrawn_on', fields.DateField(null=True)),
                ('withdrawal_reason', fields.TextField(null=True, unique=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'match_override', 'app': 'models', 'indexes': [Index(fields=['request_id', 'mentor_id'], name='match_override_pair_idx'), Index(fields=['mentor_id'], name='match_override_mentor_idx'), Index(fields=['proposed_on', 'id'], name='match_override_proposed_idx')], 'pk_attr': 'id', 'table_description': "A pair that must be proposed or must not be, by two people's decision, until a day."},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="btrim(reason) <> ''", name='match_override_reason_check')),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="ends_on > proposed_on AND ends_on <= proposed_on + interval '1 year'", name='match_override_period_check')),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="(state = 'PROPOSED') = (decided_on IS NULL) AND (decided_on IS NULL) = (decided_by_id IS NULL)", name='match_override_decision_check')),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="(state = 'DECLINED') = (decline_reason IS NOT NULL)", name='match_override_decline_check')),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="(state = 'WITHDRAWN') = (withdrawn_on IS NOT NULL) AND (withdrawn_on IS NULL) = (withdrawal_reason IS NULL)", name='match_override_withdrawal_check')),
        ops.AddConstraint(model_name='MatchOverride', constraint=CheckConstraint(check="state NOT IN ('IN_FORCE', 'WITHDRAWN') OR decided_by_id <> proposed_by_id", name='match_override_four_eyes_check')),
        ops.RunSQL(KEPT, FORGET),
    ]
