"""Models of who suits whom: what was learned stays as it is, and decisions take one step after another.

The archive must give its hash, whoever approves is not who trained, and one model is in force at most.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from service.models.vocabulary import ModelKind, ModelState
from tortoise.fields.data import JSON_DUMPS
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

KEPT = [
    """
    CREATE FUNCTION compatibility_model_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.model_version, OLD.kind, OLD.trained_at, OLD.trained_by_id, OLD.row_count,
            OLD.verdict, OLD.figures::text, OLD.archive, OLD.archive_sha256)
           IS DISTINCT FROM
           (NEW.model_version, NEW.kind, NEW.trained_at, NEW.trained_by_id, NEW.row_count,
            NEW.verdict, NEW.figures::text, NEW.archive, NEW.archive_sha256)
           OR NEW.version <> OLD.version + 1
           OR (OLD.state, NEW.state) NOT IN (
               ('DRAFT', 'APPROVED'), ('DRAFT', 'REJECTED'), ('APPROVED', 'RETIRED'))
           OR OLD.state <> 'DRAFT' AND (OLD.decided_at, OLD.decided_by_id, OLD.decision_reason)
              IS DISTINCT FROM (NEW.decided_at, NEW.decided_by_id, NEW.decision_reason) THEN
            RAISE EXCEPTION 'a model is decided upon step by step and never rewritten'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'compatibility_model_frozen';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER compatibility_model_frozen BEFORE UPDATE ON compatibility_model
    FOR EACH ROW EXECUTE FUNCTION compatibility_model_frozen()
    """,
    """
    CREATE TRIGGER compatibility_model_append_only BEFORE DELETE OR TRUNCATE ON compatibility_model
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
]

FORGET = [
    "DROP TRIGGER compatibility_model_append_only ON compatibility_model",
    "DROP TRIGGER compatibility_model_frozen ON compatibility_model",
    "DROP FUNCTION compatibility_model_frozen",
]


class Migration(migrations.Migration):
    dependencies = [('models', '0015_running_matches')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CompatibilityModel',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('model_version', fields.CharField(unique=True, max_length=60)),
                ('kind', fields.CharEnumField(description='EXPERT_WEIGHTS: EXPERT_WEIGHTS\nLINEAR: LINEAR\nADDITIVE_BOOSTING: ADDITIVE_BOOSTING', enum_type=ModelKind, max_length=20)),
                ('state', fields.CharEnumField(default=ModelState.DRAFT, description='DRAFT: DRAFT\nAPPROVED: APPROVED\nREJECTED: REJECTED\nRETIRED: RETIRED', enum_type=ModelState, max_length=10)),
                ('trained_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('trained_by_id', fields.UUIDField(null=True)),
                ('row_count', fields.IntField()),
                ('verdict', fields.TextField(unique=False)),
                ('figures', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('archive', fields.BinaryField(null=True)),
                ('archive_sha256', fields.CharField(null=True, max_length=64)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_by_id', fields.UUIDField(null=True)),
                ('decision_reason', fields.TextField(null=True, unique=False)),
                ('retired_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('version', fields.IntField(default=1)),
            ],
            options={'table': 'compatibility_model', 'app': 'models', 'indexes': [Index(fields=['trained_at', 'id'], name='compatibility_model_trained_idx')], 'pk_attr': 'id', 'table_description': 'A model of how well a pair will do, with the figures it was judged by.'},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=UniqueConstraint(fields=('state',), name='compatibility_model_approved_uniq', condition="state = 'APPROVED'")),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check='row_count >= 0', name='compatibility_model_rows_check')),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check="(kind = 'EXPERT_WEIGHTS') = (archive IS NULL) AND (archive IS NULL) = (archive_sha256 IS NULL)", name='compatibility_model_archive_check')),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check="archive_sha256 = encode(sha256(archive), 'hex')", name='compatibility_model_sha256_check')),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check="(state = 'DRAFT') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_id IS NULL) AND (decided_at IS NULL) = (decision_reason IS NULL)", name='compatibility_model_decision_check')),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check="(state = 'RETIRED') = (retired_at IS NOT NULL)", name='compatibility_model_retired_check')),
        ops.AddConstraint(model_name='CompatibilityModel', constraint=CheckConstraint(check="state NOT IN ('APPROVED', 'RETIRED') OR decided_by_id IS DISTINCT FROM trained_by_id", name='compatibility_model_four_eyes_check')),
        ops.RunSQL(KEPT, FORGET),
    ]
