from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents_app', '0004_avatar_of_this_installation'),
    ]

    operations = [
        migrations.AddField(
            model_name='agenttype',
            name='acts_as_itself',
            field=models.BooleanField(default=False, help_text='Its tools are told user_id, role, roles and permissions from the context above instead of those of the person who asks, who is recorded beside it. What the person may ask for does not change.', verbose_name='acts under its own identity'),
        ),
        migrations.AddField(
            model_name='agenttype',
            name='tool_context',
            field=models.JSONField(blank=True, default=dict, help_text='Values its tools find in their context, such as {"tier": "free"}. What a program sends with a message wins for the same name. Put no secrets here.', verbose_name='context for its tools'),
        ),
        migrations.AddField(
            model_name='run',
            name='tool_context',
            field=models.JSONField(blank=True, default=dict, verbose_name='context for its tools'),
        ),
    ]
