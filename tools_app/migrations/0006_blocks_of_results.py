from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tools_app', '0005_rate_limit'),
    ]

    operations = [
        migrations.AddField(
            model_name='toolcall',
            name='blocks',
            field=models.JSONField(blank=True, default=list),
        ),
    ]
