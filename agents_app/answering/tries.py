"""How often a model may correct arguments that do not fit: per answer for all tools, and per tool as its code says."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Count

from agents_app.models import Run
from tools_app.models import ToolCall


def are_used_up(run: Run) -> bool:
    """Whether the answer is to be given up (S1.41). Asks the database only if something did not fit at all."""
    if not run.invalid_calls:
        return False
    return run.invalid_calls > settings.MAX_INVALID_CALLS or _of_one_tool(run)


def _of_one_tool(run: Run) -> bool:
    # Imported here: heavy, and an answer seldom comes this way.
    from tools_app import factories, functions

    counted = (
        ToolCall.objects.filter(run_id=run.pk, reason="invalid_arguments", tool__executor="python")
        .order_by()
        .values_list("tool_name")
        .annotate(times=Count("pk"))
    )
    known = {**factories.declared(), **{tool.name: tool for tool in functions.everything()}}
    allowed = {name: known[name].retries for name, _ in counted if name in known}
    return any(times > limit for name, times in counted if (limit := allowed.get(name)) is not None)
