"""Turns what a model or a person wrote into HTML a browser may show.

One way in (`render`), sanitised last: nothing a model writes makes a browser fetch anything, and every
link shows the host it leads to.
"""

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES
from pygments.util import ClassNotFound

from tools_app.approving.visible import is_showable, visible_text

__all__ = ["RENDERER", "avatar", "is_showable", "render", "visible_text"]

# Stored beside rendered text: a higher number means older HTML must be rendered again.
RENDERER = 1

# Lexers are regular expressions written for source files, not for hostile input: longer code stays plain.
HIGHLIGHTED_CHARS = 20_000
RENDERED_CHARS = 400_000

CLASS_PREFIX = "tok-"
SCHEMES = {"http", "https", "mailto"}
ALIGNMENTS = {
    "text-align:left": "align-start",
    "text-align:center": "align-center",
    "text-align:right": "align-end",
}

_OWN_IMAGE = re.compile(r"/static/[A-Za-z0-9_./-]+")

_formatter = HtmlFormatter(nowrap=True, classprefix=CLASS_PREFIX)

_cleaner = nh3.Cleaner(
    tags={
        "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
        "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    },
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "ol": {"start"}, "pre": {"data-language"}},
    allowed_classes={
        "span": {"link-host", *(CLASS_PREFIX + name for name in STANDARD_TYPES.values() if name)},
        "td": set(ALIGNMENTS.values()),
        "th": set(ALIGNMENTS.values()),
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer nofollow ugc",
)  # fmt: skip


def render(text: str) -> str:
    """Render Markdown as sanitised HTML; raw HTML in it is shown as text, images become links."""
    if len(text) > RENDERED_CHARS:
        return f"<pre><code>{escape(text)}</code></pre>"
    return _cleaner.clean(_markdown.render(text))


def avatar(address: str) -> dict[str, str]:
    """Tell an image of this installation from an emoji or any other short sign.

    An address starts like one; testing for emoji characters instead takes digits for emoji (S4.237). Images from
    elsewhere are none: the page policy would not let a browser fetch them.
    """
    text = address.strip()
    if _OWN_IMAGE.fullmatch(text) and ".." not in text:
        return {"kind": "image", "value": text}
    if "/" in text or ":" in text or len(text) > 16:
        return {"kind": "emoji", "value": ""}
    return {"kind": "emoji", "value": text}


def _code_block(
    _renderer: RendererHTML, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    words = token.info.split()
    language = words[0].lower() if words else ""
    attribute = f' data-language="{escape(language)}"' if language else ""
    return f"<pre{attribute}><code>{_highlighted(token.content, language)}</code></pre>\n"


def _highlighted(code: str, language: str) -> str:
    if not language or len(code) > HIGHLIGHTED_CHARS:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, _formatter)


def _show_hosts(state: StateCore) -> None:
    """Append the host to every link whose words do not already show it."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _with_hosts(token.children)


def _with_hosts(children: list[Token]) -> list[Token]:
    shown: list[Token] = []
    start = 0
    for token in children:
        if token.type == "link_open":
            start = len(shown) + 1
        shown.append(token)
        if token.type == "link_close":
            words = "".join(part.content for part in shown[start:])
            shown.extend(_host_note(str(shown[start - 1].attrs.get("href", "")), words))
    return shown


def _host_note(href: str, words: str) -> list[Token]:
    destination = _destination(href)
    if not destination or destination in (words.strip(), _destination(words.strip())):
        return []
    note = Token("html_inline", "", 0)
    note.content = f' <span class="link-host">{escape(destination)}</span>'
    return [note]


def _destination(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.path if parts.scheme == "mailto" else (parts.hostname or "")


def _name_alignments(state: StateCore) -> None:
    """Say a column's alignment by class: sanitiser and page policy drop style attributes."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs = {"class": ALIGNMENTS[str(token.attrs["style"])]}


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.core.ruler.push("hosts", _show_hosts)
    parser.core.ruler.push("alignments", _name_alignments)
    parser.add_render_rule("fence", _code_block)
    return parser


_markdown = _parser()
