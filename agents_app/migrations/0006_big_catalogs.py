from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents_app', '0005_context_for_tools'),
    ]

    operations = [
        migrations.AddField(
            model_name='agenttype',
            name='tool_weight_limit',
            field=models.PositiveIntegerField(blank=True, db_default=10000, default=10000, help_text='Tokens that tool descriptions may take in every request. Above it the model is shown the tools marked always on, and finds the others by searching. Empty: always all of them. 0: always search.', null=True, verbose_name='tool tokens sent at once'),
        ),
        migrations.AddField(
            model_name='agenttoolconfig',
            name='always_on',
            field=models.BooleanField(db_default=False, default=False, help_text='Shown at once even where there are so many tools that the others have to be searched for.'),
        ),
    ]
