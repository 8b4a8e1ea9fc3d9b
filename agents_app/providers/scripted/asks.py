"""A request cut into what it asks for: stages one after another ("then"), each of things asked side by side
("and").

Quoted text, code, addresses and paths are never cut.
"""

import re
from dataclasses import dataclass

# What must stay whole while the sentence around it is taken apart.
WHOLE = re.compile(
    r"```.*?```|`[^`\n]+`|\"[^\"\n]*\"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|(?<!\w)'[^'\n]+'(?!\w)"
    r"|\bhttps?://[^\s<>\"']+|\{[^{}]*\}|\[[^\[\]\n]*\]|\([^()\n]*\)|\S*\w[./]\w\S*",
    re.DOTALL,
)
THEN = re.compile(
    r"[,;.!?]?\s*\b(?:and\s+)?(?:then|after\s+that|afterwards)\b[,:]?\s+|[,;.!?]\s*(?:next|finally),\s+",
    re.IGNORECASE,
)
SIDE_BY_SIDE = re.compile(
    r"(?:[.!?;]+\s+|\n\s*[-*•]\s+|\n+)|,?\s+\b(?:and\s+also|as\s+well\s+as|and|also)\b\s+|,\s+",
    re.IGNORECASE,
)
_MARK = re.compile("\x00(\\d+)\x00")


@dataclass(frozen=True, slots=True)
class Ask:
    text: str


def stages(request: str) -> list[list[Ask]]:
    """In order of being done; an ask may be a mere fragment ("and Berlin") that belongs to the one before
    it."""
    kept: list[str] = []

    def hide(found: re.Match[str]) -> str:
        text = found.group()
        tail = text[len(text.rstrip(".,;:!?")) :] if text[0] not in "\"'`“„«{[(" else ""
        kept.append(text.removesuffix(tail) if tail else text)
        return f"\x00{len(kept) - 1}\x00{tail}"

    hidden = WHOLE.sub(hide, request.replace("\x00", ""))

    def shown(text: str) -> str:
        return _MARK.sub(lambda mark: kept[int(mark.group(1))], text).strip()

    parts = [[Ask(shown(ask)) for ask in SIDE_BY_SIDE.split(stage)] for stage in THEN.split(hidden)]
    return [asks for stage in parts if (asks := [ask for ask in stage if re.search(r"\w", ask.text)])]
