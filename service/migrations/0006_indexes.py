"""Indexes for what lists are searched, sorted and counted by, and how a text is searched for.

The planner knows how rare a word is only where it sees the word: `prefixes` is so dear that
PostgreSQL plans each search for its own words instead of keeping one plan for all of them.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

PREFIXES = r"""
    CREATE FUNCTION prefixes(value text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000000000 AS $$
    BEGIN
        -- Folded as the column is: words and single blanks, each word the start of one.
        RETURN to_tsquery('pg_catalog.simple', replace(
            regexp_replace(btrim(fold(value)), '([^ ]+)', '\1:*', 'g'), ' ', ' & '
        ));
    END $$
"""
# Without many words in its statistics the planner takes a word that nobody has for a common one.
STATISTICS = "ALTER TABLE person ALTER COLUMN search SET STATISTICS 1000"


class Migration(migrations.Migration):
    dependencies = [('models', '0005_functions')]

    initial = False

    operations = [
        ops.RunSQL(
            [PREFIXES, STATISTICS],
            [
                "DROP FUNCTION prefixes",
                "ALTER TABLE person ALTER COLUMN search SET STATISTICS DEFAULT",
            ],
        ),
        ops.AddIndex(
            model_name='Appointment',
            index=Index(fields=['state', 'post_id'], name='appointment_state_idx'),
        ),
        ops.AddIndex(
            model_name='Appointment',
            index=Index(fields=['"started_on" DESC NULLS LAST', '"id" DESC'], name='appointment_latest_start_idx'),
        ),
        ops.AddIndex(
            model_name='Appointment',
            index=Index(fields=['"ended_on" DESC NULLS LAST', '"id" DESC'], name='appointment_latest_end_idx'),
        ),
        ops.RemoveIndex(
            model_name='AuditEvent',
            name='audit_event_occurred_idx',
            fields=None,
        ),
        ops.AddIndex(
            model_name='AuditEvent',
            index=Index(fields=['occurred_at', 'id'], name='audit_event_occurred_idx'),
        ),
        ops.RemoveIndex(
            model_name='MatchProposal',
            name='match_proposal_run_idx',
            fields=None,
        ),
        ops.AddIndex(
            model_name='MatchProposal',
            index=Index(fields=['run_id', 'score', 'id'], name='match_proposal_run_idx'),
        ),
        ops.AddIndex(
            model_name='MatchProposal',
            index=Index(fields=['request_id'], name='match_proposal_request_idx'),
        ),
        ops.AddIndex(
            model_name='Mentor',
            index=Index(fields=['capacity', 'id', 'withdrawn_at'], name='mentor_capacity_idx'),
        ),
        ops.AddIndex(
            model_name='Mentorship',
            index=Index(fields=['request_id'], name='mentorship_request_idx'),
        ),
        ops.AddIndex(
            model_name='Mentorship',
            index=Index(fields=['state', 'started_on'], name='mentorship_state_idx'),
        ),
        ops.AddIndex(
            model_name='Mentorship',
            index=Index(fields=['started_on', 'id'], name='mentorship_start_idx'),
        ),
        ops.AddIndex(
            model_name='MentorshipRequest',
            index=Index(fields=['requested_at', 'id'], name='mentorship_request_oldest_idx'),
        ),
        ops.AddIndex(
            model_name='MentorshipRequest',
            index=Index(fields=['appointment_id'], name='mentorship_request_appointment_idx'),
        ),
        ops.AddIndex(
            model_name='Person',
            index=Index(fields=['"seniority" DESC', 'family_name', 'id'], name='person_senior_first_idx'),
        ),
        ops.AddIndex(
            model_name='Person',
            index=Index(fields=['highest_level', 'gender', 'pipeline_since', 'id'], name='person_level_idx'),
        ),
    ]
