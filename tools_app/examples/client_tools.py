"""S2, example 2: many tools out of configuration records. TOOL_MODULES=tools_app.examples.client_tools

The same without a line of code are HTTP tools in a file: see `load_tools` in the README.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypedDict

from tools_app.functions import (
    DynamicToolContext,
    DynamicToolDefinition,
    ToolParameter,
    ToolRegistry,
    fetch_json,
    installed,
    register_dynamic_tool,
)


class ToolConfig(TypedDict):
    name: str
    description: str
    endpoint: str
    method: Literal["GET", "POST"]
    parameters: dict[str, ToolParameter]


RECORDS: list[ToolConfig] = [
    {
        "name": "crm-lookup",
        "description": "Look up a customer in the CRM system.",
        "endpoint": "https://crm.example.com/api/customers",
        "method": "GET",
        "parameters": {"customerId": {"type": "string", "description": "Customer ID."}},
    },
    {
        "name": "ticket-create",
        "description": "Create a support ticket.",
        "endpoint": "https://support.example.com/api/tickets",
        "method": "POST",
        "parameters": {
            "title": {"type": "string", "description": "Ticket title."},
            "body": {"type": "string", "description": "Ticket description."},
            "priority": {
                "type": "string",
                "description": "Priority level.",
                "enum": ["low", "medium", "high", "critical"],
            },
        },
    },
]


def register_all(registry: ToolRegistry, records: Iterable[ToolConfig]) -> None:
    for record in records:
        register_dynamic_tool(registry, definition_of(record))


def definition_of(record: ToolConfig) -> DynamicToolDefinition:
    def execute(params: dict[str, Any], ctx: DynamicToolContext) -> Any:
        headers = {"X-User-Id": ctx.userId}
        if record["method"] == "GET":
            return fetch_json("GET", record["endpoint"], query=params, headers=headers)
        return fetch_json(record["method"], record["endpoint"], body=params, headers=headers)

    return DynamicToolDefinition(
        name=record["name"],
        description=record["description"],
        category="external",
        tags=["client", "external"],
        requires_auth=True,
        open_world=True,
        # What changes something on the other side asks a person first.
        requires_approval=record["method"] != "GET",
        parameters=record["parameters"],
        execute=execute,
    )


register_all(installed, RECORDS)
