"""A persona with many tools, written at once: the catalog's verbs would take minutes for five thousand."""

from __future__ import annotations

from typing import Any

from agents_app.models import AgentToolConfig, AgentType
from project.accounts.models import Organization
from tools_app.models import Tool

SUBJECTS = ("invoice", "customer", "shipment", "contract", "employee", "ticket", "meeting", "budget")
ACTS = ("list", "read", "create", "change", "archive", "count", "compare", "export")
CONFIGURATION = {
    "method": "GET",
    "url": "https://books.example/v1/{number}",
    "parameters": dict.fromkeys(("since", "until", "state", "order"), "query"),
}


def tools(organization: Organization, count: int, **fields: Any) -> list[Tool]:
    return Tool.objects.bulk_create(tool(organization, number, **fields) for number in range(count))


def granted(agent: AgentType, rows: list[Tool], **fields: Any) -> None:
    AgentToolConfig.objects.bulk_create(
        AgentToolConfig(
            organization_id=agent.organization_id, agent_type=agent, tool=tool, order_index=number, **fields
        )
        for number, tool in enumerate(rows)
    )


def persona(organization: Organization, name: str = "busy", **fields: Any) -> AgentType:
    whole = {"model": "claude-sonnet-5-5", "system_prompt": "Keep busy.", **fields}
    return AgentType.objects.create(organization=organization, name=name, **whole)


def name_of(number: int) -> str:
    act, subject = ACTS[number % len(ACTS)], SUBJECTS[number // len(ACTS) % len(SUBJECTS)]
    return f"{act}_{subject}_{number}"


def tool(organization: Organization, number: int, **fields: Any) -> Tool:
    act, subject, _ = name_of(number).split("_")
    schema = {
        "type": "object",
        "properties": {
            name: {
                "type": "string",
                "description": f"The {name} of the {subject}, as it is written in the books.",
            }
            for name in ("number", "since", "until", "state", "order")
        },
        "required": ["number"],
        "additionalProperties": False,
    }
    definition = {"input_schema": schema, "examples": []}
    described = f"{act.capitalize()}s what the books say about a {subject}. Series {number}."
    whole = {"description": described, "category": subject, "tags": [act], "definition": definition, **fields}
    carried = {"tool_type": "custom", "executor": "http", "configuration": CONFIGURATION}
    return Tool(organization=organization, name=name_of(number), **{**carried, **whole})
