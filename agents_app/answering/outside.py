"""What a conversation has read from outside the organization (`security.md` 2.6): then it may be led.

Kept with each use when it begins, so that it stays said of a conversation, over all its answers, whatever becomes of
the tool and its flags.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q

from agents_app.models import Attachment, Run
from project.accounts.prepared import Given, Prepared
from tools_app import builtin_tools
from tools_app.approving.visible import visible_text
from tools_app.models import Tool, ToolCall

# A use that failed brings something too: a server may put whatever it likes into what went wrong.
_RAN: Final = (ToolCall.Status.SUCCEEDED, ToolCall.Status.FAILED)
# So many sources are named on a card, the newest first.
_NAMED: Final = 5
_LONGEST: Final = 160
# Not their results, which may be long.
_READ: Prepared[tuple[int, str, Any]] = Prepared(
    lambda: (
        ToolCall.objects.filter(session_id=Given("session"), status__in=_RAN)
        .filter(
            ~Q(outside="")
            # What one conversation read outside and kept, another one reads here.
            | Q(tool__executor=Tool.Executor.BUILTIN, tool_name="search_knowledge", result__from_outside=True)
        )
        .order_by("-pk")
        .values_list("pk", "tool_name", "arguments")[: _NAMED + 1]
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


def read_by(run: Run) -> list[dict[str, Any]]:
    """What was read from outside so far, the newest first; empty where nothing was.

    A file may say anything: given to the conversation, it counts once a tool that takes files has answered. An
    answer that was born tainted, as that of a persona which another one has asked, stays so.
    """
    session = run.conversation.session_id
    calls = _READ.all(session=session)
    found = [_source(*call) for call in calls[:_NAMED]]
    if len(calls) > _NAMED:
        found.append({"tool": "", "what": "and more before that"})
    if _has_read_a_file(run, session):
        found.append({"tool": "", "what": "files that were given to the conversation"})
    if not found and run.tainted:
        found.append({"tool": "", "what": "what this answer was begun with"})
    return found


def _has_read_a_file(run: Run, session: str) -> bool:
    has_files = _HAS_FILES.first(conversation=run.conversation_id) is not None
    return has_files and _READ_A_FILE.first(session=session) is not None


def _source(pk: int, tool: str, arguments: Any) -> dict[str, Any]:
    """A use as it is named on a card: the tool, and the first short text it was called with, mostly an address."""
    values = arguments.values() if isinstance(arguments, dict) else ()
    said = next((value for value in values if isinstance(value, str) and value.strip()), "")
    return {"call": pk, "tool": tool, "what": visible_text(" ".join(said.split()))[:_LONGEST]}
