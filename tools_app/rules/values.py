"""Values as rules compare them: strictly, as the same JSON value, or loosely, in one spelling for many."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# Drawn as nothing, though their category says letter or mark (Unicode: default-ignorable).
_SHORT: Final = 256
_IGNORABLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def is_same(value: Any, other: Any) -> bool:
    """The same JSON value: 1 is 1.0, but true is not 1 and "1" is not 1."""
    return _written(value) == _written(other)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def leaves(value: Any) -> Iterator[Any]:
    """Every scalar in a value, and every key: a deny rule looks at all of them."""
    return (leaf for leaf, _ in placed(value))


def placed(value: Any, *, in_object: bool = False) -> Iterator[tuple[Any, bool]]:
    """The same, each with whether it is a part of an object, where any text may stand beside the one that is meant."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key, True
            yield from placed(item, in_object=True)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from placed(item, in_object=in_object)
    else:
        yield value, in_object


def loosened(value: Any) -> str:
    """One spelling for many; short values, which rules are made of, are remembered."""
    short = not isinstance(value, str) or len(value) <= _SHORT
    return _remembered(value) if short else _just_now(value)


def _loosened(value: Any) -> str:
    """One spelling for many: NFKC, casefolded, without invisible characters; numbers as their shortest text."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _number_text(_visible(str(value)).strip().casefold())


def _visible(text: str) -> str:
    """Without what is not seen. Letters of ASCII are what they are: looking each one up makes long texts slow."""
    if text.isascii():
        return _CONTROLS.sub("", text)
    shown = _IGNORABLE.sub("", unicodedata.normalize("NFKC", text))
    return "".join(char for char in shown if unicodedata.category(char) not in ("Cf", "Cc") or char in "\t\n")


# Typed, since 1, 1.0 and true are equal to Python.
_remembered = lru_cache(maxsize=4096, typed=True)(_loosened)
# A long text is looked at by one matcher after the other.
_just_now = lru_cache(maxsize=16)(_loosened)


def as_number(value: Any) -> float | None:
    """The number a value is, however it is spelled; None where it is none."""
    if is_number(value):
        return float(value)
    try:
        number = float(loosened(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _number_text(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def _written(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
