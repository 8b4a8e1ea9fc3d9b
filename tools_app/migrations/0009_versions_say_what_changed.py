from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tools_app', '0008_drafts'),
    ]

    operations = [
        migrations.AddField(
            model_name='toolversion',
            name='action',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
        migrations.AddField(
            model_name='toolversion',
            name='changed',
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
    ]
