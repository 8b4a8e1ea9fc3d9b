"""Texts and values of a stranger's document, made fit to be stored, hashed and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

LARGEST = 2**53 - 1
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def text(value: Any, longest: int) -> str:
    """A text without what no database keeps, cut at the end of a word."""
    if not isinstance(value, str):
        return ""
    # What is cut away anyway is not even looked at: a part may be referred to by thousands of operations.
    found = _UNFIT.sub("", value[: 4 * longest]).strip()
    if len(found) <= longest:
        return found
    cut = found[: longest - 1]
    return f"{cut[: max(cut.rfind(' '), longest // 2)].rstrip()}…"


def weight(value: Any, most: int = 5_000) -> int:
    """How many values are in one, itself included; 0 if some do not mean the same to every reader, or it is too much.

    That is: a number beyond what JSON keeps, or a broken text.
    """
    waiting, count = [value], 0
    while waiting:
        each = waiting.pop()
        count += 1
        if isinstance(each, Mapping):
            waiting += [*each, *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            count += len(each) // 1_000
            if _UNFIT.search(each):
                return 0
        elif not is_number(each) and not isinstance(each, bool) and each is not None:
            return 0
        if count + len(waiting) > most:
            return 0
    return count


def is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LARGEST if isinstance(value, int) else math.isfinite(value)


def texts(value: Any) -> list[str]:
    """The texts of a list; of anything else none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
