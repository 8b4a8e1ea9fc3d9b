"""What a model is told of an answer: the part that was picked, within its length, or what went wrong in words."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, quote_plus

from tools_app.exceptions import ToolFailed
from tools_app.executors import network, texts
from tools_app.executors.base import Credential, ToolResult
from tools_app.executors.http import expression, paging, pointer, request
from tools_app.executors.http.configuration import Auth, HttpTool

HIDDEN = "[secret]"
_SHORTEST = 4
_EXCERPT = 500
_BUSY = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Hider:
    """Services echo what they were sent: whatever spelling of the secret comes back is taken out."""

    spellings: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        for spelling in self.spellings:
            text = text.replace(spelling, HIDDEN)
        return text

    def of_cut(self, text: str) -> str:
        """The text of an answer that was cut off, without an end that might be half a secret."""
        longest = max(map(len, self.spellings), default=0)
        return text[: max(len(text) - longest, 0)]


def hider(tool: HttpTool, credentials: Mapping[str, Credential]) -> Hider:
    found = set[str]()
    for auth in tool.auths:
        if credential := credentials.get(auth.secret):
            found |= _spellings(auth, credential.value)
    return Hider(tuple(sorted(found, key=len, reverse=True)))


def _spellings(auth: Auth, value: str) -> set[str]:
    found = {value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value)}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    found.add(base64.b64encode(value.encode()).decode())
    if auth.kind == "basic":
        found.add(request.authorization(auth, value).removeprefix("Basic "))
        # Without a user name the secret holds both, and the password alone is one as well.
        found.add(value.partition(":")[2] if not auth.username else value)
    return {spelling for spelling in found if len(spelling) >= _SHORTEST}


def read(tool: HttpTool, response: network.Response, arguments: Mapping[str, Any], hide: Hider) -> ToolResult:
    if response.status >= 300:
        raise _failure(tool, response, hide)
    kind, _ = texts.content_type(response)
    data = {"status": response.status, "content_type": kind, "truncated": response.truncated}
    if not response.body:
        return ToolResult(f"The service answered {_named(response.status)} without content.", data)
    decoded = texts.decoded(response)
    seen = _seen(tool, response, hide.of_cut(decoded) if response.truncated else decoded)
    text = hide(seen.text)
    following = paging.following(tool, arguments, response.headers, seen.answer, seen.shown)
    rest = len(text) - tool.max_characters
    notes = [f"[{rest} more characters are not shown.]"] if rest > 0 else []
    if response.truncated:
        notes.append("[The answer is longer than what this tool reads; its end is missing.]")
    if following and tool.next:
        notes.append(f"[There is more: use the tool again with {tool.next.parameter} = {hide(following)}.]")
    data["truncated"] = response.truncated or rest > 0
    return ToolResult("\n\n".join([text[: tool.max_characters], *notes]), data)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The text to show; the part of the answer it was written from, and the whole, where they are JSON."""

    text: str
    shown: Any = None
    answer: Any = None


def _seen(tool: HttpTool, response: network.Response, text: str) -> _Seen:
    wanted = bool(tool.pick or tool.jmespath or (tool.next and tool.next.reads_body))
    if response.truncated and wanted:
        raise ToolFailed(
            f"The answer is longer than {tool.max_bytes} bytes, so nothing can be picked from it. Ask for less.",
            code="too_large",
        )
    try:
        value = json.loads(text)
        shown = _picked(value, tool)
        return _Seen(_written(shown), shown, value)
    except RecursionError:
        raise ToolFailed("The answer is nested too deep to be read.", code="bad_answer") from None
    except ValueError:
        if wanted:
            raise ToolFailed("The service did not answer with JSON.", code="bad_answer") from None
        return _Seen(text.strip(), shown=text.strip())


def _picked(value: Any, tool: HttpTool) -> Any:
    if tool.jmespath:
        return expression.search(value, tool.jmespath)
    try:
        return pointer.at(value, tool.pick)
    except LookupError as missing:
        told = f"The answer has nothing at {tool.pick}; the way ends at {str(missing.args[0])[:200]}."
        raise ToolFailed(told, code="nothing_picked") from None


def _written(value: Any) -> str:
    return value if isinstance(value, str) else texts.as_json(value)


def _failure(tool: HttpTool, response: network.Response, hide: Hider) -> ToolFailed:
    """In the administrator's words if there are any; otherwise the status, and how the answer begins."""
    status = response.status
    told = tool.errors.get(str(status)) or tool.errors.get(f"{status // 100}xx")
    if not told:
        told = f"The service answered {_named(status)}."
        if excerpt := _excerpt(response, hide):
            told += f" It says: {excerpt}"
    return ToolFailed(told + _wait(response), code="http_status", retryable=status in _BUSY)


def _excerpt(response: network.Response, hide: Hider) -> str:
    try:
        decoded = texts.decoded(response)
    except ToolFailed:
        return ""
    text = " ".join(hide(hide.of_cut(decoded) if response.truncated else decoded).split())
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def _wait(response: network.Response) -> str:
    seconds = response.headers.get("retry-after", "")
    sound = response.status in (429, 503) and seconds.isascii() and seconds.isdecimal() and len(seconds) < 7
    return f" Try again in {seconds} seconds." if sound else ""


def _named(status: int) -> str:
    known = status in HTTPStatus._value2member_map_
    return f"with status {status} ({HTTPStatus(status).phrase})" if known else f"with status {status}"
