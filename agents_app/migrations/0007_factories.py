import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents_app', '0006_big_catalogs'),
    ]

    operations = [
        migrations.AddField(
            model_name='agenttype',
            name='cache_callables',
            field=models.BooleanField(default=True, help_text='Off: they are asked for each answer, as for tools that depend on a role which may change.', verbose_name='keep what factories built'),
        ),
        migrations.AddField(
            model_name='agenttype',
            name='cache_seconds',
            field=models.PositiveIntegerField(blank=True, help_text='Empty: as the installation says.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='kept for at most (seconds)'),
        ),
        migrations.AddField(
            model_name='agenttype',
            name='callable_cache_key',
            field=models.CharField(default='user', help_text='Who shares what was built once.', max_length=64, verbose_name='kept for'),
        ),
        migrations.AddField(
            model_name='agenttype',
            name='factories',
            field=models.JSONField(blank=True, default=list, help_text='Code of this installation that binds the tools of each answer, or what it may search.'),
        ),
        migrations.AddField(
            model_name='conversation',
            name='session_state',
            field=models.JSONField(blank=True, null=True),
        ),
    ]
