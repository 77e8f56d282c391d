"""Courses for senior leaders, as Tortoise makes their table from the model."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0003_jobs')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Course',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('title', fields.CharField(max_length=200)),
                ('organiser', fields.CharField(max_length=200)),
                ('language', fields.CharField(max_length=3)),
                ('starts_on', fields.DateField()),
                ('ends_on', fields.DateField()),
                ('places', fields.SmallIntField()),
            ],
            options={'table': 'course', 'app': 'models', 'indexes': [Index(fields=['starts_on', 'id'], name='course_starts_on_idx')], 'pk_attr': 'id', 'table_description': "A course for senior leaders, such as a mission leaders' course."},
            bases=['Row'],
        ),
        ops.AddConstraint(model_name='Course', constraint=UniqueConstraint(fields=('title', 'organiser', 'starts_on'), name='course_uniq', condition=None)),
        ops.AddConstraint(model_name='Course', constraint=CheckConstraint(check='ends_on >= starts_on', name='course_period_check')),
        ops.AddConstraint(model_name='Course', constraint=CheckConstraint(check='places BETWEEN 1 AND 1000', name='course_places_check')),
    ]
