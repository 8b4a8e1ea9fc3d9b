"""What an answer of the net says as text: its kind, its encoding, and whether it is text at all."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from tools_app.exceptions import ToolFailed
from tools_app.executors.network import Response

PAGES = ("text/html", "application/xhtml+xml")
_TEXTUAL = re.compile(
    r"text/|application/(?:[a-z0-9.+-]*\+)?(?:json|xml)|application/(?:javascript|x-ndjson|yaml)"
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE)
# Only encodings of text whose cost is plain: the language's own list also holds compressions and puzzles.
_ENCODINGS = re.compile(
    r"ascii|utf-8|utf-16(?:-[bl]e)?|utf-32(?:-[bl]e)?|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+|gb2312|gbk|gb18030|"
    r"big5|big5hkscs|euc_jp|euc_kr|shift_jis|iso2022_jp|johab|tis-620"
)
_INDENTING = json.JSONEncoder(indent=2, ensure_ascii=False)
# A list in a thousand lists stands a thousand steps to the right; nobody is shown as much as this.
_MOST_INDENTED = 2_000_000


def content_type(response: Response) -> tuple[str, str]:
    """Kind and charset as the server names them, in lower case; "" for what it does not say."""
    kind, *parameters = (part.strip() for part in response.headers.get("content-type", "").lower().split(";"))
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    return (kind if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind) else ""), named.get("charset", "").strip("\"' ")


def decoded(response: Response) -> str:
    """The body as text; a kind that is not text is named, never shown."""
    kind, charset = content_type(response)
    octets = response.body
    is_binary = b"\x00" in octets[:1_024] and not charset.startswith("utf")
    if is_binary or (kind and not _TEXTUAL.match(kind)):
        size = f"more than {len(octets)}" if response.truncated else str(len(octets))
        raise ToolFailed(
            f"The address answered with {kind or 'binary data'} ({size} bytes), and only text can be read.",
            code="not_text",
        )
    return _text(octets, charset, is_page=kind in PAGES)


def as_json(value: Any) -> str:
    """A value as a person reads it, unless that makes much out of little: what is nested deep stands on one line."""
    made, length = [], 0
    for piece in _INDENTING.iterencode(value):
        made.append(piece)
        length += len(piece)
        if length > _MOST_INDENTED:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(made)


def _text(octets: bytes, charset: str, *, is_page: bool) -> str:
    marked = _CHARSET.search(octets[:2_048]) if is_page else None
    for candidate in (charset, marked[1].decode() if marked else "", "utf-8"):
        name = _known(candidate)
        if name and (name != "utf-8" or candidate):
            try:
                return octets.decode(
                    "utf-8-sig" if name == "utf-8" else name, errors=_errors(candidate, charset)
                )
            except UnicodeError:
                continue
    return octets.decode("cp1252", errors="replace")


def _errors(candidate: str, charset: str) -> str:
    """What the server says about its text is believed; what is only supposed must fit without a doubt."""
    return "replace" if candidate == charset else "strict"


def _known(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name if charset else ""
    except LookupError:
        return ""
    return name if _ENCODINGS.fullmatch(name) else ""
