"""A day that has begun goes on when the organization's time zone is changed."""

from django.db import migrations, models

import tools_app.models.organization_policy


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0030_settings_of_the_gate")]

    operations = [
        migrations.AddField(
            "organizationpolicy",
            "day_kept",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=10),
        ),
        migrations.AddField(
            "organizationpolicy",
            "day_kept_until",
            models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            "organizationpolicy",
            "time_zone",
            models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Where its days begin and end, for limits and budgets. Empty: as the installation says. A "
                "change begins no new day: the next one begins there once today is over in both.",
                max_length=64,
                validators=[tools_app.models.organization_policy.known_zone],
            ),
        ),
    ]
