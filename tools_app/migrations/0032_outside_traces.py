"""Where conversations that had read from outside have left something."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0031_day_kept_over_a_change_of_zone")]

    operations = [
        migrations.CreateModel(
            name="OutsideTrace",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("place", models.TextField()),
                ("place_hash", models.CharField(max_length=64, unique=True)),
                ("call_id", models.BigIntegerField(help_text="The use that left it there first.")),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={"db_table": "outside_traces"},
        ),
    ]
