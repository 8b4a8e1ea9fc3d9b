"""What was read from a document: the operations that can be tools, and everything that was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app.openapi.problems import Note


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign in: `kind` as an HTTP tool calls it, "" where no secret can stand for it (then `why` says so)."""

    name: str
    kind: str
    wire_name: str = ""
    description: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a tool would have it. `key` is method and path, which is how it is found again."""

    key: str
    method: str
    path: str
    operation_id: str
    name: str
    description: str
    category: str
    tags: tuple[str, ...]
    is_deprecated: bool
    input_schema: Mapping[str, Any]
    configuration: Mapping[str, Any]
    # The servers it names for itself, else none.
    servers: tuple[str, ...] = ()
    # Each alternative names the schemes that are needed together; none at all is one too.
    security: tuple[tuple[str, ...], ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def changes_something(self) -> bool:
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Skipped:
    """An operation that cannot be a tool, and why."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Description:
    title: str
    version: str
    dialect: str
    servers: tuple[str, ...]
    schemes: Mapping[str, Scheme]
    operations: tuple[Operation, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()
    _by_key: dict[str, Operation] = field(default_factory=dict, repr=False, compare=False)

    def operation(self, key: str) -> Operation | None:
        if not self._by_key:
            self._by_key.update((each.key, each) for each in self.operations)
        return self._by_key.get(key)
