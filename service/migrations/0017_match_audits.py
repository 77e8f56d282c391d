"""Fairness audits of match runs: written once, and without a figure where a group has few people.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from service.models.vocabulary import AuditMeasure, GroupKind, PairSide
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

KEPT = [
    """
    CREATE TRIGGER match_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON match_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
]

FORGET = ["DROP TRIGGER match_audit_append_only ON match_audit"]


class Migration(migrations.Migration):
    dependencies = [('models', '0016_compatibility_models')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MatchAudit',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('run', fields.ForeignKeyField('models.MatchRun', source_field='run_id', db_constraint=True, to_field='id', related_name='audits', on_delete=OnDelete.RESTRICT)),
                ('measure', fields.CharEnumField(description='MATCH_RATE: MATCH_RATE\nSURPLUS: SURPLUS\nRANK: RANK\nEXPOSURE: EXPOSURE', enum_type=AuditMeasure, max_length=20)),
                ('side', fields.CharEnumField(description='MENTEE: MENTEE\nMENTOR: MENTOR', enum_type=PairSide, max_length=10)),
                ('group_kind', fields.CharEnumField(description='GENDER: GENDER\nREGION: REGION\nFUNCTION: FUNCTION', enum_type=GroupKind, max_length=10)),
                ('group_value', fields.CharField(max_length=60)),
                ('value', fields.FloatField(null=True)),
                ('low', fields.FloatField(null=True)),
                ('high', fields.FloatField(null=True)),
                ('people', fields.IntField(null=True)),
                ('reason', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'match_audit', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One measure of one group in the audit of a run, or why there is none.'},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='MatchAudit', constraint=UniqueConstraint(fields=('run_id', 'measure', 'side', 'group_kind', 'group_value'), name='match_audit_uniq')),
        ops.AddConstraint(model_name='MatchAudit', constraint=CheckConstraint(check='(value IS NULL) = (reason IS NOT NULL) AND (value IS NULL) = (low IS NULL) AND (value IS NULL) = (high IS NULL) AND (value IS NULL) = (people IS NULL)', name='match_audit_figure_check')),
        ops.AddConstraint(model_name='MatchAudit', constraint=CheckConstraint(check='people >= 10', name='match_audit_people_check')),
        ops.AddConstraint(model_name='MatchAudit', constraint=CheckConstraint(check='low <= high', name='match_audit_interval_check')),
        ops.RunSQL(KEPT, FORGET),
    ]
