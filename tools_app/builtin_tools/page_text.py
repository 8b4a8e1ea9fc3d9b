"""Pure: the readable text of an HTML page, as plain text with headings, lists and links.

What the page is about comes first, where it says what that is; menus, side columns and footers follow behind it.

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
_MARKS = {"li": "- ", "br": "\n", "td": " | ", "th": " | ", "pre": "```\n", **_HEADINGS}
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
# Where a page says what it is about, and what stands around it.
_MAIN = _names("article main")
_AROUND = _names("aside footer nav")
_ROLES = {
    "main": "main",
    "article": "main",
    **dict.fromkeys(("banner", "complementary", "contentinfo", "navigation", "search"), "around"),
}
# Less than this is no content: then the page is read in its own order.
_ENOUGH = 200
_ELSEWHERE = "\n\n---\nElsewhere on the page:\n\n"
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
        attributes={"a": {"href"}, "*": {"role"}},
        url_schemes={"http", "https"},
        link_rel=None,
    )
    walker = _Walker(base)
    walker.feed(clean)
    walker.close()
    return title, _ordered(walker)


def _ordered(walker: _Walker) -> str:
    """What the page is about before what stands around it; nothing is left out."""
    parts = {region: _tidied("".join(walker.parts[region])) for region in walker.parts}
    for first in ("main", "body"):
        if len(parts[first]) >= _ENOUGH:
            rest = "\n\n".join(parts[each] for each in ("body", "around") if each != first and parts[each])
            return parts[first] + (_ELSEWHERE + rest if rest else "")
    return _tidied("".join(walker.pieces))


class _Walker(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.parts: dict[str, list[str]] = {"main": [], "body": [], "around": []}
        self._regions: list[tuple[str, str]] = []
        self._base = base
        self._links: list[str] = []
        self._literal = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._enter(tag, dict(attrs).get("role") or "")
        self._break(tag)
        if tag == "a":
            self._links.append(self._address(dict(attrs).get("href")))
            self._write("[" if self._links[-1] else "")
        self._literal += tag == "pre"
        self._write(_MARKS.get(tag, "") if tag != "pre" or self._literal == 1 else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            address = self._links.pop()
            self._write(f"]({address})" if address else "")
        if tag == "pre":
            self._literal -= 1
            self._write("\n```" if self._literal == 0 else "")
        self._break(tag)
        if self._regions and self._regions[-1][0] == tag:
            self._regions.pop()

    def _enter(self, tag: str, role: str) -> None:
        """A region holds until its element ends; elements of the same name inside it are counted with it."""
        own = _ROLES.get(role) or ("main" if tag in _MAIN else "around" if tag in _AROUND else "")
        if own or (self._regions and self._regions[-1][0] == tag):
            self._regions.append((tag, own or self._regions[-1][1]))

    def handle_data(self, data: str) -> None:
        self._write(data if self._literal > 0 else _SPACES.sub(" ", data.replace("\n", " ")))

    def _write(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.parts[self._regions[-1][1] if self._regions else "body"].append(text)

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
    # Items that held nothing but a picture or a button.
    joined = re.sub(r"(?m)^-$", "", joined)
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
