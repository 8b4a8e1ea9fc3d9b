"""Whether a conversation has read anything from outside the organization (`security.md` 2.6): then it may be led."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from agents_app.models import Attachment, Run
from project.accounts.prepared import Given, Prepared
from tools_app import builtin_tools
from tools_app.models import Tool, ToolCall

# A use that failed brings something too: a server may put whatever it likes into what went wrong.
_RAN: Final = (ToolCall.Status.SUCCEEDED, ToolCall.Status.FAILED)
_READ = Prepared(
    lambda: (
        ToolCall.objects.filter(session_id=Given("session"), status__in=_RAN)
        .filter(
            Q(tool__is_open_world=True)
            # A program that may speak to hosts brings what these answer.
            | Q(tool__configuration__has_key="network")
            # What one conversation read outside and kept, another one reads here.
            | Q(tool__executor=Tool.Executor.BUILTIN, tool_name="search_knowledge", result__from_outside=True)
        )
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
        status__in=_RAN,
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
