"""How many pins in force could not bind a run, because a rule forbids their pair by now."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0020_match_overrides")]

    operations = [
        ops.AddField(
            model_name="MatchRun", name="broken_pin_count", field=fields.IntField(null=True)
        )
    ]
