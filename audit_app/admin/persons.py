"""For whom what an entry tells of was done: entries about calls say it, those about questions name their call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit_app.models import AuditEntry, ToolUsage
from project.accounts.identity import Identity


def tell(entries: Sequence[AuditEntry], identity: Identity) -> None:
    """Set `for_whom` on each: the person, unless it is the one who acted. One query for all of them."""
    calls = {entry.facts["call"] for entry in entries if isinstance(entry.facts.get("call"), int)}
    rows = ToolUsage.objects.visible_to(identity).filter(tool_call_id__in=calls).order_by()
    names = dict(rows.values_list("tool_call_id", "user_name")) if calls else {}
    for entry in entries:
        person = entry.facts.get("person") or names.get(entry.facts.get("call"), "")
        shown: Any = entry
        shown.for_whom = str(person) if person != entry.actor_name else ""
