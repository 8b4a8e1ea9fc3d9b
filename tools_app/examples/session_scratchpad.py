"""Throw-away tools of one conversation: a scratchpad that is gone with it (S0.12, S0.39).

    python -m tools_app.examples.session_scratchpad

The persona keeps it by the key `session` and for as long as its `cache_seconds` say. When that is over, or when it
is cleared, the folder is deleted by `close`, once, and never while a call still uses it.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from tools_app.exceptions import ToolFailed
from tools_app.factories import RunContext, Toolkit, tool_factory, tool_method

MOST_BYTES = 100_000
_NAME = re.compile(r"[a-z0-9_-]{1,40}\Z")


class Scratchpad(Toolkit):
    """Notes in a folder whose name is drawn at random, and which nobody else is told."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="toolroom-scratch-")

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    @tool_method(category="notes", icon="📝")
    def write_note(self, name: str, text: str) -> str:
        """Keep a note for as long as this conversation lasts.

        Args:
            name: Lower-case letters, digits, _ and -.
            text: What to keep.
        """
        if len(text.encode()) > MOST_BYTES:
            raise ToolFailed(f"A note has at most {MOST_BYTES} bytes.", code="too_large")
        self._file(name).write_text(text)
        return f"Kept {name}."

    @tool_method(idempotent=True, category="notes", icon="📝")
    def read_note(self, name: str) -> str:
        """Read a note of this conversation.

        Args:
            name: The name it was kept under.
        """
        file = self._file(name)
        if not file.is_file():
            there = ", ".join(sorted(each.stem for each in self.folder.iterdir())) or "none"
            raise ToolFailed(f"There is no note {name}. There are: {there}.", code="not_found")
        return file.read_text()

    def close(self) -> None:
        self._folder.cleanup()

    def _file(self, name: str) -> Path:
        if not _NAME.match(name):
            raise ToolFailed("A name has lower-case letters, digits, _ and - only.", code="bad_name")
        return self.folder / f"{name}.txt"


@tool_factory(tools=[Scratchpad], description="Notes that last as long as the conversation.")
def scratchpad(run_context: RunContext) -> list[Any]:
    return [Scratchpad()] if run_context.user_id else []


def _show() -> None:
    from dataclasses import replace

    from tools_app.examples.showing import Person, Persona, say
    from tools_app.factories import caching

    clerk, here = Persona(("scratchpad",), key="session"), Person("1", session_id="conversation-1")
    there = replace(here, session_id="conversation-2")
    say("In one conversation:", clerk.use(here, "write_note", name="plan", text="buy milk"))
    say("Later in the same one:", clerk.use(here, "read_note", name="plan"))
    say("The same person in another:", clerk.use(there, "read_note", name="plan"))
    caching.shared().drop()
    say("When its time is over, its folder is deleted:", clerk.use(here, "read_note", name="plan"))


if __name__ == "__main__":
    from tools_app.examples import showing

    showing.main(_show)
