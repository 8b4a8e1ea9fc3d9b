from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tools_app', '0011_saved_cases'),
    ]

    operations = [
        migrations.CreateModel(
            name='CacheGeneration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('number', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'db_table': 'cache_generations',
            },
        ),
    ]
