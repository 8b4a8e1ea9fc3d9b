"""Bindings as the rooms to the right make them, for tests that need no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tools_app.factories import Binding, RunContext
from tools_app.functions import Tool
from tools_app.run_context import Agent, Keeping

AGENT = Agent(7, "clerk", "The Clerk", "claude-sonnet-5-5")


def binding(factory: str = "notes", user: str | None = "1", **changes: Any) -> Binding:
    """One for this person; `org`, `session`, `run`, `state`, `key`, `enabled` and `dependencies` may be said."""
    org, session = changes.pop("org", 1), changes.pop("session", "s1")
    deps = {"user_id": user, "org_id": str(org), "session_id": session, **changes.pop("dependencies", {})}
    run = RunContext(changes.pop("run", "r1"), session, user, changes.pop("state", None), deps)
    keeping = Keeping(changes.pop("enabled", True), changes.pop("key", "user"), changes.pop("seconds", 60))
    made = Binding(
        factory, run, AGENT, org, user or "", (1, "member", ("chat",)), ("v1",), frozenset({"add", "search"})
    )
    return replace(made, keeping=keeping, **changes)


def add_to(notes: list[str]) -> Callable[..., Any]:
    def add(text: str) -> str:
        """Add a note.

        Args:
            text: What to remember.
        """
        notes.append(text)
        return ", ".join(notes)

    return add


DECLARED = [Tool(add_to([]), quiet=True)]
