"""When people of an organization are told, reminded, and a question handed on."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tools_app', '0021_notices'),
    ]

    operations = [
        migrations.AddField(
            model_name='organizationpolicy',
            name='escalate_after_minutes',
            field=models.PositiveIntegerField(db_default=0, default=0, help_text='A question nobody has decided by then is handed on to a second group. 0: never.', validators=[django.core.validators.MaxValueValidator(43200)], verbose_name='hand on after (minutes)'),
        ),
        migrations.AddField(
            model_name='organizationpolicy',
            name='notify_by_mail',
            field=models.BooleanField(db_default=False, default=False, help_text='Who may decide is told by mail that a question waits. Each person chooses what of it they want.', verbose_name='tell people by mail'),
        ),
        migrations.AddField(
            model_name='organizationpolicy',
            name='remind_after_minutes',
            field=models.PositiveIntegerField(db_default=60, default=60, help_text='And again after as long. 0: never.', validators=[django.core.validators.MaxValueValidator(43200)], verbose_name='remind after (minutes)'),
        ),
        migrations.AddField(
            model_name='organizationpolicy',
            name='reminders',
            field=models.PositiveIntegerField(db_default=3, default=3, validators=[django.core.validators.MaxValueValidator(100)], verbose_name='reminders at most'),
        ),
        migrations.AddField(
            model_name='organizationpolicy',
            name='tell_after_minutes',
            field=models.PositiveIntegerField(db_default=5, default=5, help_text='What is decided before, for example in the chat, sends no mail at all.', validators=[django.core.validators.MaxValueValidator(43200)], verbose_name='wait before the first mail (minutes)'),
        ),
    ]
