"""What of a result is more than text: which blocks are kept with a call, and how much of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from audit_app.redaction import plain

# Of the Messages API, and what `agents_app.providers.fitting` knows to leave out where it is not understood.
KINDS: Final = frozenset({"tool_reference", "search_result", "image"})


def stored(blocks: Iterable[Mapping[str, Any]], *, limit: int) -> list[dict[str, Any]]:
    """The leading blocks of a known kind that fit into so many bytes; a part of a block would be no block."""
    kept: list[dict[str, Any]] = []
    for block in blocks:
        if block.get("type") not in KINDS:
            continue
        whole: dict[str, Any] = plain(dict(block))
        limit -= len(json.dumps(whole))
        if limit < 0:
            break
        kept.append(whole)
    return kept
