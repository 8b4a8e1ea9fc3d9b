"""A tool at work holds no connection that others may need meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from tests import gate
from tools_app import calls
from tools_app.executors.base import ToolResult
from tools_app.models import ToolCall


@pytest.mark.django_db(transaction=True)
def test_tool_at_work_holds_no_connection_of_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    def execute(*_: Any) -> ToolResult:
        held.append(connection.connection is not None)
        return ToolResult("written")

    call = gate.opened().ask({"line": "one"})
    monkeypatch.setattr(gate.Ledger, "execute", execute)
    calls.execute(ToolCall.objects.get(pk=call.pk))
    assert ToolCall.objects.get(pk=call.pk).status == "succeeded"
    # SQLite has no pool: opening its file again would cost more than keeping it.
    assert held == [connection.vendor == "sqlite"]
