from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tools_app', '0006_blocks_of_results'),
    ]

    operations = [
        migrations.AddField(
            model_name='toolcall',
            name='tool_context',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
