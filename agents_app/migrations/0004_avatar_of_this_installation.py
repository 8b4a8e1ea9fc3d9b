from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('agents_app', '0003_conversation_client_id'),
    ]

    operations = [
        migrations.AlterField(
            model_name='agenttype',
            name='avatar_url',
            field=models.CharField(blank=True, help_text='An emoji, or the path of an image below /static/.', max_length=500, verbose_name='avatar'),
        ),
    ]
