"""What runs owe to proposals that stand, and the rest of their proofs' prices."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

ADDED = {
    "repeat_digest": fields.CharField(max_length=64, null=True),
    "group_prices": fields.JSONField(null=True),
    "load_prices": fields.JSONField(null=True),
    "reward": fields.BigIntField(null=True),
    "standing_bonus": fields.BigIntField(null=True),
    "aims": fields.JSONField(null=True),
    "stability": fields.JSONField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [("models", "0013_match_outcomes")]

    operations = [
        ops.AddField(model_name="MatchRun", name=name, field=field) for name, field in ADDED.items()
    ]
