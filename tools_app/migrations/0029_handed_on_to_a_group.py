"""To which group a question is handed on that nobody decides."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tools_app", "0028_words_of_from_now_on"),
    ]

    operations = [
        migrations.AddField(
            model_name='organizationpolicy',
            name='escalate_to',
            field=models.CharField(blank=True, db_default='', default='', help_text='Its members are told, and from then on their yes counts as that of any group the question asks for. Empty: administrators are told, and the question asks for whom it asks.', max_length=60, verbose_name='hand on to the group'),
        ),
        migrations.AddField(
            model_name='questionclock',
            name='escalated_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
    ]
