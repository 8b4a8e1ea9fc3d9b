"""Uses from before are marked by the tools as they are now: so no conversation forgets what it has read."""

from typing import Any

from django.db import migrations
from django.db.models import Q


def mark(apps: Any, schema_editor: Any) -> None:
    calls = apps.get_model("tools_app", "ToolCall")
    calls.objects.filter(outside="", tool__is_open_world=True).update(outside="open_world")
    speaks = Q(tool__executor="builtin", tool__configuration__has_key="network")
    calls.objects.filter(speaks, outside="").update(outside="network")


class Migration(migrations.Migration):
    dependencies = [("tools_app", "0026_where_information_goes")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
