"""The clocks there are were begun when a sweep made them, and count from when their question was put."""

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill(apps, schema_editor):
    approvals = apps.get_model("tools_app", "Approval").objects.filter(pk=OuterRef("approval_id"))
    put_at = Subquery(approvals.values("created_at")[:1])
    apps.get_model("tools_app", "QuestionClock").objects.update(asked_at=put_at, begun_at=put_at)


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0033_clocks_made_with_their_questions")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
