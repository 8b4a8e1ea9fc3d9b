"""Writes the catalog of an organization as a file: in a fixed order, so that two of them can be compared by lines."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from agents_app.granted import granting
from agents_app.models import AgentType
from agents_app.transfer import shapes
from audit_app import records
from project.accounts.identity import Identity
from tools_app import credentials, documents
from tools_app.models import McpServer, PolicyRule, Secret, Tool

_NUMBERLIKE: Final = re.compile(r"[-+.]?[0-9.]")


def exported(*, by: Identity) -> dict[str, Any]:
    """The catalog this person may change, as plain values; that it was taken is recorded."""
    organization_id = granting.require_right(by)
    found = document_of(organization_id)
    counts = {name: len(listed) for name, listed in found.items() if name != "toolroom"}
    subject = records.Subject("catalog", str(organization_id), "catalog")
    records.record("catalog.exported", by=by, subject=subject, facts=counts)
    return found


def document_of(organization_id: int) -> dict[str, Any]:
    """What is in use: neither archived things nor drafts, no value of any secret, no history."""
    tools = Tool.objects.current().filter(organization_id=organization_id, is_draft=False).order_by("name")
    servers = McpServer.objects.filter(organization_id=organization_id).order_by("name")
    rules = PolicyRule.objects.filter(organization_id=organization_id).order_by("name")
    agents = AgentType.objects.current().filter(organization_id=organization_id).order_by("name")
    return {
        "toolroom": documents.FORMAT,
        "mcp_servers": [shapes.server_item(each) for each in servers],
        "tools": [shapes.tool_item(tool) for tool in tools],
        "rules": [shapes.rule_item(rule) for rule in rules],
        "personas": [shapes.persona_item(agent) for agent in agents.select_related("endpoint")],
        "secrets": _secrets(organization_id, tools, servers),
    }


def _secrets(organization_id: int, tools: Any, servers: Any) -> list[dict[str, Any]]:
    """Those that tools and servers name, and where they may be sent: what somebody has to make on the other side."""
    named = {name for tool in tools for name in credentials.names(tool)}
    names = sorted(named | {server.secret for server in servers if server.secret})
    hosts = dict(
        Secret.objects.filter(organization_id=organization_id, name__in=names).values_list("name", "hosts")
    )
    return [{"name": name, "hosts": hosts.get(name, [])} for name in names]


def written(document: dict[str, Any]) -> str:
    """YAML that the reader of documents reads back as it was."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Nothing is named and referred to, and texts of several lines stay lines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        style = "|"
    elif _NUMBERLIKE.match(text):
        # Two editions of YAML disagree about which of these are numbers.
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
