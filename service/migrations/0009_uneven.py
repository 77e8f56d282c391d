"""How states and kinds are looked for, and two indexes less, which nothing needs with that.

Of an open state there are few rows and of a closed one nearly all, which the planner knows
only where it sees the word: `these` is so dear that PostgreSQL plans for the words at hand.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

THESE = """
    CREATE FUNCTION these(words text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000000000 AS $$
    BEGIN
        RETURN words;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0008_persisted_operations")]

    operations = [
        ops.RunSQL([THESE], ["DROP FUNCTION these"]),
        ops.RemoveIndex(model_name="Mentorship", name="mentorship_start_idx"),
        ops.RemoveIndex(model_name="MentorshipRequest", name="mentorship_request_oldest_idx"),
    ]
