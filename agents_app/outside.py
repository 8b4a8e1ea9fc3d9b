"""Whether a conversation has read anything from outside the organization (`security.md` 2.6): then it may be led."""

from __future__ import annotations

from django.db.models import Q

from agents_app.models import Attachment, Run
from project.accounts.prepared import Given, Prepared
from tools_app import builtin_tools
from tools_app.models import Tool, ToolCall

_READ = Prepared(
    lambda: (
        ToolCall.objects.filter(session_id=Given("session"), status=ToolCall.Status.SUCCEEDED)
        # A program that may speak to hosts brings what these answer.
        .filter(Q(tool__is_open_world=True) | Q(tool__configuration__has_key="network"))
        .values_list("pk")[:1]
    )
)
_HAS_FILES = Prepared(
    lambda: Attachment.objects.filter(
        conversation_id=Given("conversation"), message__isnull=False
    ).values_list("pk")[:1]
)
_READ_A_FILE = Prepared(
    lambda: ToolCall.objects.filter(
        session_id=Given("session"),
        status=ToolCall.Status.SUCCEEDED,
        tool__executor=Tool.Executor.BUILTIN,
        tool_name__in=builtin_tools.TAKE_FILES,
    ).values_list("pk")[:1]
)


def has_read(run: Run) -> bool:
    """A file may say anything: given to the conversation, it counts once a tool that takes files has answered."""
    session = run.conversation.session_id
    if _READ.first(session=session) is not None:
        return True
    has_files = _HAS_FILES.first(conversation=run.conversation_id) is not None
    return has_files and _READ_A_FILE.first(session=session) is not None
