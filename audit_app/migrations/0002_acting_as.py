from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit_app', '0001_record'),
    ]

    operations = [
        migrations.AddField(
            model_name='toolusage',
            name='acting_as',
            field=models.CharField(blank=True, max_length=255),
        ),
    ]
