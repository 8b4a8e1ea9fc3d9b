"""A tool as it would be after a change nobody has saved: checked as if it were saved, and written nowhere."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from project.accounts.identity import Identity
from tools_app import catalog
from tools_app.cataloging import written
from tools_app.exceptions import ToolNameTaken
from tools_app.governing import lowered
from tools_app.models import Tool


def after(changes: Mapping[str, Any], *, by: Identity, tool: Tool | None = None) -> Tool:
    """The row that `catalog.register`, or `update` of this tool, would write. Same errors, same right."""
    catalog.require_right(by, tool)
    fields = written.checked(changes, allowed=catalog.FIELDS, by=by, tool=tool)
    row = copy.copy(tool) if tool is not None else Tool(organization_id=by.organization_id)
    for name, value in fields.items():
        setattr(row, name, value)
    written.check_row(row)
    if tool is None:
        lowered.require_new(row, by=by)
    if tool is None and Tool.objects.visible_to(by).filter(name=row.name).exists():
        raise ToolNameTaken(details={"name": [ToolNameTaken().message]})
    return row


def sketch(changes: Mapping[str, Any], *, by: Identity, tool: Tool | None = None) -> Tool:
    """The same without a check, for whoever is still typing: only to be looked at, never to be asked or run."""
    catalog.require_right(by, tool)
    row = copy.copy(tool) if tool is not None else Tool(organization_id=by.organization_id)
    for name in ("name", "description", "category", "executor"):
        if isinstance(changes.get(name), str):
            setattr(row, name, changes[name])
    unsaid = lowered.of_kind(row.executor, row.name) if tool is None else {}
    for name in ("is_dangerous", "requires_approval", "is_open_world"):
        setattr(row, name, changes.get(name, unsaid.get(name, getattr(row, name))) is True)
    schema, configuration = changes.get("input_schema"), changes.get("configuration")
    row.definition = {
        **(row.definition or {}),
        **({"input_schema": schema} if isinstance(schema, dict) else {}),
    }
    row.configuration = configuration if isinstance(configuration, dict) else row.configuration
    return row
