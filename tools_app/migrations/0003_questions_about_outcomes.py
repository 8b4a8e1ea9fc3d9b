from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_organizations_members_tokens'),
        ('tools_app', '0002_status_known'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='about',
            field=models.CharField(choices=[('use', 'May it run?'), ('outcome', 'It was lost while it ran: go on?')], db_default='use', default='use', max_length=20),
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index(fields=['about', 'status'], name='approval_about'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('about__in', ['use', 'outcome'])), name='approval_about_known'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('about', 'outcome'), ('status', 'consumed'), _negated=True), name='outcome_permits_nothing'),
        ),
    ]
