"""What the flow tests do as people: post, wait, decide; with real workers on the other side."""

from __future__ import annotations

import io
import uuid

from django.core.management import call_command

from agents_app import conversations
from agents_app.models import AgentType, Conversation, Message, Run
from project.accounts.identity import Identity
from tests.live import Live, wait_for
from tests.people import alice
from tools_app import approvals
from tools_app.models import Approval, ToolCall


def seeded() -> None:
    call_command("seed", stdout=io.StringIO())


def begin(who: Identity, persona: str = "analysis") -> Conversation:
    agent = AgentType.objects.get(name=persona, organization_id=who.organization_id)
    return conversations.start(agent, by=who)


def say(conversation: Conversation, text: str, who: Identity) -> Run:
    return conversations.post_message(conversation, text, client_id=uuid.uuid4().hex, by=who).run


def until(run: Run, *statuses: str, seconds: float = 20.0) -> Run:
    def there() -> bool:
        run.refresh_from_db()
        return run.status in statuses

    wait_for(there, seconds=seconds, what=f"run {run.pk} to be {' or '.join(statuses)}")
    return run


def question(run: Run) -> Approval:
    wait_for(
        lambda: Approval.objects.filter(call__run_id=run.pk, status="pending").exists(), what="a question"
    )
    return Approval.objects.select_related("call").get(call__run_id=run.pk, status="pending")


def approve(approval: Approval, who: Identity) -> Approval:
    return approvals.approve(approval, digest=approval.digest, by=who)


def answer(run: Run) -> str:
    return "\n".join(said.text for said in Message.objects.filter(steps__run=run).order_by("pk"))


def only_call(run: Run) -> ToolCall:
    return ToolCall.objects.get(run_id=run.pk)


def asked(text: str) -> Run:
    """Alice begins a conversation with this."""
    who = alice().identity
    return say(begin(who), text, who)


def dies(live: Live, name: str, at: str) -> None:
    """End a worker, and let the next one of its kind die at a named point."""
    live.kill(name)
    live.start_again(name, CRASH_AT=at)
