"""Where in the arguments a rule looks: a parameter by its plain name, all of one kind (`kind:url`), all others (`*`),
or a JSON Pointer (RFC 6901) whose `*` is any one step and `**` any number of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from tools_app.rules.errors import UnknownRule

Path = tuple[str, ...]
MAX_STEPS: Final = 16
# No parameter can be called like this: providers refuse a colon and a star in a name.
KIND: Final = "kind:"
ANY: Final = "*"


def is_pointer(name: str) -> bool:
    return name.startswith("/")


def of_kind(name: str) -> str:
    """The kind a name like `kind:url` speaks of; "" for every other name."""
    return name.removeprefix(KIND) if name.startswith(KIND) else ""


def is_plain(name: str) -> bool:
    """Whether this is one parameter by its own name."""
    return not (is_pointer(name) or of_kind(name) or name == ANY)


def speaks_of(place: str, name: str, kind: str) -> bool:
    """Whether a place that is no pointer and no star means this parameter; a folder is a path, too."""
    wanted = of_kind(place)
    return wanted == ("path" if kind == "folder" else kind) if wanted else place == name


@lru_cache(maxsize=1024)
def steps(pointer: str) -> Path:
    """Raises UnknownRule for what is no such pointer."""
    parts = pointer.split("/")[1:]
    if not is_pointer(pointer) or "" in parts or len(parts) > MAX_STEPS:
        raise UnknownRule(f"{pointer!r} is not a place: write it like /filters/*/field")
    return tuple(
        part if part in ("*", "**") else part.replace("~1", "/").replace("~0", "~") for part in parts
    )


def names(pointer: str) -> str:
    """The top-level parameter a pointer speaks of; * if of any."""
    first = steps(pointer)[0]
    return "*" if first in ("*", "**") else first


def nodes(name: str, value: Any) -> Iterator[tuple[Path, Any]]:
    """Every value in a parameter with its path, the parameter itself first."""
    pending: list[tuple[Path, Any]] = [((name,), value)]
    while pending:
        path, node = pending.pop()
        yield path, node
        pending.extend(((*path, key), item) for key, item in _children(node))


def leaf_paths(name: str, value: Any) -> Iterator[Path]:
    """The paths of what has nothing below it: scalars, and empty lists and objects."""
    return (path for path, node in nodes(name, value) if not any(True for _ in _children(node)))


def matches(pattern: Path, path: Path) -> bool:
    """Whether the pattern means exactly this place."""
    reached = {0}
    for step in path:
        reached = {after for at in _opened(pattern, reached) for after in _after(pattern, at, step)}
        if not reached:
            return False
    return len(pattern) in _opened(pattern, reached)


def covers(pattern: Path, path: Path) -> bool:
    """Whether the pattern means this place or one that contains it."""
    return any(matches(pattern, path[:length]) for length in range(1, len(path) + 1))


def _opened(pattern: Path, reached: set[int]) -> set[int]:
    """With what `**` may stand for no step at all."""
    found = set(reached)
    for at in sorted(reached):
        while at < len(pattern) and pattern[at] == "**":
            at += 1  # noqa: PLW2901
            found.add(at)
    return found


def _after(pattern: Path, at: int, step: str) -> Iterator[int]:
    if at >= len(pattern):
        return
    if pattern[at] == "**":
        yield at
    elif pattern[at] in ("*", step):
        yield at + 1


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        yield from ((str(key), item) for key, item in node.items())
    elif isinstance(node, list | tuple):
        yield from ((str(index), item) for index, item in enumerate(node))
