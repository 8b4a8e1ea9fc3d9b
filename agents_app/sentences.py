"""What the record calls the moves of this room, in words for people."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "run.queued": "asked for an answer",
    "run.running": "began to answer",
    "run.waiting": "waits for tools",
    "run.finished": "finished an answer",
    "run.failed": "failed to answer",
    "run.cancelled": "stopped an answer",
    "conversation.started": "started a conversation",
    "attachment.added": "gave a file to a conversation",
    "attachment.removed": "removed a file from a conversation",
    "conversation.deleted": "deleted a conversation",
    "persona.added": "added a persona",
    "persona.changed": "changed a persona",
    "persona.archived": "archived a persona",
    "persona.restored": "brought an archived persona back",
    "persona.removed": "deleted a persona that was never used",
    "factory.narrowed": "left out tools that a factory may not bring",
    "catalog.imported": "imported a catalog",
    "catalog.exported": "exported the catalog",
    "budget.added": "added a budget",
    "budget.changed": "changed a budget",
    "budget.removed": "removed a budget",
    "price.added": "added the price of a model",
    "price.changed": "changed the price of a model",
    "price.removed": "removed the price of a model",
    "grant.added": "granted a tool to a persona",
    "grant.changed": "changed a grant",
    "grant.removed": "took a tool from a persona",
}
