"""A question's clock says when it was asked, by the database's own time, and whether webhooks have heard of it."""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0032_outside_traces")]

    operations = [
        migrations.AddField(
            "questionclock", "asked_at", models.DateTimeField(db_default=Now(), editable=False)
        ),
        migrations.AddField(
            "questionclock",
            "begun_at",
            models.DateTimeField(null=True, verbose_name="webhooks told that it waits"),
        ),
    ]
