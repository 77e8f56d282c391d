"""Operations that front ends name by hash, as Tortoise makes their table from the model."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0007_match_run_changes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PersistedOperation',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('digest', fields.CharField(max_length=64, unique=True)),
                ('name', fields.CharField(max_length=200)),
                ('text', fields.TextField(unique=False)),
            ],
            options={'table': 'persisted_operation', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A trusted document: what was registered at deploy, and nothing that came with a request.'},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='PersistedOperation', constraint=CheckConstraint(check="digest ~ '^[0-9a-f]{64}$'", name='persisted_operation_digest_check')),
    ]
