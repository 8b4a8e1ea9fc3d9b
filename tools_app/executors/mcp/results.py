"""What a model is told of a server's result: texts, structure, and a line for everything that is neither.

Pictures and files are kept beside the text, within limits; a link is named and never followed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Final

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from tools_app.exceptions import ToolFailed
from tools_app.executors import texts
from tools_app.executors.base import ToolResult

# More is never stored of a result anyway; without a bound a thousand blocks would be joined for nothing.
_MAX_CHARACTERS: Final = 1_000_000
_MAX_PICTURES: Final = 5
_UNREADABLE: Final = "not readable"
_PICTURES: Final = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}


def read(result: CallToolResult) -> ToolResult:
    """Raises ToolFailed with the server's own words where it says that the tool failed."""
    pieces = [piece for block in result.content for piece in _told(block) if piece]
    structure = result.structured_content
    if structure is not None and not any(isinstance(block, TextContent) for block in result.content):
        # Older servers repeat the structure as text; where one does not, the model would see nothing of it.
        pieces.append(texts.as_json(structure))
    text = "\n\n".join(pieces)
    if len(text) > _MAX_CHARACTERS:
        text = f"{text[:_MAX_CHARACTERS]}\n[{len(text) - _MAX_CHARACTERS} more characters are not shown.]"
    if result.is_error:
        raise ToolFailed(text[:4_000] or "The tool failed without saying why.", code="tool_error")
    return ToolResult(text, structure, tuple(_pictures(result)))


def _pictures(result: CallToolResult) -> Iterator[dict[str, Any]]:
    """Pictures as models take them, wherever in the result they stand, the first few that are what they say."""
    found = (picture for block in result.content for picture in _data(block))
    whole = [(data, kind) for data, kind in found if _is_picture(data, kind)]
    for data, kind in whole[:_MAX_PICTURES]:
        yield {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _data(block: Any) -> Iterator[tuple[str, str]]:
    match block:
        case ImageContent(data=data, mime_type=kind):
            yield data, kind
        case EmbeddedResource(resource=BlobResourceContents(blob=data, mime_type=str(kind))):
            yield data, kind


def _is_picture(data: str, kind: str) -> bool:
    """A kind that models and browsers show, and bytes that begin like one: a wrong one would spoil every request."""
    try:
        head = base64.b64decode(data[:64], validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(head.startswith(start) for start in _PICTURES.get(kind, ())) and _size(data) != _UNREADABLE


def _told(block: Any) -> Iterator[str]:
    match block:
        case TextContent(text=text):
            yield text
        case ImageContent(data=data, mime_type=kind):
            yield f"[A picture, {_kind(kind)}, {_size(data)}]"
        case AudioContent(data=data, mime_type=kind):
            yield f"[A recording, {_kind(kind)}, {_size(data)}]"
        case ResourceLink(uri=uri, name=name, description=description):
            yield f"[A resource: {name[:200]}, {str(uri)[:500]}]" + (
                f" {description[:500]}" if description else ""
            )
        case EmbeddedResource(resource=TextResourceContents(uri=uri, text=text)):
            yield f"[The resource {str(uri)[:500]}:]\n{text}"
        case EmbeddedResource(resource=BlobResourceContents(uri=uri, blob=data, mime_type=kind)):
            yield f"[The resource {str(uri)[:500]}, {_kind(kind)}, {_size(data)}]"
        case _:
            yield "[Something of a kind that cannot be shown]"


def _kind(given: str | None) -> str:
    return (given or "of an unknown type")[:100]


def _size(data: str) -> str:
    try:
        return f"{len(base64.b64decode(data, validate=True))} bytes"
    except (binascii.Error, ValueError):
        return _UNREADABLE
