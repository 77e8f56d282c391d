"""No index of the history's hashes: nobody looks for an event by its hash.

That a chain neither forks nor repeats is held by the place of each event in it; an index of
values without any order costs every entry a page of its own.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0021_broken_pins")]

    operations = [
        ops.AlterField(
            model_name="AuditEvent", name="hash", field=fields.CharField(max_length=64)
        )
    ]
