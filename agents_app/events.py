"""The dictionaries a browser or API client may see: one shape for pages, the snapshot, REST and socket events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from agents_app import factory
from agents_app.answering import allowance
from agents_app.costs import gauge, money
from agents_app.granted import previews
from agents_app.live import remembered
from agents_app.models import AgentType, Conversation, Message, Run, Step
from agents_app.showing import allowed, around, ballots, cards, pictures, rendering
from agents_app.showing.rendering import avatar
from audit_app.models import AuditStream
from project.accounts.identity import Identity
from project.accounts.prepared import Given, Prepared
from tools_app.approving.visible import visible_text
from tools_app.calling import remainders
from tools_app.governing import halts
from tools_app.models import Tool, ToolCall

_ENDINGS = {
    Message.Ending.INTERRUPTED: "The answer broke off here. What had arrived is kept.",
    Message.Ending.CANCELLED: "Stopped.",
    Message.Ending.REFUSAL: "The model declined to answer this.",
    Message.Ending.MAX_TOKENS: "Cut at the length limit.",
    Message.Ending.FAILED: "No answer arrived.",
}
_RETRYABLE_NOT = frozenset({"agent_disabled", "requester_gone", "poison"})
_DEFAULT_ICONS = {"filesystem": "📄", "web": "🌐", "time": "🕑", "math": "🧮", "code": "⌨️"}
Item = dict[str, Any]


class Said(NamedTuple):
    """What is shown of a Message: a thousand tuples are read in a fifth of the time of a thousand models."""

    pk: int
    role: str
    text: str
    html: str
    renderer: str
    ending: str
    model: str
    scripted: bool
    attachments: list[Item]
    client_id: str | None
    created_at: datetime
    ended_at: datetime | None


_SAID = Prepared(
    lambda: (
        Message.objects.filter(conversation_id=Given("conversation"))
        .order_by("pk")
        .values_list(*Said._fields)
    )
)
_RUNS = Prepared(lambda: Run.objects.filter(conversation_id=Given("conversation")).order_by("pk"))
_TURNS = Prepared(
    lambda: Step.objects.filter(
        run__conversation_id=Given("conversation"), message__isnull=False
    ).values_list("message_id", "run_id")
)
_CURSOR = Prepared(lambda: AuditStream.objects.filter(name=Given("name")).values_list("seq"))


def snapshot(conversation: Conversation, identity: Identity) -> Item:
    """Everything a page needs to show a conversation, with the cursor from which events continue it."""
    # The cursor is read first: an event that arrives in between is then applied twice, which is harmless, never lost.
    at = cursor(conversation)
    runs = _RUNS.all(conversation=conversation.pk)
    said = [Said._make(row) for row in _SAID.all(conversation=conversation.pk)]
    answered = {row.message_id: row.pk for row in runs} | dict(_TURNS.all(conversation=conversation.pk))
    calls = ToolCall.objects.filter(
        session_id=conversation.session_id, organization_id=conversation.organization_id
    )
    return {
        "conversation": conversation_item(conversation),
        "cursor": at,
        "messages": _told(said, answered),
        "calls": [
            call(each, identity)
            # Why each was decided so is fetched by whoever asks; here it would only be read and thrown away.
            for each in calls.select_related("tool", "standing")
            .defer("explanation")
            .prefetch_related("approvals__organization", "approvals__votes")
            .order_by("pk")
        ],
        "runs": [run(each) for each in runs],
        "usage": gauge.of(conversation),
    }


def cursor(conversation: Conversation) -> int:
    found = _CURSOR.first(name=conversation.stream)
    return found[0] if found else 0


def persona(agent: AgentType, identity: Identity | None = None) -> Item:
    halt = halts.halting(agent.organization_id, agent_type_id=agent.pk)
    return {
        **brief(agent),
        "description": agent.description or "",
        "personality_traits": [visible_text(str(trait)) for trait in agent.personality_traits or []],
        "starters": list(agent.starters or []),
        "model": agent.model,
        "is_default": agent.is_default,
        "powers": previews.in_short(agent, identity),
        "halted": halt.told if halt else "",
    }


def brief(agent: AgentType) -> Item:
    return {
        "id": agent.pk,
        "name": agent.name,
        "display_name": visible_text(agent.display_name),
        "avatar": avatar(agent.avatar_url),
        "avatar_color": agent.avatar_color,
        "scripted": factory.speaks_scripted(agent),
    }


def conversation_item(row: Conversation) -> Item:
    return {
        "id": row.session_id,
        "title": visible_text(str(row)),
        "persona": brief(row.agent_type),
        "archived": row.archived_at is not None,
        "created_at": _iso(row.created_at),
        "updated_at": _iso(row.updated_at),
        "url": f"/c/{row.public_id}/",
    }


def messages(rows: Iterable[Message]) -> list[Item]:
    """Messages of one conversation; of those still being written, with the text remembered so far."""
    said = list(rows)
    runs = Run.objects.filter(message__in=said).order_by("pk").values_list("message_id", "pk")
    steps = Step.objects.filter(message__in=said).values_list("message_id", "run_id")
    return _told(said, dict(runs) | dict(steps))


def _told(said: Sequence[Message | Said], run_of: Mapping[int, int | None]) -> list[Item]:
    texts = remembered.texts_of([each for each in said if each.ending == Message.Ending.OPEN])
    return [message(each, run_id=run_of.get(each.pk), text=texts.get(each.pk)) for each in said]


def message(row: Message | Said, *, run_id: int | None, text: str | None = None) -> Item:
    return {
        "id": row.pk,
        "role": row.role,
        "text": row.text if text is None else text,
        "html": _html(row),
        "ending": row.ending,
        "ending_text": _ENDINGS.get(Message.Ending(row.ending), ""),
        "run": run_id,
        "model": row.model,
        "scripted": row.scripted,
        "attachments": row.attachments,
        "client_id": row.client_id,
        "created_at": _iso(row.created_at),
        "ended_at": _iso(row.ended_at),
    }


def _html(row: Message | Said) -> str:
    """As it was stored, or rendered afresh where an older renderer wrote it. What a person wrote stays text."""
    is_outdated = row.ending and row.role == Message.Role.ASSISTANT and row.renderer != rendering.RENDERER
    return rendering.render(row.text) if is_outdated else row.html


def run(row: Run) -> Item:
    ended_badly = row.status in (Run.Status.FAILED, Run.Status.CANCELLED)
    return {
        "id": row.pk,
        "status": row.status,
        "reason": row.reason,
        "reason_text": row.reason_text,
        "retryable": ended_badly and row.reason not in _RETRYABLE_NOT,
        "message": row.message_id,
        "attempt": row.attempt,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cached_tokens": row.cached_tokens,
        "cost": money.written(row.nanos),
        "unpriced_tokens": row.unpriced_tokens,
        "choices": allowance.open_choices(row),
        "rests_until": _iso(allowance.rests_until(row)),
        "chosen": allowance.chosen(row),
        "created_at": _iso(row.created_at),
        "ended_at": _iso(row.ended_at),
    }


def call(row: ToolCall, identity: Identity | None = None) -> Item:
    question = max(row.approvals.all(), key=lambda each: each.pk, default=None)
    return {
        "id": row.pk,
        "run": row.run_id,
        "message": row.message_id,
        "tool": row.tool_name,
        "icon": icon(row.tool),
        "title": _title(row.arguments),
        "status": row.status,
        "reason": row.reason,
        "reason_text": around.for_people(row.reason_text),
        "arguments": row.arguments,
        "arguments_text": json.dumps(row.arguments, ensure_ascii=False, indent=2),
        "result_text": row.result_text,
        "sources": _sources(row.blocks),
        "pictures": pictures.listed(row),
        "progress": row.progress,
        "remainder": [remainders.shown(each) for each in row.remainder],
        "approval": cards.approval(question, row, identity) if question else None,
        "standing": allowed.spared(row.standing) if row.standing else None,
        "attempt": row.attempt,
        "replaces": row.replaces_id,
        **ballots.edited(row),
        "created_at": _iso(row.created_at),
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "duration_ms": _milliseconds(row.started_at, row.ended_at),
    }


def _sources(blocks: Iterable[Mapping[str, Any]]) -> list[Item]:
    """The sources a result names, as a list to look through; an address among them is a link only if it is one."""
    return [
        {
            "title": visible_text(str(block.get("title") or "")),
            "source": visible_text(str(block.get("source") or "")),
            "url": _web_address(str(block.get("source") or "")),
            "text": visible_text(
                "\n".join(str(part.get("text") or "") for part in block.get("content") or ())
            ),
        }
        for block in blocks or ()
        if block.get("type") == "search_result"
    ]


def _web_address(source: str) -> str:
    return source if re.fullmatch(r"https?://[^\s\"'<>\\]{1,480}", source) else ""


def icon(tool: Tool | None) -> str:
    if tool is None:
        return "🔧"
    return tool.icon or _DEFAULT_ICONS.get(tool.category, "🔧")


def _title(arguments: Mapping[str, Any]) -> str:
    """The first short text among the arguments: what the collapsed card shows."""
    values: Iterable[Any] = arguments.values()
    text = next(
        (str(value) for value in values if isinstance(value, str | int | float) and str(value).strip()), ""
    )
    line = visible_text(" ".join(text.split()))
    return line if len(line) <= 80 else line[:79] + "…"


def _milliseconds(started: datetime | None, ended: datetime | None) -> int | None:
    if started is None or ended is None:
        return None
    return max(0, round((ended - started).total_seconds() * 1000))


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
