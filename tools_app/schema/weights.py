"""Pure: how many tokens a definition costs each time a model is shown it. An estimate, and meant to be a little high.

The vendors' own count needs a request to them, which a page or a turn cannot wait for. Tokens of today's models are
pieces of words, so pieces are counted here: a letter run costs one for every seven letters begun, a number one for
every three digits, signs one for every two, and what is not ASCII one or more for each character, since it is cut into
bytes where a vocabulary does not know it. Newer vocabularies cut finer than older ones, so the sum is raised by a
tenth: English prose comes out at 3.7 to 4.2 characters each, the JSON of a schema at 2.9 to 3.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tools_app.definition import ToolDefinition

# What surrounds each definition in the prompt, beside its own text.
EACH: Final = 12
LETTERS, DIGITS, SIGNS = 7, 3, 2
RAISED: Final = 1.1

_RUN: Final = re.compile(
    r"([A-Za-z]+)|([0-9]+)|([!-/:-@\[-`{-~]+)|([\u0080-\u2fff]+)|([^\x00-\u2fff]+)|(\n+)"
)


def of(definition: ToolDefinition) -> int:
    """The tokens of a tool as a model is shown it: name, description and parameters."""
    return of_shown(definition.for_model())


def of_shown(shown: Mapping[str, Any]) -> int:
    """The same for a definition that already has the form a provider takes."""
    written = json.dumps(shown.get("input_schema") or {}, ensure_ascii=False, separators=(",", ":"))
    return (
        EACH + sum(of_text(str(shown.get(name) or "")) for name in ("name", "description")) + of_text(written)
    )


def total(definitions: Iterable[ToolDefinition]) -> int:
    return sum(of(definition) for definition in definitions)


def of_text(text: str) -> int:
    """Linear in the length of the text, whatever is in it."""
    pieces = 0.0
    for match in _RUN.finditer(text):
        pieces += _pieces(match.lastindex or 0, match.end() - match.start())
    return -int(-pieces * RAISED // 1)


def share(tokens: int, of_context: int) -> float:
    """Which part of a persona's context these tokens take, from 0 to 1."""
    return min(tokens / of_context, 1.0) if of_context > 0 else 1.0


def _pieces(kind: int, length: int) -> float:
    match kind:
        case 1:
            return _begun(length, LETTERS)
        case 2:
            return _begun(length, DIGITS)
        case 3:
            return _begun(length, SIGNS)
        case 4:
            # Accents, Cyrillic, Greek, Arabic and their like: two letters are seldom one piece.
            return length * 0.7
        case 5:
            return length * 1.2
        case _:
            return 1


def _begun(length: int, each: int) -> int:
    return -(-length // each)
