"""What people and programs are told about questions: clocks, webhooks, deliveries, and what each person wants."""

import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_organizations_members_tokens'),
        ('tools_app', '0020_decisions_kept'),
    ]

    operations = [
        migrations.CreateModel(
            name='NotificationPreference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mail_requested', models.BooleanField(default=True, verbose_name='when a question waits for me')),
                ('mail_reminded', models.BooleanField(default=True, verbose_name='when it still waits')),
                ('mail_escalated', models.BooleanField(default=True, verbose_name='when it was handed on to me')),
                ('mail_decided', models.BooleanField(default=False, verbose_name='when somebody has decided about mine')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('membership', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='notification_preference', to='accounts.membership')),
            ],
            options={
                'db_table': 'notification_preferences',
            },
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='What people call it.', max_length=100)),
                ('url', models.CharField(help_text='An https address that can be reached from the open internet, or one the operator has listed.', max_length=2000, verbose_name='address')),
                ('events', models.JSONField(default=list, help_text='What it is told about.')),
                ('enabled', models.BooleanField(default=True, help_text='Off: it is told nothing, and nothing waits for it.')),
                ('off_because', models.CharField(blank=True, editable=False, max_length=300, verbose_name='switched off because')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('created_by', models.CharField(blank=True, editable=False, max_length=255)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('secret', models.ForeignKey(help_text='Signs every message. Its own list of hosts must name this address; its value is never sent.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tools_app.secret')),
            ],
            options={
                'db_table': 'webhooks',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('event', models.CharField(choices=[('approval.requested', 'A question waits'), ('approval.reminded', 'It still waits'), ('approval.escalated', 'It waits for too long'), ('approval.decided', 'It is over: decided, expired, withdrawn or replaced'), ('test', 'A test')], max_length=30)),
                ('channel', models.CharField(choices=[('mail', 'Mail'), ('webhook', 'Webhook')], max_length=10)),
                ('recipient_id', models.CharField(blank=True, max_length=255)),
                ('recipient_name', models.CharField(max_length=255, verbose_name='to')),
                ('body', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('due_at', models.DateTimeField(verbose_name='next try')),
                ('tries', models.PositiveIntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('claim', models.UUIDField(null=True)),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('outcome', models.CharField(blank=True, choices=[('sent', 'Sent'), ('failed', 'Given up'), ('dropped', 'Not needed any more')], max_length=10)),
                ('answer_code', models.PositiveIntegerField(null=True, verbose_name='answer')),
                ('error', models.CharField(blank=True, max_length=300)),
                ('approval', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='tools_app.approval')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('webhook', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='tools_app.webhook')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'db_table': 'deliveries',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='QuestionClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('told_at', models.DateTimeField(null=True, verbose_name='people last told')),
                ('reminders', models.PositiveIntegerField(default=0)),
                ('escalated_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('approval', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='clock', to='tools_app.approval')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
            ],
            options={
                'db_table': 'question_clocks',
                'indexes': [models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['organization'], name='question_clock_open')],
            },
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.UniqueConstraint(fields=('organization', 'name'), name='webhook_name_once'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['due_at'], name='delivery_due'),
        ),
    ]
