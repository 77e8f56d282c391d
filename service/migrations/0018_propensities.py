"""What can be said of how likely a run's pairs were to be made."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0017_match_audits")]

    operations = [
        ops.AddField(model_name="MatchRun", name="propensities", field=fields.TextField(null=True))
    ]
