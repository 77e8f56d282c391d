"""What each match run was computed from, kept so that its proof can be looked through again.

Never rewritten; a lawful erasure may delete it, and then the run is left out of the check.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint


KEPT = [
    "CREATE TRIGGER match_run_input_append_only BEFORE UPDATE ON match_run_input"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
]
FREE = ["DROP TRIGGER match_run_input_append_only ON match_run_input"]


class Migration(migrations.Migration):
    dependencies = [('models', '0010_files')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MatchRunInput',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('run', fields.ForeignKeyField('models.MatchRun', source_field='run_id', db_constraint=True, to_field='id', related_name='inputs', on_delete=OnDelete.RESTRICT)),
                ('content', fields.BinaryField()),
            ],
            options={'table': 'match_run_input', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Everything that one run was computed from, packed: sensitive, and only for its check.'},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='MatchRunInput', constraint=UniqueConstraint(fields=('run_id',), name='match_run_input_run_uniq')),
        ops.AddField(
            model_name='MatchRun',
            name='rounds',
            field=fields.IntField(null=True),
        ),
        ops.RunSQL(KEPT, FREE),
    ]
