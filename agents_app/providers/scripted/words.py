"""Words and their stems, for comparing a request with what a tool says of itself."""

import re
from functools import lru_cache

_COMMON = """
    a about above after again all also am an and any anything are as ask at be been being below between
    both but by can could did do does done during each either else for from further get give given go got had
    has have having he her here him his how i if in into is it its just kindly know let like ll made make many
    may me might more most much must my need no nor not now of off ok okay on once one only or other our out
    over own perhaps please re s same shall she should so some something such t take tell than thank thanks
    that the their them then there these they this those through to too under until up us use used using ve
    very via want was way we well were what when where which while who whom whose why will with would you your
    yours yourself
"""
STOP = frozenset(re.findall(r"\w+", _COMMON))
# Different words for one thing, common enough in descriptions of tools; each maps to one stem.
ALIKE = {
    "show": "read",
    "open": "read",
    "view": "read",
    "display": "read",
    "print": "read",
    "content": "read",
    "fetch": "fetch",
    "download": "fetch",
    "load": "fetch",
    "retriev": "fetch",
    "page": "url",
    "website": "url",
    "webpage": "url",
    "site": "url",
    "link": "url",
    "web": "url",
    "comput": "calculat",
    "evaluat": "calculat",
    "math": "calculat",
    "arithmetic": "calculat",
    "sum": "calculat",
    "find": "search",
    "look": "search",
    "lookup": "search",
    "query": "search",
    "clock": "time",
    "oclock": "time",
    "today": "date",
    "day": "date",
    "chang": "edit",
    "replac": "edit",
    "modify": "edit",
    "folder": "directory",
    "delet": "remov",
    "execut": "run",
    "shell": "run",
    "command": "run",
    "post": "send",
    "mail": "email",
}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_ENDINGS = (
    "ations",
    "ation",
    "ators",
    "ator",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "er",
    "ed",
    "es",
    "s",
    "e",
)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending) + ("y" if ending in ("ies", "ied") else "")
            break
    return ALIKE.get(word, word)


def stems(text: str) -> list[str]:
    """The words that carry meaning, in order; names are taken apart (`read_file`, `readFile`)."""
    words = _WORD.findall(text.replace("'", ""))
    return [stem(word) for word in words if word.lower() not in STOP and not word.isdigit()]
