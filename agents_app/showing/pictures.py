"""Pictures in the results of tools: where each is shown, and its bytes. Kinds that browsers draw, and no others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app.models import ToolCall

# None of these can hold a script, as SVG can.
KINDS: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, slots=True)
class Picture:
    kind: str
    content: bytes


def listed(call: ToolCall) -> list[dict[str, Any]]:
    """Where the pictures of a call are, in their order, numbered from 1."""
    where = f"/api/conversations/{call.session_id}/calls/{call.pk}/pictures"
    return [{"url": f"{where}/{number}"} for number in range(1, len(_sources(call)) + 1)]


def of(call: ToolCall, number: int) -> Picture | None:
    found = _sources(call)
    if not 1 <= number <= len(found):
        return None
    source = found[number - 1]
    try:
        return Picture(
            str(source["media_type"]), base64.b64decode(str(source.get("data", "")), validate=True)
        )
    except (binascii.Error, ValueError):
        return None


def _sources(call: ToolCall) -> list[Mapping[str, Any]]:
    sources = [block.get("source") for block in call.blocks or () if block.get("type") == "image"]
    return [each for each in sources if isinstance(each, Mapping) and each.get("media_type") in KINDS]
