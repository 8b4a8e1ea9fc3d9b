"""web_fetch turns one page into readable text, and names what it cannot show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tests.tools.executors.fake_site import FakeSite, fake_site
from tools_app.builtin_tools import page_text
from tools_app.exceptions import ToolFailed
from tools_app.executors.network import EgressRefused


@pytest.fixture
def site(settings: Settings) -> Iterator[FakeSite]:
    with fake_site() as found:
        settings.EGRESS_EXCEPTIONS = [found.endpoint]
        yield found


PAGE = """<!doctype html><html><head><title>Paint &amp; Tools</title><style>p{color:red}</style>
<script>alert("no")</script></head><body><nav><a href="/home">Home</a></nav>
<h1>All   about
paint</h1><p>First <b>bold</b> and <a href="more?x=1&amp;y=2">a link</a>.<br>Next line.</p>
<ul><li>one<li>two</ul><table><tr><td>a<td>b</tr></table>
<pre>keep   this
  shape</pre><img src="https://evil.example/pixel.png"><a href="javascript:alert(1)">no</a>
<noscript>not shown</noscript><!-- hidden --><p>5 &lt; 6 &amp; 7</p></body></html>"""


def test_a_page_becomes_readable_text(use: Use, site: FakeSite) -> None:
    url = site.says("/shop/", PAGE.encode(), "Content-Type: text/html; charset=utf-8")
    found = use("web_fetch", url=url)
    assert found.text == (
        f"Address: {url}\nStatus: 200 OK\nType: text/html\nTitle: Paint & Tools\n\n"
        f"[Home]({site.url('/home')})\n\n# All about paint\n\n"
        f"First bold and [a link]({site.url('/shop/more?x=1&y=2')}).\nNext line.\n\n"
        "- one\n- two\n\n | a | b\n\n```\nkeep   this\n  shape\n```\n\nno\n\n5 < 6 & 7"
    )
    assert found.data["title"] == "Paint & Tools"
    assert (found.data["status"], found.data["truncated"]) == (200, False)


def test_what_a_page_is_about_comes_first() -> None:
    """Menus, side columns and footers are kept, behind it: they may hold the link that is wanted next."""
    story = "".join(f"<p>Sentence {number} of the story, long enough to count.</p>" for number in range(9))
    around = '<nav><a href="/menu">Menu</a></nav><div role="navigation">Crumbs</div>'
    aside = "<aside>Read also</aside>"
    page = f"<header>Paper</header>{around}<main><h1>Story</h1>{story}{aside}</main><footer>Imprint</footer>"
    text = page_text.of(page, base="https://example.org/")[1]
    head, _, tail = text.partition("\n\n---\nElsewhere on the page:\n\n")
    assert head.startswith("# Story\n\nSentence 0")
    assert head.endswith("Sentence 8 of the story, long enough to count.")
    assert tail == "Paper\n\n[Menu](https://example.org/menu)\nCrumbs\nRead also\nImprint"
    # A page that does not say what it is about: all of it but what stands around it.
    unsaid = page_text.of(f"{around}<h1>Story</h1><div>{story}</div>", base="https://example.org/")[1]
    assert unsaid.startswith("# Story")
    assert unsaid.endswith("Crumbs")
    # An empty main part is none.
    assert page_text.of("<main></main><nav>Menu</nav>", base="https://example.org/")[1] == "Menu"


def test_json_is_indented_and_text_left_alone(use: Use, site: FakeSite) -> None:
    url = site.says("/api", b'{"a":{"b":"\xc3\xbc"}}', "Content-Type: application/vnd.x+json")
    assert use("web_fetch", url=url).text.endswith(
        json.dumps({"a": {"b": "ü"}}, indent=2, ensure_ascii=False)
    )
    url = site.says("/odd", b"{not json", "Content-Type: application/json")
    assert use("web_fetch", url=url).text.endswith("{not json")
    url = site.says("/deep", b"[" * 100_000, "Content-Type: application/json")
    assert "[[[" in use("web_fetch", url=url).text
    # Indented, this would be gigabytes: it stays as it is.
    flat = b"[" * 800 + b"1," * 40_000 + b"1" + b"]" * 800
    url = site.says("/wide", flat, "Content-Type: application/json")
    assert use("web_fetch", url=url).data["characters"] == len(flat)
    url = site.says("/plain", b"<b>as it is</b>", "Content-Type: text/plain")
    assert use("web_fetch", url=url).text.endswith("<b>as it is</b>")


def test_an_unnamed_kind_is_read_if_it_is_text(use: Use, site: FakeSite) -> None:
    assert use("web_fetch", url=site.says("/a", b"plain words")).text.endswith("plain words")
    assert use("web_fetch", url=site.says("/b", b"<!DOCTYPE html><p>page")).text.endswith("page")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/png", b"\x89PNG"),
        ("application/octet-stream", b"text or not"),
        ("text/plain", b"\x00\x01\x02"),
        ("", b"\x7fELF\x00"),
    ],
)
def test_what_is_not_text_is_named_and_not_shown(use: Use, site: FakeSite, kind: str, body: bytes) -> None:
    url = site.says("/", body, *([f"Content-Type: {kind}"] if kind else []))
    with pytest.raises(ToolFailed, match="only text can be read") as refused:
        use("web_fetch", url=url)
    assert refused.value.code == "not_text"
    assert (kind or "binary data") in refused.value.message


@pytest.mark.parametrize(
    ("header", "octets"),
    [
        ("text/plain; charset=utf-8", "Grüße €".encode()),
        ("text/plain", "Grüße €".encode()),
        ("text/plain", "Grüße €".encode("cp1252")),
        ("text/plain; charset=windows-1252", "Grüße €".encode("cp1252")),
        ('text/plain; charset="UTF-16"', "Grüße €".encode("utf-16")),
        ("text/html; charset=iso-8859-15", "Grüße €".encode("iso-8859-15")),
        ("text/html", b'<meta charset="iso-8859-15">' + "Grüße €".encode("iso-8859-15")),
        ("text/plain; charset=rot13", "Grüße €".encode()),
        ("text/plain; charset=idna", "Grüße €".encode()),
        ("text/plain; charset=zip", "Grüße €".encode()),
        ("text/plain; charset=no-such-thing", "Grüße €".encode()),
        ("text/plain; charset=", "Grüße €".encode()),
    ],
)
def test_encodings_are_recognised(use: Use, site: FakeSite, header: str, octets: bytes) -> None:
    assert use("web_fetch", url=site.says("/", octets, f"Content-Type: {header}")).text.endswith("Grüße €")


def test_a_long_page_is_read_in_parts(use: Use, site: FakeSite) -> None:
    url = site.says("/", b"0123456789" * 5_000, "Content-Type: text/plain")
    first = use("web_fetch", url=url)
    assert first.text.endswith("789\n\n[30000 more characters; go on with start 20000.]")
    assert first.data["truncated"]
    last = use("web_fetch", url=url, start=49_000, max_characters=60_000)
    assert len(last.text.partition("\n\n")[2]) == 1_000


def test_a_page_beyond_the_limit_says_that_its_end_is_missing(use: Use, site: FakeSite) -> None:
    url = site.says("/", b"x" * 3_000_000, "Content-Type: text/plain")
    found = use("web_fetch", url=url, start=2_097_000)
    assert found.text.endswith("its end is missing.]")


def test_the_final_address_and_the_status_are_told(use: Use, site: FakeSite) -> None:
    site.redirects("/old", "/new")
    url = site.says("/new", b"gone", "Content-Type: text/plain", status="410 Gone")
    found = use("web_fetch", url=site.url("/old"))
    assert found.text == f"Address: {url}\nStatus: 410 Gone\nType: text/plain\n\ngone"
    assert found.data["hops"] == [site.url("/old"), url]


def test_unlisted_addresses_are_refused(use: Use, site: FakeSite) -> None:
    for url in (
        "http://example.org/",
        "https://127.0.0.1/",
        f"http://localhost:{site.port}/",
        "https://[::1]/",
    ):
        with pytest.raises(EgressRefused):
            use("web_fetch", url=url)
    assert site.requests == []


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 120_000 + "deep",
        "<div><object>" * 60_000 + "deep",
        "<b><div></b>" * 60_000 + "deep",
        "<ul><li>" * 60_000 + "deep",
        "<a><div>" * 60_000 + "deep",
        "<!--" * 100_000 + "deep",
        "<a " * 100_000 + ">deep",
        "<" * 300_000 + "deep",
        "&" * 300_000 + "deep",
        "<p>x" * 120_000 + "deep",
        "[" * 200_000 + "deep",
        "<td>" * 120_000 + "deep",
        "<title>" * 40_000 + "deep",
    ],
    ids=lambda markup: markup[:14],
)
def test_a_hostile_page_is_read_in_good_time(markup: str) -> None:
    began = time.monotonic()
    page_text.of(markup, base="https://example.org/")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>a</p><p></p><p>b</p>", "a\n\nb"),
        ('<a href="#top">top</a>', "top"),
        ('<a href="https://[bad">x</a>', "x"),
        ('<a href="mailto:a@example.org">mail</a>', "mail"),
        ('<a href="/x"><img alt="y"></a>z', "z"),
        ("<h2>T</h2>text", "## T\n\ntext"),
        ("<svg><text>no</text></svg><template>no</template>yes", "yes"),
    ],
)
def test_small_pages(markup: str, text: str) -> None:
    assert page_text.of(markup, base="https://example.org/")[1] == text
