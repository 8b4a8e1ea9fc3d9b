"""On which line each part of a YAML or JSON text begins, by JSON pointer; only to tell people where something is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from tools_app.schema import schema_tree

_MAX_CHARACTERS: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file. What has no line of its own, such as what an alias stands for, has that of what it is in."""

    file: str
    pointer: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)

    def below(self, *steps: str | int) -> Place:
        way = "".join(f"/{schema_tree.escaped(str(step))}" for step in steps)
        return Place(self.file, f"{self.pointer}{way}", self.lines)

    @property
    def line(self) -> int:
        pointer = self.pointer
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 0)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} {self.pointer}".strip()


@dataclass(slots=True)
class _Open:
    pointer: str
    is_mapping: bool
    key: str | None = None
    count: int = 0


def of(text: str) -> dict[str, int]:
    """Read once more, for its lines alone. A tab is a blank here: JSON may be indented by tabs, YAML may not.

    A pointer holds all names above it: where long ones stand above many, what is further down has no line.
    """
    found: dict[str, int] = {}
    opened: list[_Open] = []
    left = _MAX_CHARACTERS
    try:
        for event in yaml.parse(text.replace("\t", " "), Loader=yaml.CSafeLoader):
            _take(event, opened, found)
            left -= len(opened[-1].pointer) if opened else 0
            if left < 0:
                return found
    except yaml.YAMLError:
        # Not read to its end: the lines so far are right.
        return found
    return found


def _take(event: Any, opened: list[_Open], found: dict[str, int]) -> None:
    if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
        opened.pop()
        return
    if not isinstance(event, yaml.NodeEvent) or event.start_mark is None:
        return
    inner = opened[-1] if opened else None
    if inner is not None and inner.is_mapping and inner.key is None:
        inner.key = schema_tree.escaped(str(getattr(event, "value", "")))
        found.setdefault(f"{inner.pointer}/{inner.key}", event.start_mark.line + 1)
        return
    pointer = _next(inner)
    found.setdefault(pointer, event.start_mark.line + 1)
    if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
        opened.append(_Open(pointer, isinstance(event, yaml.MappingStartEvent)))


def _next(inner: _Open | None) -> str:
    if inner is None:
        return ""
    if inner.is_mapping:
        key, inner.key = inner.key, None
        return f"{inner.pointer}/{key}"
    inner.count += 1
    return f"{inner.pointer}/{inner.count - 1}"
