"""The page of what an organization sets is called what its link is called."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0029_handed_on_to_a_group")]

    operations = [
        migrations.AlterModelOptions(
            name="organizationpolicy",
            options={
                "verbose_name": "settings of the gate",
                "verbose_name_plural": "settings of the gate",
            },
        ),
    ]
