"""YAML as OpenAPI means it: the JSON subset of YAML 1.2, so that `no` is a word and a date is a text.

Built from the events of the parser in C, without recursion: depth and aliases are counted while they come in, so that
neither ten thousand levels nor a few lines that stand for billions ever become anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from tools_app.openapi.problems import InvalidDocument

MAX_NODES = 3_000_000
# A text counts once more for each so many characters: a long one stands wherever an alias puts it, too.
_CHARACTERS = 50
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,400})\Z")
# Not with a zero in front: 007 is a name or a code.
_FLOAT = re.compile(
    r"[-+]?(?!0[0-9])(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,3})?\Z"
)
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_MERGE = "<<"


@dataclass(slots=True)
class _Open:
    """A collection that is being read; `size` counts what is in it, as often as it is in it."""

    value: Any
    anchor: str | None
    size: int = 1
    key: str | None = None
    merged: list[Any] = field(default_factory=list)


def read(text: str, *, max_depth: int) -> Any:
    """The one document of the text. Raises InvalidDocument."""
    builder = _Builder(max_depth)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.YAMLError as broken:
        raise InvalidDocument(f"The document is not valid YAML: {_said(broken)}.") from None
    return builder.found


def _said(broken: yaml.YAMLError) -> str:
    mark = getattr(broken, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{str(getattr(broken, 'problem', None) or broken)[:200]}{where}"


class _Builder:
    def __init__(self, max_depth: int) -> None:
        self.found: Any = None
        self._max_depth = max_depth
        self._open: list[_Open] = []
        self._named: dict[str, tuple[Any, int]] = {}
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._start(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _wrong("the text holds more than one document", event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._awaits_key():
            self._key(event)
            return
        value = _resolved(event)
        size = _size(event.value)
        if event.anchor:
            self._named[event.anchor] = value, size
        self._put(value, size, event)

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _key(self, event: yaml.ScalarEvent) -> None:
        """Keys are texts as they are written: a status 200 and a path stay what they look like."""
        inner, key = self._open[-1], event.value
        if event.anchor:
            self._named[event.anchor] = key, _size(key)
        inner.size += _size(key)
        is_merge = key == _MERGE and event.implicit[0]
        if key in inner.value and not is_merge:
            raise _wrong(f"the name {key[:100]!r} stands twice in one object", event)
        inner.key = key

    def _start(self, event: Any) -> None:
        if self._awaits_key():
            raise _wrong("a name must be a text, not a list or an object", event)
        if len(self._open) >= self._max_depth:
            raise _wrong(f"it is nested deeper than {self._max_depth} levels", event)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Open(value, event.anchor))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        for given in done.merged:
            for name, value in given.items():
                done.value.setdefault(name, value)
        if done.anchor:
            self._named[done.anchor] = done.value, done.size
        self._put(done.value, done.size, event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        """A name for something read before; one that stands inside itself has no end and is not known yet."""
        if event.anchor not in self._named:
            raise _wrong(f"the alias *{str(event.anchor)[:100]} names nothing that was read before", event)
        value, size = self._named[event.anchor]
        if self._awaits_key():
            if not isinstance(value, str) or value in self._open[-1].value:
                raise _wrong("a name must be a text that stands once", event)
            self._open[-1].key = value
            self._open[-1].size += size
            return
        self._put(value, size, event)

    def _put(self, value: Any, size: int, event: Any) -> None:
        if not self._open:
            self.found = value
            return
        inner = self._open[-1]
        inner.size += size
        if inner.size > MAX_NODES:
            raise _wrong(f"with its aliases it stands for more than {MAX_NODES:,} values", event)
        if isinstance(inner.value, list):
            inner.value.append(value)
            return
        key, inner.key = inner.key or "", None
        if key == _MERGE and isinstance(value, dict | list):
            given = value if isinstance(value, list) else [value]
            if not all(isinstance(each, dict) for each in given):
                raise _wrong("<< takes objects", event)
            inner.merged += given
        else:
            inner.value[key] = value


def _size(text: str) -> int:
    return 1 + len(text) // _CHARACTERS


def _resolved(event: yaml.ScalarEvent) -> Any:
    text = event.value
    if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def _wrong(what: str, event: Any) -> InvalidDocument:
    return InvalidDocument(f"The document cannot be read: {what}, line {event.start_mark.line + 1}.")
