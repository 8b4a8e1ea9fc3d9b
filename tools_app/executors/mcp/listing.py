"""What a server says about its tools: read page by page, each definition with the hash it is pinned by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mcp.client import Client
from mcp_types import Tool

from tools_app.exceptions import ToolFailed

MAX_TOOLS: Final = 2_000
_MAX_PAGES: Final = 200


class ListingRefused(ToolFailed):
    """The list of tools of the MCP server cannot be used."""

    code = "bad_listing"


@dataclass(frozen=True, slots=True)
class Remote:
    """One tool as the server describes it; everything in here is a stranger's word."""

    name: str
    description: str
    input_schema: Mapping[str, Any]
    annotations: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    tools: Mapping[str, Remote]
    protocol: str = ""
    server: Mapping[str, str] = field(default_factory=dict)
    instructions: str = ""


async def read(client: Client) -> Listing:
    """All pages. Raises ListingRefused for a list without end, with doubles or with more than anybody can review."""
    found: dict[str, Remote] = {}
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(_MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if tool.name in found:
                raise ListingRefused(f"The server lists {tool.name[:80]!r} twice.")
            found[tool.name] = _remote(tool)
        if len(found) > MAX_TOOLS:
            raise ListingRefused(f"The server lists more than {MAX_TOOLS} tools.")
        cursor = page.next_cursor
        if not cursor:
            return _listing(client, found)
        if cursor in seen:
            raise ListingRefused("The server's list of tools goes round in circles.")
        seen.add(cursor)
    raise ListingRefused("The server's list of tools has no end.")


def _listing(client: Client, found: dict[str, Remote]) -> Listing:
    who = client.server_info
    about = {"name": who.name[:200], "version": who.version[:100]} if who else {}
    return Listing(found, client.protocol_version, about, (client.instructions or "")[:4_000])


def _remote(tool: Tool) -> Remote:
    whole = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"meta", "icons"})
    return Remote(
        name=tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        annotations=whole.get("annotations", {}),
        title=tool.title or "",
        pinned=hashlib.sha256(b"mcp-tool/v1\n" + _canonical(whole)).hexdigest(),
    )


def _canonical(whole: Mapping[str, Any]) -> bytes:
    """Sorted, so that the order in which a server happens to write its keys is no change."""
    return json.dumps(whole, sort_keys=True, ensure_ascii=True).encode()
