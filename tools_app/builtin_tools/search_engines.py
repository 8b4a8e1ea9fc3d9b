"""Search engines of web_search: the request each wants, and its answer read as a list of finds.

What an engine answers is read with care: it may be anything, and one of them is a page made for people.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import nh3

from tools_app.builtin_tools import page_text
from tools_app.exceptions import ToolFailed
from tools_app.executors import network, texts

MAX_BYTES: Final = 1_048_576
_LONGEST: Final = {"title": 300, "snippet": 1_000}
_AGENT: Final = "Mozilla/5.0 (compatible; Toolroom/1.0)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; `since` is day, week, month, year or "", `safe` is off, moderate or strict."""

    query: str
    count: int = 8
    since: str = ""
    language: str = ""
    safe: str = "moderate"


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    url: str
    snippet: str = ""
    date: str = ""


class Unavailable(ToolFailed):
    """The search engine does not answer this installation at present."""

    code = "search_unavailable"


class Engine(Protocol):
    label: str
    address: str

    def request(self, address: str, wanted: Wanted, key: str) -> network.Request: ...

    def read(self, answer: network.Response) -> Iterable[Found]: ...


class DuckDuckGo:
    """The page without scripts. It wants no key; whoever asks very often is asked to prove to be a person."""

    label = "DuckDuckGo"
    address = "https://html.duckduckgo.com/html/"
    _SAFE: Final = {"off": "-2", "moderate": "-1", "strict": "1"}

    def request(self, address: str, wanted: Wanted, key: str) -> network.Request:
        asked = {
            "q": wanted.query,
            "kp": self._SAFE[wanted.safe],
            "df": wanted.since[:1],
            "kl": wanted.language,
        }
        return _get(address, asked, {"Accept": "text/html", "User-Agent": _AGENT})

    def read(self, answer: network.Response) -> Iterable[Found]:
        page = texts.decoded(answer)
        found = list(_results_of_page(page))
        if not found and (answer.status == 202 or "anomaly" in page or "challenge-form" in page):
            raise Unavailable(
                "DuckDuckGo takes this installation for a robot at present and answers nothing. Try again later; an "
                "administrator can choose SearXNG or Brave in the tool's configuration.",
                retryable=True,
            )
        return found


class SearXNG:
    """An instance of one's own, with JSON among its formats."""

    label = "SearXNG"
    address = ""
    _SAFE: Final = {"off": "0", "moderate": "1", "strict": "2"}
    _SINCE: Final = {"day": "day", "week": "month", "month": "month", "year": "year"}

    def request(self, address: str, wanted: Wanted, key: str) -> network.Request:
        asked = {
            "q": wanted.query,
            "format": "json",
            "safesearch": self._SAFE[wanted.safe],
            "time_range": self._SINCE.get(wanted.since, ""),
            "language": wanted.language,
        }
        return _get(f"{address.rstrip('/')}/search", asked, {"Accept": "application/json"})

    def read(self, answer: network.Response) -> Iterable[Found]:
        if answer.status == 403:
            raise Unavailable(
                "This SearXNG does not answer in JSON: its operator has to add json to search.formats in its settings."
            )
        return _listed(_json(answer).get("results"), snippet="content", date="publishedDate")


class Brave:
    """The API of Brave Search; its key is a secret of the organization."""

    label = "Brave Search"
    address = "https://api.search.brave.com/res/v1/web/search"
    _SINCE: Final = {"day": "pd", "week": "pw", "month": "pm", "year": "py"}

    def request(self, address: str, wanted: Wanted, key: str) -> network.Request:
        asked = {
            "q": wanted.query,
            "count": str(wanted.count),
            "safesearch": wanted.safe,
            "freshness": self._SINCE.get(wanted.since, ""),
            "search_lang": wanted.language,
        }
        return _get(address, asked, {"Accept": "application/json", "X-Subscription-Token": key})

    def read(self, answer: network.Response) -> Iterable[Found]:
        if answer.status in (401, 403, 422):
            raise Unavailable("Brave Search does not accept the key of this tool. Tell an administrator.")
        web = _json(answer).get("web")
        results = web.get("results") if isinstance(web, Mapping) else None
        return _listed(results, snippet="description", date="page_age")


ENGINES: Final[dict[str, Engine]] = {"duckduckgo": DuckDuckGo(), "searxng": SearXNG(), "brave": Brave()}


