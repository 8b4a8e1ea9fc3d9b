"""What the record calls the moves of this room, in words for people."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "call.waiting": "asked for approval of a tool use",
    "call.queued": "released a tool use",
    "call.running": "is about to run a tool (intent)",
    "call.succeeded": "ran a tool (ending)",
    "call.failed": "failed to run a tool (ending)",
    "call.denied": "was denied a tool use",
    "call.expired": "let a tool use expire",
    "call.blocked": "was refused a tool use",
    "call.cancelled": "cancelled a tool use",
    "call.late_result": "had a result arrive after the ending was recorded",
    "approval.pending": "put a question",
    "approval.approved": "approved",
    "approval.denied": "denied",
    "approval.expired": "let a question expire",
    "approval.superseded": "replaced a question, because something changed",
    "approval.cancelled": "withdrew a question",
    "approval.consumed": "used an approval",
    "tool.added": "added a tool",
    "tool.tried": "asked what would happen if a tool was used",
    "tool.seeded": "seeded a tool",
    "tool.changed": "changed a tool",
    "tool.archived": "archived a tool",
    "tool.restored": "brought an archived tool back",
    "tool.quarantined": "held a tool back until it is reviewed",
    "tool.reviewed": "reviewed a tool that was held back, and let it go",
    "tool.drafted": "added a tool as a draft",
    "tool.published": "published a draft",
    "tool.rolled_back": "brought an earlier version of a tool back",
    "draft.begun": "began a draft of a tool",
    "draft.changed": "changed a draft of a tool",
    "draft.renewed": "brought a draft of a tool up to date",
    "draft.discarded": "discarded a draft of a tool",
    "tool.removed": "deleted a tool that was never used",
    "secret.set": "set a secret",
    "secret.removed": "deleted a secret",
    "standing.revoked": 'took back an "allow from now on"',
}
