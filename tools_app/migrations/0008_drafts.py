import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_organizations_members_tokens'),
        ('tools_app', '0007_context_of_a_call'),
    ]

    operations = [
        migrations.CreateModel(
            name='ToolDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('person', 'A person'), ('mcp', 'MCP server'), ('openapi', 'OpenAPI import'), ('file', 'File')], max_length=20)),
                ('changes', models.JSONField()),
                ('base', models.JSONField()),
                ('base_number', models.PositiveIntegerField()),
                ('revision', models.PositiveIntegerField(default=1)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('created_by', models.CharField(blank=True, max_length=255)),
                ('changed_by', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'db_table': 'tool_drafts',
                'ordering': ['-updated_at', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='tool',
            name='is_draft',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='Never published: no persona can use it yet.'),
        ),
        migrations.AddConstraint(
            model_name='tool',
            constraint=models.CheckConstraint(condition=models.Q(('is_draft', False), ('enabled', False), _connector='OR'), name='tool_draft_is_off'),
        ),
        migrations.AddField(
            model_name='tooldraft',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        migrations.AddField(
            model_name='tooldraft',
            name='tool',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='tools_app.tool'),
        ),
        migrations.AddConstraint(
            model_name='tooldraft',
            constraint=models.UniqueConstraint(fields=('tool', 'source'), name='one_draft_per_source'),
        ),
        migrations.AddConstraint(
            model_name='tooldraft',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['person', 'mcp', 'openapi', 'file'])), name='draft_source_known'),
        ),
    ]
