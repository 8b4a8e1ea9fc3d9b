"""How a model is told of the next page: which value to use the tool again with, wherever the service says it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tools_app.exceptions import ToolFailed
from tools_app.executors.http import expression, pointer
from tools_app.executors.http.configuration import HttpTool, Next

_LINK = re.compile(r"<([^<>]{1,4096})>([^<>]*)")
_REL_NEXT = re.compile(r""";\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|,|$)""", re.IGNORECASE)
_LONGEST = 2_000


def following(
    tool: HttpTool, arguments: Mapping[str, Any], headers: Mapping[str, str], answer: Any, shown: Any
) -> str:
    """The value of the parameter that leads on, as JSON; "" on the last page. `answer` is None if it is no JSON."""
    plan = tool.next
    if plan is None:
        return ""
    if plan.step:
        return _stepped(plan, arguments, _found(plan, answer) if plan.reads_body else shown)
    value = _in_header(plan, headers) if plan.header else _found(plan, answer)
    if isinstance(value, str):
        value = _of_address(value, tool.placement(plan.parameter).name)
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not plain or value == "":
        return ""
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= _LONGEST else ""


def _found(plan: Next, answer: Any) -> Any:
    try:
        if plan.jmespath:
            return expression.search(answer, plan.jmespath)
        return pointer.at(answer, plan.pick)
    except (LookupError, ToolFailed):
        return None


def _stepped(plan: Next, arguments: Mapping[str, Any], more: Any) -> str:
    """Pages by number: there is another one as long as something was there, or the answer says so."""
    current = arguments.get(plan.parameter, plan.start)
    if not more or isinstance(current, bool) or not isinstance(current, int):
        return ""
    return str(current + plan.step)


def _in_header(plan: Next, headers: Mapping[str, str]) -> str:
    value = next((said for name, said in headers.items() if name.lower() == plan.header.lower()), "")
    if plan.header.lower() != "link":
        return value
    found = (address for address, more in _LINK.findall(value[:65_536]) if _REL_NEXT.search(more))
    return next(found, "")


def _of_address(value: str, name: str) -> str | int:
    """Services name the next page by its whole address: the value wanted stands in its query."""
    if re.match(r"https?://|[/?]", value) and "?" in value:
        try:
            values = parse_qs(urlsplit(value).query, max_num_fields=200).get(name, [])
        except ValueError:
            values = []
        value = values[0] if values else ""
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else value
    return value
