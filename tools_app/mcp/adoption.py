"""Pure: a tool as a server describes it, made a row of the catalog, or left out with the reason.

Everything a server says is a stranger's word: its hints may raise a flag of ours and never lower one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tools_app.cataloging import alike
from tools_app.executors.mcp.target import Target
from tools_app.schema import foreign_schemas

if TYPE_CHECKING:
    from tools_app.executors.mcp.listing import Remote

_LONGEST_NAME: Final = 64
_LONGEST_WIRE_NAME: Final = 200
_LONGEST_DESCRIPTION: Final = 16_000
_CAMEL: Final = re.compile(r"([a-z0-9])([A-Z])")
_ILLEGAL: Final = re.compile(r"[^a-z0-9_-]+")
_HINTS: Final = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tool that does not become a row, and why, for an administrator."""

    tool: str
    why: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """What the server decides of a row; name, switches and grants are the administrator's."""

    description: str
    definition: dict[str, Any]
    configuration: dict[str, Any]
    raised: dict[str, bool]
    remarks: tuple[str, ...] = ()

    @property
    def changes(self) -> dict[str, Any]:
        return {
            "description": self.description,
            "definition": self.definition,
            "configuration": self.configuration,
            **self.raised,
        }


def adopted(remote: Remote, target: Target) -> Adopted | LeftOut:
    if not remote.name or len(remote.name) > _LONGEST_WIRE_NAME:
        return LeftOut(remote.name[:80], "its name is empty or too long")
    if len(remote.description) > _LONGEST_DESCRIPTION:
        return LeftOut(remote.name, f"its description has more than {_LONGEST_DESCRIPTION} characters")
    try:
        fitted = foreign_schemas.adopted(remote.input_schema)
    except (foreign_schemas.Unfit, RecursionError) as unfit:
        return LeftOut(remote.name, str(unfit)[:500] or "its schema is nested too deep")
    described = _said(remote.description) or _said(remote.title) or f"{_said(remote.name)} of {target.name}."
    return Adopted(
        description=described,
        definition={"input_schema": fitted.schema, "examples": []},
        configuration={
            "server": target.as_json(),
            "tool": remote.name,
            "pinned": remote.pinned,
            "aliases": dict(fitted.aliases),
            "hints": _hints(remote.annotations),
        },
        raised={"is_dangerous": True} if remote.annotations.get("destructiveHint") is True else {},
        remarks=fitted.remarks,
    )


def row(found: Adopted, name: str, prefix: str) -> dict[str, Any]:
    """A new row: off, asking before each use, tainting what reads its results, until somebody says otherwise."""
    return {
        "name": name,
        "category": "mcp",
        "tool_type": "mcp",
        "executor": "mcp",
        "icon": "🔌",
        "tags": ["mcp", prefix],
        "enabled": False,
        "requires_approval": True,
        "is_open_world": True,
        **found.changes,
    }


def name_for(wire: str, prefix: str, taken: Mapping[str, str]) -> str | LeftOut:
    """What the tool is called here; `taken` holds the names there are, with what is left of each for the eye.

    The prefix holds no _, so it ends at the first one and no two servers meet.
    """
    plain = _ILLEGAL.sub("_", _CAMEL.sub(r"\1_\2", wire).lower()).strip("_-")
    name = f"{prefix}_{plain or 'tool'}"
    if len(name) > _LONGEST_NAME or name in taken or not plain:
        mark = hashlib.sha256(wire.encode(errors="replace")).hexdigest()[:6]
        name = f"{name[: _LONGEST_NAME - 7]}_{mark}"
    if name in taken:
        return LeftOut(wire, f"there is a tool called {name} already")
    bone = alike.skeleton(name)
    if other := next((other for other, known in taken.items() if known == bone), ""):
        return LeftOut(wire, f"its name would be {name}, which looks like {other}")
    return name


def _said(text: str) -> str:
    """Stored as it was said, for the reviewer's eyes; only what no database can hold is left out."""
    return text.replace("\0", "").encode(errors="replace").decode().strip()


def _hints(annotations: Mapping[str, Any]) -> dict[str, bool]:
    return {name: annotations[name] for name in _HINTS if isinstance(annotations.get(name), bool)}
