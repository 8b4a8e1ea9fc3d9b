"""Pure: the readable text of an HTML page, as plain text with headings, lists and links.

The sanitiser reads the page first, because it reads like a browser and in good time; the walker after it only
ever sees well-formed markup of a few dozen elements.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import nh3

MAX_DEPTH = 1_000


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_MARKS = {"li": "- ", "br": "\n", "td": " | ", "th": " | ", **_HEADINGS}
_SPACED = frozenset(_HEADINGS) | _names("ol p pre table ul")
_BLOCKS = _SPACED | _names(
    "address article aside blockquote caption dd details div dl dt fieldset figcaption figure footer form "
    "header hr li main nav section summary tbody tfoot thead tr"
)
_KEPT = _BLOCKS | _names("a br code td th")
_DROPPED = _names("button canvas iframe math noscript object script select style svg template title")
# Elements that end by themselves, or never have a content: they do not make a page deeper.
_SHALLOW = _names(
    "area base br col colgroup dd dt hr img input li link meta option p param source tbody td tfoot th thead "
    "tr track wbr"
)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,2000})", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")


def of(page: str, *, base: str) -> tuple[str, str]:
    """Title and text of a page; links come as [text](address), made absolute against `base`."""
    found = _TITLE.search(page[:200_000])
    title = _SPACES.sub(" ", html.unescape(found[1]).replace("\n", " ")).strip() if found else ""
    if is_too_deep(page):
        # Reading a page nested many thousand levels deep takes minutes: its tags are cut out instead.
        return title, _tidied(html.unescape(re.sub(r"<[^<>]*>", "\n", page)))
    clean = nh3.clean(
        page,
        tags=set(_KEPT),
        clean_content_tags=set(_DROPPED),
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel=None,
    )
    walker = _Walker(base)
    walker.feed(clean)
    walker.close()
    return title, _tidied("".join(walker.pieces))


class _Walker(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._base = base
        self._links: list[str] = []
        self._literal = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)
        if tag == "a":
            self._links.append(self._address(dict(attrs).get("href")))
            self._write("[" if self._links[-1] else "")
        self._literal += tag == "pre"
        self._write(_MARKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            address = self._links.pop()
            self._write(f"]({address})" if address else "")
        self._literal -= tag == "pre"
        self._break(tag)

    def handle_data(self, data: str) -> None:
        self._write(data if self._literal > 0 else _SPACES.sub(" ", data.replace("\n", " ")))

    def _write(self, text: str) -> None:
        if text:
            self.pieces.append(text)

    def _break(self, tag: str) -> None:
        """Start a new line, or a new paragraph, unless that has just been done."""
        if tag in _BLOCKS:
            last = "".join(self.pieces[-2:])
            wanted = 2 if tag in _SPACED else 1
            self._write("\n" * (wanted - (len(last) - len(last.rstrip("\n")))))

    def _address(self, href: str | None) -> str:
        if not href or href.startswith("#"):
            return ""
        try:
            address = urljoin(self._base, href)
        except ValueError:
            return ""
        return address if address.startswith(("http://", "https://")) and len(address) <= 500 else ""


def _tidied(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n")]
    joined = "\n".join(line if line.strip() else "" for line in lines)
    joined = re.sub(r"\n{3,}", "\n\n", joined)
    return re.sub(r"\[\s*\]\([^()\s]*\)", "", joined).strip()


def is_too_deep(page: str) -> bool:
    """Bound the nesting from the tags alone; a closing tag counts only for an open one of its name."""
    opened: dict[str, int] = {}
    depth = 0
    for closing, name in _TAG.findall(page):
        tag = name.lower()
        if tag in _SHALLOW:
            continue
        if not closing:
            opened[tag] = opened.get(tag, 0) + 1
            depth += 1
        elif opened.get(tag, 0):
            opened[tag] -= 1
            depth -= 1
        if depth > MAX_DEPTH:
            return True
    return False
