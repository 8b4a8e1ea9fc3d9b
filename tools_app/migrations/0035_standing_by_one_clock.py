"""When something was allowed from now on is written by the clock that also ends it."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0034_clocks_that_have_begun")]

    operations = [
        migrations.AlterField(
            "standingapproval",
            "created_at",
            models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
    ]
