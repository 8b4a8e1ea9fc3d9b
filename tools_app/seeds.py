"""The tools an organization starts with: the built-in ones, and the functions this installation registers."""

from __future__ import annotations

from typing import Any, Final

from project.accounts import identity as identities
from project.accounts.models import Organization
from tools_app import builtin_tools, factories, functions
from tools_app.builtin_tools import BuiltinTool
from tools_app.cataloging import seeding, versions
from tools_app.cataloging.versions import Cause
from tools_app.models import Tool

# Earlier versions announced tools before they were built, and named only the flags that they raised.
_FLAGS: Final = ("is_dangerous", "requires_approval", "is_idempotent", "is_open_world")


def apply(organization: Organization) -> list[str]:
    """Returns the names of the tools that were written."""
    wanted = [
        *map(_built, builtin_tools.everything()),
        *(_of_function(each) for each in functions.everything() if _is_for(each, organization)),
        *map(_of_factory, _brought()),
    ]
    return [fields["name"] for fields in wanted if _apply(organization, fields)]


def _apply(organization: Organization, fields: dict[str, Any]) -> bool:
    rows = Tool.objects.filter(organization=organization, name=fields["name"])
    complete = {**fields, "organization": organization}
    default = seeding.Default(organization, "tool", fields["name"], complete, optional=_FLAGS)
    if seeding.apply(default, rows, after=_versioned) is not None:
        return True
    row = rows.filter(executor=Tool.Executor.PYTHON).first()
    return row is not None and _followed(row, fields)


def _followed(row: Tool, fields: dict[str, Any]) -> bool:
    """Bring a row that somebody has edited to the parameters its function has now; all else in it stays theirs.

    Parameters belong to the code. Text and policy belong to the row.
    """
    if row.configuration.get("fingerprint") in (None, fields["configuration"].get("fingerprint")):
        return False
    row.definition = {**row.definition, "input_schema": fields["definition"]["input_schema"]}
    row.configuration = fields["configuration"]
    row.save(update_fields=["definition", "configuration", "updated_at"])
    _versioned(row)
    return True


def _versioned(tool: Tool) -> None:
    versions.keep(tool, Cause("tool.seeded", identities.system(tool.organization_id), "Seeded"))


def _built(tool: BuiltinTool) -> dict[str, Any]:
    definition = tool.definition
    fields: dict[str, Any] = {
        "name": definition.name,
        "description": definition.description,
        "category": definition.category,
        "icon": tool.icon,
        "enabled": True,
        "disabled_reason": "",
        "is_dangerous": tool.is_dangerous,
        "requires_approval": tool.requires_approval,
        "is_idempotent": tool.idempotent,
        "is_open_world": tool.open_world,
        "tags": list(tool.tags),
    }
    return _row(fields, dict(definition.input_schema), list(definition.examples))


def _of_function(tool: functions.Tool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": tool.name,
        "description": tool.definition.description,
        "category": tool.category,
        "icon": tool.icon,
        "enabled": True,
        "disabled_reason": "",
        "is_dangerous": tool.is_dangerous,
        "requires_approval": tool.requires_approval,
        "requires_auth": tool.requires_auth,
        "required_permissions": list(tool.required_permissions),
        "is_idempotent": tool.idempotent,
        "is_open_world": tool.open_world,
        "tags": list(tool.tags),
    }
    if isinstance(tool, functions.DynamicTool):
        fields |= {"rate_limit": tool.rate_limit} | ({"version": tool.version} if tool.version else {})
    row = _row(fields, dict(tool.definition.input_schema), [dict(each) for each in tool.definition.examples])
    row["configuration"] = {"function": tool.where, "fingerprint": tool.fingerprint}
    return {**row, "tool_type": "custom", "executor": "python"}


def _is_for(tool: functions.Tool, organization: Organization) -> bool:
    meant = tool.organizations if isinstance(tool, functions.DynamicTool) else ()
    return not meant or organization.slug in meant


def _brought() -> list[functions.Tool]:
    """What only factories bring. Each is a row from the start: an administrator grants it before it ever runs."""
    return [tool for name, tool in factories.declared().items() if name not in functions.names()]


def _of_factory(tool: functions.Tool) -> dict[str, Any]:
    fields = _of_function(tool)
    bringing = [each.name for each in factories.everything() if tool.name in {t.name for t in each.declared}]
    fields["configuration"] = {**fields["configuration"], "factories": sorted(bringing)}
    return fields


def _row(fields: dict[str, Any], schema: dict[str, Any], examples: list[Any]) -> dict[str, Any]:
    definition = {
        "name": fields["name"],
        "description": fields["description"],
        "input_schema": schema,
        "category": fields["category"],
        "requires_approval": fields.get("requires_approval", False),
        "is_dangerous": fields.get("is_dangerous", False),
        "examples": examples,
    }
    return {
        **fields,
        "tool_type": "builtin",
        "executor": "builtin",
        "definition": definition,
        "created_by": "Toolroom",
    }
