"""How the examples of factories show themselves when they are run: real factories, their cache and the executor.

What is not here is the gate: that asks a database. `python -m tools_app.examples.<name>` needs no installation.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app.run_context import Agent, Binding, Keeping, RunContext


@dataclass(frozen=True)
class Person:
    """Somebody who asks, as the house would have them."""

    user_id: str
    organization_id: int = 1
    role: str = "member"
    permissions: tuple[str, ...] = ("chat",)
    session_id: str = "conversation-1"

    def told(self) -> dict[str, Any]:
        return {
            "user_id": self.user_id,
            "org_id": str(self.organization_id),
            "session_id": self.session_id,
            "permissions": list(self.permissions),
            "roles": [self.role],
        }


@dataclass(frozen=True)
class Persona:
    """What an administrator chose: the factories and how long what they build is kept, and for whom."""

    factories: tuple[str, ...]
    key: str = "user"
    keeps: bool = True
    context: Mapping[str, Any] = field(default_factory=dict)

    def bindings(self, who: Person) -> tuple[Binding, ...]:
        """As the database would say, with everything granted that the factories may bring."""
        from tools_app import factories

        run = RunContext(
            run_id=secrets.token_hex(8),
            session_id=who.session_id,
            user_id=who.user_id,
            dependencies={**self.context, **who.told()},
        )
        return tuple(
            Binding(
                factory=name,
                run=run,
                agent=Agent(1, "example", "Example"),
                organization_id=who.organization_id,
                person=who.user_id,
                personal=(1, who.role, who.permissions),
                granted=frozenset(tool.name for tool in factories.named(name).declared),
                keeping=Keeping(self.keeps, self.key, 3600),
            )
            for name in self.factories
        )

    def offered(self, who: Person) -> list[str]:
        """The names of the tools there are for this person now."""
        from tools_app import factories

        names: list[str] = []
        for binding in self.bindings(who):
            with factories.lent(binding) as built:
                names += built.tools
        return sorted(names)

    def use(self, who: Person, tool: str, **arguments: Any) -> str:
        """What the tool answers this person: by the executor that carries out Python tools."""
        from tools_app import factories
        from tools_app.context import ToolContext
        from tools_app.exceptions import ToolFailed
        from tools_app.executors.base import Work
        from tools_app.executors.python import PythonExecutor

        declared = factories.declared()[tool]
        bindings = tuple(
            each for each in self.bindings(who) if declared in factories.named(each.factory).declared
        )
        work = Work(tool, "python", declared.definition.as_json(), {}, bindings=bindings)
        context = ToolContext(deps={**self.context, **who.told()})
        try:
            return PythonExecutor().execute(work, arguments, context).text
        except ToolFailed as refused:
            return f"[{refused.code}] {refused.message}"


def say(text: str, *answers: Any) -> None:
    sys.stdout.write(f"{text}\n" + "".join(f"    {answer}\n" for answer in answers))


def main(show: Callable[[], None], **variables: str) -> None:
    """Run an example in a folder of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="toolroom-example-") as folder:
        given = {"DATA_DIR": folder, "SECRET_KEY": secrets.token_hex(32), "LOG_LEVEL": "ERROR", **variables}
        os.environ.update({"DJANGO_SETTINGS_MODULE": "project.settings", **given})
        from tools_app.factories import caching

        try:
            show()
        finally:
            caching.shared().end()
