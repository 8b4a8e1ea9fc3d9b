"""JSON Pointer (RFC 6901): the one part of an answer that a configuration names."""

from __future__ import annotations

from typing import Any


def at(value: Any, pointer: str) -> Any:
    """Return the part; raises LookupError, which names how far the way goes."""
    walked = ""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and _index(name) is not None and int(name) < len(value):
            value = value[int(name)]
        else:
            raise LookupError(walked or "/")
        walked += f"/{step}"
    return value


def _index(name: str) -> int | None:
    """Only as the standard writes it: no sign, no leading zero, no digits of other scripts."""
    plain = name.isascii() and name.isdecimal() and len(name) < 10 and (name == "0" or name[0] != "0")
    return int(name) if plain else None
