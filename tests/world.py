"""A small world for tests of pages, API and admin: one of everything, Alice's, with a question waiting."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from agents_app import conversations, personas
from agents_app.costs import budgeting, pricing
from agents_app.models import (
    AgentToolConfig,
    AgentType,
    Budget,
    Conversation,
    Message,
    ModelPrice,
    Run,
)
from tests import people
from tests.people import Person
from tools_app import calls, catalog
from tools_app.approving import groups
from tools_app.calling.askers import Asked
from tools_app.knowing import knowledge
from tools_app.mcp import servers
from tools_app.models import (
    ApiDocument,
    ApiSource,
    Approval,
    ApproverGroup,
    Document,
    McpServer,
    StandingApproval,
    Tool,
    ToolCall,
)

PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
SECRET_WORD = "narwhal"  # Said by Alice: whoever must see nothing must not see this.


@dataclass(frozen=True)
class World:
    alice: Person
    bob: Person
    carol: Person
    tool: Tool
    server: McpServer
    agent: AgentType
    grant: AgentToolConfig
    conversation: Conversation
    message: Message
    run: Run
    call: ToolCall
    approval: Approval
    source: ApiSource
    edition: ApiDocument
    document: Document
    group: ApproverGroup
    standing: StandingApproval
    price: ModelPrice
    budget: Budget


def made() -> World:
    alice, bob, carol = people.alice(), people.bob(), people.carol()
    tool = catalog.register(
        {
            "name": "calculate",
            "description": f"Adds {SECRET_WORD}s.",
            "category": "math",
            "tool_type": "builtin",
        }
        | {"requires_approval": True},
        by=carol.identity,
    )
    address = {"name": f"About {SECRET_WORD}s", "prefix": "sea", "url": "https://sea.example/mcp"}
    server = servers.add(address, by=carol.identity)
    fields = {"name": "analysis", "model": "claude-sonnet-5-5", "system_prompt": f"Count {SECRET_WORD}s."}
    agent = personas.register(fields | {"is_default": True}, by=carol.identity)
    grant = personas.grant(agent, tool, {"usage_limit": 5}, by=carol.identity)
    conversation = conversations.start(agent, by=alice.identity, title=f"About {SECRET_WORD}s")
    posted = conversations.post_message(
        conversation, f"How many {SECRET_WORD}s?", client_id="one", by=alice.identity
    )
    call = asked_for(conversation, posted.run, {"expression": f"1 + 1 # {SECRET_WORD}"}, by=alice)
    ToolCall.objects.filter(pk=call.pk).update(blocks=[PICTURE])
    approval = call.approvals.get()
    rows = (tool, server, agent, grant, conversation, posted.message, posted.run, call, approval)
    handbook = knowledge.Text("Handbook", f"What everybody knows of {SECRET_WORD}s.", scope="organization")
    knowledge.add(handbook, by=carol.identity)
    text = knowledge.Text(f"About {SECRET_WORD}s", f"There are many {SECRET_WORD}s.")
    kept = knowledge.add(text, by=alice.identity)
    group = groups.make(f"{SECRET_WORD}s", members=[bob.membership], by=people.adam().identity)
    return World(
        alice,
        bob,
        carol,
        *rows,
        *_imported(),
        kept,
        group,
        _allowed(approval),
        *_costing(alice, carol, agent),
    )


def _allowed(approval: Approval) -> StandingApproval:
    """What Bob allowed Alice's persona from now on, when he was asked before."""
    call = approval.call
    return StandingApproval.objects.create(
        organization=approval.organization,
        user_id=call.user_id,
        user_name=call.user_name,
        agent_type_id=call.agent_type_id or 0,
        agent_name=SECRET_WORD,
        tool_id=call.tool_id or 0,
        tool_name=SECRET_WORD,
        matchers={"same": {"expression": "1 + 1"}, "match": {}, "open": []},
        words=[{"name": "expression", "says": "exactly “1 + 1”"}],
        approval=approval,
        expires_at=approval.expires_at,
        max_uses=3,
        granted_by="Bob",
    )


def _costing(alice: Person, carol: Person, agent: AgentType) -> tuple[ModelPrice, Budget]:
    """The price of the persona's model, and a budget for it."""
    prices = dict.fromkeys(("input_price", "output_price", "cache_read_price", "cache_write_price"), "2")
    price = pricing.add({"model": agent.model, **prices, "source": f"{SECRET_WORD}s"}, by=carol.identity)
    given = {"scope": "person", "period": "day", "member": alice.membership, "max_tokens": 1_000_000}
    return price, budgeting.add({**given, "note": f"For {SECRET_WORD}s"}, by=carol.identity)


def _imported() -> tuple[ApiSource, ApiDocument]:
    """An API that was imported, and an edition of another one that is being looked at."""
    source = ApiSource.objects.create(organization=people.toolroom(), name=f"{SECRET_WORD} API")
    edition = ApiDocument(organization=source.organization, origin="text", digest="0" * 64)
    told = {"openapi": "3.1.0", "servers": [{"url": "https://api.example"}], "paths": {"/a": {"get": {}}}}
    edition.pack(json.dumps(told).encode())
    edition.save()
    return source, edition


def asked_for(conversation: Conversation, run: Run, arguments: dict[str, Any], *, by: Person) -> ToolCall:
    """A use of `calculate` as a model would ask for it in this conversation."""
    asked = Asked(
        identity=by.identity,
        organization_id=by.organization.pk,
        agent_type_id=run.agent_type_id,
        session_id=conversation.session_id,
        run_id=run.pk,
        message_id=run.message_id,
    )
    return calls.request(calls.Proposal("", "calculate", json.dumps(arguments)), asked)