def search(engine: Engine, address: str, wanted: Wanted, key: str = "") -> list[Found]:
    """Ask the engine; each address once, in its order. Raises Unavailable, or what the network refuses with."""
    try:
        answer = network.fetch(engine.request(address or engine.address, wanted, key))
    except network.FetchFailed as failed:
        raise Unavailable(
            f"{engine.label} cannot be reached from this installation: {failed.message} An administrator can choose "
            "another search engine in the tool's configuration.",
            retryable=failed.retryable,
        ) from failed
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable(
            f"{engine.label} is busy or broken (status {answer.status}). Try again later.", retryable=True
        )
    found: dict[str, Found] = {}
    for each in map(_tidy, engine.read(answer)):
        if each.title:
            found.setdefault(each.url, each)
    return list(found.values())[: wanted.count]


def _get(address: str, asked: Mapping[str, str], headers: Mapping[str, str]) -> network.Request:
    written = urlencode({name: value for name, value in asked.items() if value}, quote_via=quote)
    url = f"{address}{'&' if '?' in address else '?'}{written}"
    return network.Request(url, headers=headers, limits=network.Limits(body_bytes=MAX_BYTES))


def _json(answer: network.Response) -> Mapping[str, Any]:
    try:
        read = json.loads(answer.body)
    except (ValueError, RecursionError):
        read = None
    if answer.status != 200 or not isinstance(read, Mapping):
        raise Unavailable(f"The search engine answered with something else than results ({answer.status}).")
    return read


def _listed(results: Any, *, snippet: str, date: str) -> Iterator[Found]:
    for each in results if isinstance(results, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("url"), str) and _is_web(each["url"]):
            yield Found(
                str(each.get("title") or ""),
                each["url"],
                str(each.get(snippet) or ""),
                str(each.get(date) or ""),
            )


def _is_web(url: str) -> bool:
    try:
        split = urlsplit(url)
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname) and len(url) <= 2_000


def _tidy(found: Found) -> Found:
    """Plain text on one line: engines put their own markup around the words that were found."""
    return Found(
        _plain(found.title)[: _LONGEST["title"]],
        "".join(found.url.split()),
        _plain(found.snippet)[: _LONGEST["snippet"]],
        _plain(found.date)[:10],
    )


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(nh3.clean(text[:10_000], tags=set()))).strip()


def _results_of_page(page: str) -> Iterator[Found]:
    """The sanitiser reads the page first, as a browser would and in good time; advertisements are left out."""
    if page_text.is_too_deep(page):
        return
    clean = nh3.clean(
        page, tags={"a", "div", "span"}, attributes={"*": {"class"}, "a": {"href"}}, link_rel=None
    )
    walker = _Results()
    walker.feed(clean)
    walker.close()
    for title, link, snippet in walker.results:
        address = _unwrapped(link)
        if address:
            yield Found(title, address, snippet)


def _unwrapped(link: str) -> str:
    """The page's own links lead through a counter, with the real address as a parameter; `y.js` is an advertisement."""
    try:
        split = urlsplit(f"https:{link}" if link.startswith("//") else link)
        if (split.hostname or "").endswith("duckduckgo.com"):
            link = parse_qs(split.query).get("uddg", [""])[0] if split.path.startswith("/l/") else ""
    except ValueError:
        return ""
    return link if _is_web(link) else ""


class _Results(HTMLParser):
    """Collects what stands in elements of the two classes, whatever elements these are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.results: list[tuple[str, str, str]] = []
        self._into = ""
        self._tag, self._depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._into:
            self._depth += tag == self._tag
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if "result__a" in classes:
            self.results.append(("", given.get("href") or "", ""))
            self._into, self._tag, self._depth = "title", tag, 1
        elif "result__snippet" in classes and self.results:
            self._into, self._tag, self._depth = "snippet", tag, 1

    def handle_endtag(self, tag: str) -> None:
        if self._into and tag == self._tag:
            self._depth -= 1
            if self._depth == 0:
                self._into = ""

    def handle_data(self, data: str) -> None:
        if not self._into:
            return
        title, link, snippet = self.results[-1]
        if self._into == "title":
            self.results[-1] = (f"{title}{data}"[:2_000], link, snippet)
        else:
            self.results[-1] = (title, link, f"{snippet}{data}"[:5_000])
