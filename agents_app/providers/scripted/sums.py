"""Arithmetic in a text, written with signs or with words, as an expression a calculator takes."""

import re
from collections.abc import Iterator

NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
FUNCTION = r"(?:sqrt|abs|round|log10|log2|log|ln|exp|sin|cos|tan|floor|ceil|min|max|factorial)"
SIGN = (
    r"(?:\*\*|//|[-+*/×÷·^%]|plus|minus|times|multiplied\s+by|divided\s+by|over|modulo|mod"
    r"|to\s+the\s+power\s+of|x)"
)
_SIMPLE = (
    rf"(?:{FUNCTION}\s*\([^()\n]*\)|square\s+root\s+of\s+(?:{NUMBER})"
    rf"|(?:{NUMBER})\s*(?:%|percent)\s+of\s+(?:{NUMBER})|(?:{NUMBER}))"
)
_TERM = rf"(?:[-(]\s*)*{_SIMPLE}(?:\s*\))*(?:\s+(?:squared|cubed))?"
EXPRESSION = re.compile(
    rf"(?<![\w.])(?:{_TERM}(?:\s*{SIGN}\s*{_TERM})+|square\s+root\s+of\s+(?:{NUMBER})"
    rf"|(?:{NUMBER})\s*(?:%|percent)\s+of\s+(?:{NUMBER})|(?:{NUMBER})\s+(?:squared|cubed)"
    rf"|{FUNCTION}\s*\([^()\n]*\))(?![\w])",
    re.IGNORECASE,
)
_WORDS = (
    (rf"square\s+root\s+of\s+({NUMBER})", r"sqrt(\1)"),
    (rf"({NUMBER})\s*(?:%|percent)\s+of\s+({NUMBER})", r"\1 / 100 * \2"),
    (r"\s+squared", " ** 2"),
    (r"\s+cubed", " ** 3"),
    (r"\bplus\b", "+"),
    (r"\bminus\b", "-"),
    (r"\b(?:times|multiplied\s+by|x)\b|[×·]", "*"),
    (r"\b(?:divided\s+by|over)\b|÷", "/"),
    (r"\b(?:modulo|mod)\b", "%"),
    (r"\bto\s+the\s+power\s+of\b|\^", "**"),
    (r"(?<=\d),(?=\d{3}\b)", ""),
)


def found_in(text: str) -> Iterator[tuple[str, int, int]]:
    for match in EXPRESSION.finditer(text):
        yield _written(match.group()), match.start(), match.end()


def _written(term: str) -> str:
    for pattern, sign in _WORDS:
        term = re.sub(pattern, sign, term, flags=re.IGNORECASE)
    return _balanced(" ".join(term.split()))


def _balanced(term: str) -> str:
    """A bracket of the sentence around it may have been caught at either end."""
    while term.count("(") > term.count(")") and term.startswith("("):
        term = term[1:].lstrip()
    while term.count(")") > term.count("(") and term.endswith(")"):
        term = term[:-1].rstrip()
    return term
