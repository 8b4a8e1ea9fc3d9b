"""What an operation becomes in the catalog, under the choices of an administrator: server, names, secrets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

from tools_app import executors
from tools_app.openapi import naming
from tools_app.openapi.description import Description, Operation
from tools_app.openapi.problems import Note

PREFIX: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,30}\Z")
_NAMED: Final = ("header", "query", "cookie")


@dataclass(frozen=True, slots=True)
class Choices:
    """`secrets` names a secret for each scheme; `sign_in` is for operations whose description says nothing of it."""

    server: str = ""
    prefix: str = ""
    category: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    sign_in: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "server": self.server,
            "prefix": self.prefix,
            "category": self.category,
            "secrets": dict(self.secrets),
            "sign_in": dict(self.sign_in),
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """The columns of the tool; notes on what was left out; and why it cannot be one as chosen, or ""."""

    operation: Operation
    fields: Mapping[str, Any]
    notes: tuple[Note, ...]
    problem: str = ""

    @property
    def name(self) -> str:
        return str(self.fields["name"])


def of(operation: Operation, description: Description, choices: Choices, name: str) -> Proposal:
    """`name` is that of the tool, legal and free."""
    base = choices.server or (description.servers[0] if description.servers else "")
    own = urljoin(f"{base}/", operation.servers[0]).rstrip("/") if operation.servers else base
    auths, notes = _auths(operation, description, choices)
    configuration: dict[str, Any] = {"method": operation.method, "url": f"{own.rstrip('/')}{operation.path}"}
    configuration |= {**operation.configuration, **({"auth": auths} if auths else {})}
    fields = {
        "name": name,
        "description": operation.description,
        "category": (operation.category or choices.category or description.title)[:100],
        "tool_type": "custom",
        "executor": "http",
        "input_schema": dict(operation.input_schema),
        "configuration": configuration,
        "tags": [tag for tag in operation.tags if tag][:10],
        # What a stranger's service does when it is written to, nobody here has seen: a person looks at each use.
        "requires_approval": operation.changes_something,
        "is_dangerous": operation.method == "DELETE",
        "is_open_world": True,
    }
    problems = executors.problems("http", configuration, operation.input_schema)
    return Proposal(operation, fields, (*operation.notes, *notes), problems[0] if problems else "")


def _auths(
    operation: Operation, description: Description, choices: Choices
) -> tuple[list[dict[str, str]], list[Note]]:
    """The first alternative for which every secret is chosen; otherwise it is called without signing in."""
    wanted = [each for each in operation.security if each]
    for names in wanted:
        found = [_auth(name, description, choices) for name in names]
        if all(found):
            return [each for each in found if each], []
    if not wanted and not description.schemes and choices.sign_in:
        return [dict(choices.sign_in)], []
    if not wanted or () in operation.security:
        return [], []
    told = " or ".join(" and ".join(names) for names in wanted)[:200]
    return [], [Note(f"it wants to be signed in to with {told}; no secret is chosen for it")]


def _auth(name: str, description: Description, choices: Choices) -> dict[str, str] | None:
    scheme, secret = description.schemes.get(name), choices.secrets.get(name, "")
    if scheme is None or not scheme.kind or not secret:
        return None
    named = {"name": scheme.wire_name} if scheme.kind in _NAMED else {}
    return {"type": scheme.kind, "secret": secret, **named}


def names(description: Description, choices: Choices, taken: set[str]) -> dict[str, str]:
    """A name for each operation by its key: the same ones each time, whichever of them are chosen."""
    used, found, times = set(taken), dict[str, str](), Counter[str]()
    for operation in description.operations:
        wanted = naming.prefixed(choices.prefix, operation.name)
        # Thousands may be called alike: the search goes on where the last one ended.
        times[wanted] += 1
        name = naming.unique(wanted, used, first=max(times[wanted], 2))
        used.add(name)
        found[operation.key] = name
    return found
