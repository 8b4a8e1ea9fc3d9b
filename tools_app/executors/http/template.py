"""The address of an HTTP tool: a template whose path alone may have holes, or one parameter that is the address.

A value fills a hole and nothing else: whatever it holds, the host and the number of the path's steps stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tools_app.exceptions import ToolFailed

_HOLE = re.compile(r"\{([A-Za-z0-9_.-]{1,64})\}")
_PARTS = re.compile(r"(?P<origin>[A-Za-z]+://[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?\Z")
# A server that decodes twice would see a slash or a step upwards in these.
_ENCODED = re.compile(r"%(?:2e|2f|5c|25|00)", re.IGNORECASE)


class UnsoundValue(ToolFailed):
    """This value cannot be part of the address the tool calls. Give another one."""

    code = "invalid_arguments"
    status = 400


def whole(url: str) -> str:
    """The parameter that is the whole address, or ""."""
    found = _HOLE.fullmatch(url)
    return found[1] if found else ""


def holes(url: str) -> list[str]:
    """The parameters that stand in the path, in their order."""
    parts = _PARTS.match(url)
    return _HOLE.findall(parts["path"]) if parts else []


def problems(url: str) -> list[str]:
    """What is wrong with a template that is not one whole parameter."""
    parts = _PARTS.match(url)
    if parts is None:
        return ["/url: give a full address that begins with https://, or one parameter such as {address}."]
    found = []
    if "{" in parts["origin"] or "}" in parts["origin"]:
        found.append("/url: a parameter must not choose the host; only a whole {address} of x-kind url may.")
    if "{" in (parts["query"] or "") or "}" in (parts["query"] or ""):
        found.append('/url: {parameters} stand in the path; put others into the query with "in": "query".')
    if parts["fragment"]:
        found.append("/url: the part after # is never sent; leave it out.")
    if re.search(r"[{}]", _HOLE.sub("", parts["path"])):
        found.append("/url: a { or } in the path belongs to no parameter.")
    repeated = {name for name in holes(url) if holes(url).count(name) > 1}
    return [*found, *(f"/url: {{{name}}} stands there more than once." for name in sorted(repeated))]


def example(url: str) -> str:
    """The template with something harmless in its holes, to judge the rest of it."""
    return _HOLE.sub("x", url)


def query(url: str) -> str:
    parts = _PARTS.match(url)
    return (parts["query"] or "").removeprefix("?") if parts else ""


def filled(url: str, fill: Callable[[str], str]) -> str:
    """The address with the holes of its path filled by what `fill` says for a name. Raises UnsoundValue."""
    parts = _PARTS.match(url)
    if parts is None:
        raise UnsoundValue
    steps = [_step(step, fill) for step in parts["path"].split("/")]
    return f"{parts['origin']}{'/'.join(steps)}{parts['query'] or ''}"


def _step(step: str, fill: Callable[[str], str]) -> str:
    if not _HOLE.search(step):
        return step
    written = _HOLE.sub(lambda hole: fill(hole[1]), step)
    # Two harmless values side by side may be a step upwards together.
    if written in (".", ".."):
        raise UnsoundValue
    return written


def encoded(name: str, value: Any) -> str:
    """A single value as a part of one step of a path. Raises UnsoundValue for what could be more than that."""
    text = plain(name, value)
    if text in ("", ".", "..") or re.search(r"[/\\\x00-\x1f\x7f]", text) or _ENCODED.search(text):
        told = f"The value of {name} cannot be a step of a path: it must not be empty, . or .., hold / or \\."
        raise UnsoundValue(told)
    return quote(text, safe="")


def plain(name: str, value: Any) -> str:
    """A single value as text, the way JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise UnsoundValue(f"The parameter {name} must be a text or a number here.")
