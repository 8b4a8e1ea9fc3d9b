"""Asking an outside web service from a function of one's own, the way HTTP tools do: guarded, bounded, in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from tools_app.exceptions import ToolFailed
from tools_app.executors import network, texts

_BODIES: Final = ("POST", "PUT", "PATCH")


def fetch_json(
    method: str,
    url: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Send one request and return its answer, read as JSON (S2.61-65, S2.87).

    Values of `query` become text and are encoded. Public addresses only, unless the operator lists others; 20
    seconds and 2 MB at most; redirects are judged anew and get neither headers nor body. Raises ToolFailed with a
    sentence for the model: refused, not reached, not JSON, or a status that says it did not work.

    It waits: an asynchronous function calls it through `asyncio.to_thread`.
    """
    said = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
    sent = json.dumps(body, allow_nan=False).encode() if method in _BODIES else b""
    answer = network.fetch(network.Request(_with(url, query or {}), method, said, sent))
    text = texts.decoded(answer) if answer.body else ""
    if not 200 <= answer.status < 300:
        raise ToolFailed(
            f"The service answered with status {answer.status}: {text.strip()[:500] or 'nothing more'}",
            code="service_error",
            retryable=answer.status in (429, 502, 503, 504),
        )
    if answer.truncated:
        raise ToolFailed("The service answered with more than can be read.", code="too_large")
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        raise ToolFailed("The service did not answer with JSON.", code="bad_answer") from None


def _with(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    written = urlencode({name: _text(value) for name, value in query.items()}, quote_via=quote)
    return f"{url}{'&' if '?' in url else '?'}{written}"


def _text(value: Any) -> str:
    """As JSON writes it, save for text itself: true, not True."""
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
