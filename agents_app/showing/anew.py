"""What had changed where a question stands in for one before it, told on its card in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools_app.approving import successors
from tools_app.approving.visible import visible_text
from tools_app.models import Approval, ApprovalVote, ToolCall, ToolVersion

# By what the digest of a question is taken over (`questions.covered`).
_WORDS: Final = {
    "agent": "the persona was changed",
    "grant": "what the persona may do with the tool was changed",
    "layers": "the rules of the organization or the installation were changed",
    "membership": "the rights of the person who asked were changed",
    "arguments": "the values that policy fills in are others",
    "targets": "what its arguments lead to is another thing by now",
    "preview": "it would change something else by now",
    "reach": "it would go elsewhere, or with other secrets",
    "limits": "the limits of the tool were changed",
    "acts_as": "the persona acts as somebody else",
    "tainted": "the answer has read content from outside since",
}


def told(row: Approval, call: ToolCall) -> str:
    """One sentence, or two where somebody had said yes already; empty for a question that replaces none."""
    if successors.CHANGED not in row.reasons or call.replaces_id is None:
        return ""
    before = Approval.objects.filter(call_id=call.replaces_id).order_by("-pk").first()
    if before is None:
        return ""
    said = f"Asked anew: {'; '.join(_differences(before, row)) or 'more has to be asked about by now'}."
    lost = before.votes.filter(verdict=ApprovalVote.Verdict.APPROVE).values_list("voter_name", flat=True)
    if lost:
        said += f" The yes of {' and '.join(lost)} was about the one before."
    return visible_text(said)


def _differences(before: Approval, row: Approval) -> Iterator[str]:
    if _differs(before, row, "tool"):
        yield _tool(row.covers)
    for name, words in _WORDS.items():
        if _differs(before, row, name):
            yield words
    if before.demands != row.demands or _differs(before, row, "deciders"):
        yield "who has to approve it was changed"


def _differs(before: Approval, row: Approval, name: str) -> bool:
    # A question that was put before this was kept says nothing of it.
    known = name in before.covers or name not in ("limits", "membership")
    return known and before.covers.get(name) != row.covers.get(name)


def _tool(covers: Mapping[str, Any]) -> str:
    known: list[Any] = covers.get("tool") or [0, ""]
    versions = ToolVersion.objects.filter(tool_id=int(known[0]), content_hash=str(known[1])).order_by(
        "-number"
    )
    by = versions.values_list("changed_by", flat=True).first()
    return f"the tool was changed by {by}" if by else "the tool was changed"
