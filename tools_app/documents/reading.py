"""Reads a file of tools or a catalog whole, and checks its outline, before anybody looks at what is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tools_app.documents import lines
from tools_app.documents.lines import Place
from tools_app.exceptions import InvalidCatalog
from tools_app.openapi import document
from tools_app.openapi.problems import InvalidDocument

FORMAT: Final = 1
MAX_BYTES: Final = 8 * 2**20
SUFFIXES: Final = (".yaml", ".yml", ".json")
_SECTIONS: Final = ("mcp_servers", "tools", "rules", "personas", "secrets")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_TOP: Final = frozenset({"toolroom", "organizations", *_SECTIONS})


@dataclass(frozen=True, slots=True)
class Item:
    """One tool, rule, persona, server or secret as it was written."""

    name: str
    fields: Mapping[str, Any]
    at: Place


@dataclass(frozen=True, slots=True)
class Document:
    """`organizations` are the slugs it is meant for, none for all; only files that the operator loads may say it."""

    tools: tuple[Item, ...] = ()
    personas: tuple[Item, ...] = ()
    mcp_servers: tuple[Item, ...] = ()
    secrets: tuple[Item, ...] = ()
    rules: tuple[Item, ...] = ()
    organizations: tuple[str, ...] = field(default=())


def read(octets: bytes, name: str) -> Document:
    """Raises InvalidCatalog with every problem of the outline, each with file, line and pointer."""
    if len(octets) > MAX_BYTES:
        told = f"{name}: it has {len(octets):,} bytes, and at most {MAX_BYTES:,} are read."
        raise InvalidCatalog([told])
    try:
        value = document.value_of(octets)
    except InvalidDocument as broken:
        raise InvalidCatalog([f"{name}: {broken.message}"]) from None
    return _outlined(value, Place(name, "", lines.of(octets.decode("utf-8-sig"))))


def of_value(value: Any, name: str) -> Document:
    """The same for what has been read already, or a text in which it is written."""
    if isinstance(value, str):
        return read(value.encode(), name)
    if len(json.dumps(value)) > MAX_BYTES:
        raise InvalidCatalog([f"{name}: more than {MAX_BYTES:,} bytes."])
    return _outlined(value, Place(name))


def read_files(paths: Iterable[Path]) -> list[Document]:
    """All of them or none: raises InvalidCatalog with the problems of every file."""
    found: list[Document] = []
    wrong: list[str] = []
    for path in paths:
        try:
            found.append(read(_octets(path), str(path)))
        except InvalidCatalog as broken:
            wrong += broken.problems
    if wrong:
        raise InvalidCatalog(wrong)
    return found


def paths_of(named: Iterable[Path]) -> list[Path]:
    """The files meant: those that are named, and of a folder all that look like such files, by name."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            found += sorted(each for each in path.iterdir() if each.suffix in SUFFIXES and each.is_file())
        else:
            found.append(path)
    return found


def joined(documents: Iterable[Document]) -> Document:
    """Raises InvalidCatalog where two of them name the same tool, rule or persona."""
    listed = list(documents)
    tools = tuple(item for each in listed for item in each.tools)
    personas = tuple(item for each in listed for item in each.personas)
    servers = tuple(item for each in listed for item in each.mcp_servers)
    rules = tuple(item for each in listed for item in each.rules)
    if wrong := _twice(tools) + _twice(personas) + _twice(servers) + _twice(rules):
        raise InvalidCatalog(wrong)
    secrets = tuple(item for each in listed for item in each.secrets)
    return Document(tools, personas, servers, secrets, rules)


def _octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as unreadable:
        raise InvalidCatalog([f"{path}: it cannot be read ({type(unreadable).__name__})."]) from None


def _outlined(value: Any, at: Place) -> Document:
    if isinstance(value, list):
        value, at = (
            {"tools": value},
            Place(at.file, "", {f"/tools{key}": line for key, line in at.lines.items()}),
        )
    elif isinstance(value, Mapping) and "name" in value:
        value, at = (
            {"tools": [value]},
            Place(at.file, "", {f"/tools/0{key}": line for key, line in at.lines.items()}),
        )
    wrong = list(_wrong_top(value, at)) or list(islice(_unstorable(value, at), 10))
    items: dict[str, tuple[Item, ...]] = {}
    if not wrong:
        for section in _SECTIONS:
            listed = value.get(section)
            found, bad = _items([] if listed is None else listed, at.below(section))
            items[section] = found
            wrong += bad
    if wrong:
        raise InvalidCatalog(wrong)
    return Document(**items, organizations=tuple(value.get("organizations") or ()))


def _wrong_top(value: Any, at: Place) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at}: this is neither a tool, nor a list of tools, nor a catalog."
        return
    for name in value:
        if name not in _TOP:
            yield f"{at.below(name)}: a catalog has no such part; it has: {', '.join(sorted(_TOP))}."
    version = value.get("toolroom", FORMAT)
    if version != FORMAT or isinstance(version, bool):
        yield f"{at.below('toolroom')}: this is format {version!r:.50}; this version reads format {FORMAT}."
    slugs = value.get("organizations") or []
    if not isinstance(slugs, list) or not all(isinstance(each, str) for each in slugs):
        yield f"{at.below('organizations')}: this must be a list of slugs."


def _unstorable(value: Any, at: Place, way: tuple[str | int, ...] = ()) -> Iterator[str]:
    """An escape can write what no database takes: it would break the first question that is asked about it.

    The place is written down for what is found alone: long names above many parts would make it dear.
    """
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield f"{at.below(*way)}: this text holds a character that cannot be stored (zero, or half of one)."
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if _UNSTORABLE.search(name):
                yield f"{at.below(*way)}: the name {name!r:.100} holds a character that cannot be stored."
            yield from _unstorable(each, at, (*way, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _unstorable(each, at, (*way, number))


def _items(listed: Any, at: Place) -> tuple[tuple[Item, ...], list[str]]:
    if not isinstance(listed, list):
        return (), [f"{at}: this must be a list."]
    found, wrong = list[Item](), list[str]()
    for number, each in enumerate(listed):
        place = at.below(number)
        if not isinstance(each, Mapping):
            wrong.append(f"{place}: this must be an object with a name.")
        elif not isinstance(each.get("name"), str) or not each["name"]:
            wrong.append(f"{place}: a name is missing, or is no text.")
        else:
            found.append(Item(each["name"], each, place))
    return tuple(found), wrong + _twice(found)


def _twice(items: Iterable[Item]) -> list[str]:
    seen: dict[str, Item] = {}
    wrong = []
    for item in items:
        if item.name in seen:
            wrong.append(f"{item.at}: the name {item.name!r} stands at {seen[item.name].at} already.")
        seen.setdefault(item.name, item)
    return wrong
