"""What is sent to each writing route, and what who may is answered, where that is no success."""

from typing import Any

from agents_app.costs import pricing
from tests.world import World

SCHEMA = {"type": "object", "properties": {}}
TOOL = {"name": "fresh", "description": "New.", "category": "web", "input_schema": SCHEMA}
SERVER = {"name": "Fresh", "prefix": "fresh", "url": "https://mcp.example/mcp"}
PRICE = {"model": "fresh", **dict.fromkeys(pricing.FIELDS[2:6], "1")}
AGENT = {"name": "fresh", "model": "claude-sonnet-5-5", "system_prompt": "Be new."}


def verdict(now: World) -> dict[str, Any]:
    return seen(now, verdict="deny")


def seen(now: World, **said: Any) -> dict[str, Any]:
    return {**said, "digest": now.approval.digest}


def case(now: World) -> dict[str, Any]:
    return {
        "name": "asks",
        "agent": now.agent.pk,
        "arguments": {"expression": "1 + 1"},
        "expectation": {"outcome": "asks"},
    }


# What to send for each writing operation. `expected` is what the person who may is answered.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "tools"): TOOL,
    ("PUT", "tools/<int:tool_id>"): {"description": "Changed."},
    ("PATCH", "tools/<int:tool_id>"): {"enabled": False},
    ("POST", "tools/check"): lambda now: {"tool": now.tool.pk, "values": {"description": "Adds."}},
    ("POST", "tools/<int:tool_id>/rollback"): {"number": 1, "reason": "Better."},
    ("PUT", "tools/<int:tool_id>/draft"): {"description": "Drafted."},
    ("DELETE", "tools/<int:tool_id>/draft"): None,
    ("POST", "tools/<int:tool_id>/draft/publish"): {"revision": 1, "override": "It is only a word."},
    ("POST", "tools/<int:tool_id>/cases"): lambda now: case(now) | {"name": "another"},
    ("PATCH", "tools/<int:tool_id>/cases/<int:case_id>"): {"name": "changed"},
    ("DELETE", "tools/<int:tool_id>/cases/<int:case_id>"): None,
    ("POST", "tools/<int:tool_id>/cases/runs"): {},
    ("POST", "tools/<int:tool_id>/cases/<int:case_id>/runs"): {"draft": True},
    ("POST", "tools/<int:tool_id>/try"): lambda now: {"agent": now.agent.pk, "arguments": {}},
    ("DELETE", "tools/<int:tool_id>/try/<int:call_id>"): None,
    ("POST", "catalog/import"): {"document": {"tools": [TOOL]}},
    ("PATCH", "me/notifications"): {"mail_decided": True},
    ("POST", "webhooks"): {"name": "Fresh", "url": "https://hooks.example/in", "secret": "hook-key"},
    ("PATCH", "webhooks/<int:webhook_id>"): {"enabled": False},
    ("DELETE", "webhooks/<int:webhook_id>"): None,
    ("POST", "webhooks/<int:webhook_id>/test"): {},
    ("POST", "deliveries/<int:delivery_id>/repetition"): {},
    ("POST", "mcp-servers"): SERVER,
    ("PUT", "mcp-servers/<int:server_id>"): {"timeout_seconds": 30},
    ("PATCH", "mcp-servers/<int:server_id>"): {"enabled": False},
    ("POST", "mcp-servers/<int:server_id>/sync"): {},
    ("POST", "mcp-servers/<int:server_id>/reviews/<int:tool_id>"): {"verdict": "accept", "seen": "what"},
    ("DELETE", "mcp-servers/<int:server_id>"): None,
    ("POST", "replays"): lambda now: {"tool": now.tool.pk, "values": {"enabled": False}},
    ("POST", "agents"): AGENT,
    ("PUT", "agents/<int:agent_id>"): {"description": "Changed."},
    ("PATCH", "agents/<int:agent_id>"): {"display_name": "Changed"},
    ("POST", "agents/<int:agent_id>/tools/<int:tool_id>"): {"usage_limit": 1},
    ("PUT", "agents/<int:agent_id>/tools/<int:tool_id>"): {"usage_limit": 1},
    ("PATCH", "policy"): {"standing_uses": 3},
    ("POST", "policy/rules"): {"name": "No scripts", "for_categories": ["code"], "forbids": True},
    ("PATCH", "policy/rules/<int:rule_id>"): {"enabled": False},
    ("DELETE", "policy/rules/<int:rule_id>"): None,
    ("POST", "knowledge"): {"title": "Fresh", "text": "Something new."},
    ("PATCH", "knowledge/<int:document_id>"): {"archived": True},
    ("DELETE", "knowledge/<int:document_id>"): None,
    ("POST", "conversations"): {"agent": "analysis", "text": "Hello"},
    ("PATCH", "conversations/<uuid:conversation_id>"): {"title": "Changed"},
    ("POST", "conversations/<uuid:conversation_id>/messages"): {"text": "Hello", "client_id": "two"},
    ("POST", "conversations/<uuid:conversation_id>/attachments"): {},
    ("DELETE", "conversations/<uuid:conversation_id>/attachments/<uuid:attachment_id>"): None,
    ("POST", "runs/<int:run_id>/cancellation"): {},
    ("POST", "runs/<int:run_id>/retry"): {},
    ("POST", "approver-groups"): {"name": "fresh"},
    ("PATCH", "approver-groups/<int:group_id>"): {"description": "Changed."},
    ("DELETE", "approver-groups/<int:group_id>"): None,
    ("POST", "runs/<int:run_id>/continuation"): {"choice": "go_on"},
    ("POST", "prices"): PRICE,
    ("PATCH", "prices/<int:price_id>"): {"input_price": "9"},
    ("DELETE", "prices/<int:price_id>"): None,
    ("POST", "budgets"): {"scope": "person", "period": "day", "max_tokens": 9},
    ("PATCH", "budgets/<int:budget_id>"): {"max_tokens": 7},
    ("DELETE", "budgets/<int:budget_id>"): None,
    ("POST", "approvals/<int:approval_id>/decision"): verdict,
    ("POST", "approvals/decisions"): lambda now: {
        "verdict": "deny",
        "decisions": [{"approval": now.approval.pk, "digest": now.approval.digest}],
    },
    ("POST", "approvals/<int:approval_id>/edit"): lambda now: seen(now, arguments={"expression": "2 + 2"}),
    ("POST", "approvals/<int:approval_id>/response"): lambda now: seen(now, text="It is two."),
    ("POST", "approvals/<int:approval_id>/withdrawal"): {},
    ("POST", "approvals/<int:approval_id>/answer"): lambda now: seen(now, answer={}),
    ("POST", "approvals/<int:approval_id>/standing"): lambda now: seen(
        now, choices={"expression": "same"}, seconds=600, uses=2
    ),
    ("POST", "standing-approvals/<int:standing_id>/revocation"): {},
    ("POST", "kill-switches"): lambda now: {"scope": "tool", "tool": now.tool.pk, "reason": "It lies."},
    ("POST", "kill-switches/<int:switch_id>/lift"): {"reason": "Mended."},
    ("POST", "openapi/preview"): {"text": '{"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}'},
    ("POST", "openapi/import"): lambda now: {"document": now.edition.pk, "name": "A", "add": ["*"]},
    ("DELETE", "openapi/sources/<int:source_id>"): None,
    ("DELETE", "tools/<int:tool_id>"): None,
    ("DELETE", "agents/<int:agent_id>"): None,
    ("DELETE", "agents/<int:agent_id>/callable-cache"): None,
    ("DELETE", "agents/<int:agent_id>/tools/<int:tool_id>"): None,
    ("DELETE", "conversations/<uuid:conversation_id>"): None,
}
# Take a form instead of JSON; that they are strict too is shown in their own tests.
FORMS = {("POST", "conversations/<uuid:conversation_id>/attachments")}
EXPECTED = {
    ("PUT", "tools/<int:tool_id>/draft"): 409,
    # A file is sent as a form; that one is taken is shown in its own tests.
    ("POST", "conversations/<uuid:conversation_id>/attachments"): 415,
    # A tool of no server of theirs: there is nothing to review.
    ("POST", "mcp-servers/<int:server_id>/reviews/<int:tool_id>"): 404,
    ("POST", "agents/<int:agent_id>/tools/<int:tool_id>"): 409,
    ("POST", "runs/<int:run_id>/retry"): 409,
    ("POST", "runs/<int:run_id>/continuation"): 409,
    ("POST", "approvals/<int:approval_id>/answer"): 409,
    ("DELETE", "agents/<int:agent_id>"): 409,
}
