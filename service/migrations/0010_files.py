"""Indexes for the lists in a person's file, which are paged by id, and for counting by availability.

A page of a file's lines is then one short range, however long the file; and how many people
are available the index alone tells.
"""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0009_uneven")]

    operations = [
        ops.RemoveIndex(model_name="Education", name="education_person_idx"),
        ops.AddIndex(
            model_name="Education",
            index=Index(fields=["person_id", "id"], name="education_person_idx"),
        ),
        ops.RemoveIndex(model_name="Experience", name="experience_person_idx"),
        ops.AddIndex(
            model_name="Experience",
            index=Index(fields=["person_id", "id"], name="experience_person_idx"),
        ),
        ops.AddIndex(
            model_name="Person",
            index=Index(fields=["availability"], name="person_availability_idx"),
        ),
    ]
