"""What a person reads is what runs: nothing hides, strikes, reorders or imitates, and everybody's writing stays so."""

from __future__ import annotations

import pytest

from tools_app.approving.visible import exact_text, is_showable, of_kind, visible_text

ORDINARY = [
    "L’été, à Paris : « ça va ? » – naïve, cœur, Ångström, Straße, kısa, Đặng Việt Nam",
    "日本語、中文。注意！！（请看：第２页？）",
    "가나다 한국어",
    "नमस्ते दुनिया, कों क़िताब ज़रूर; বাংলা ভাষা ড়; தமிழ் மொழி; ไทยน้ำ",
    "مُحَمَّدٌ والسَّلام ١٢٣؛ فارسی ۴۵۶",
    "שָׁלוֹם עולם",
    "привет, это сахар и хор; Ελλάδα και ουρανός; Հայերեն",
    "ẹ́kọ́ Yorùbá, gǀui",
    "−5 °C, m², ½, 10–20, state‑of‑the‑art, ™ № …",
    "❤️ 👩🏽 🔍 ☎️ ©️",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_everybodys_own_language_stays_readable(text: str) -> None:
    text = text.replace("\u00a0", " ").replace("２", "2")
    assert visible_text(text) == text
    assert is_showable(text * 30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("r\u0336m\u0336 -rf /", "r⟨U+0336⟩m⟨U+0336⟩ -rf /"),
        ("e\u0301 é", "e⟨U+0301⟩ é"),
        ("か\u3099", "か⟨U+3099⟩"),
        ("\u1112\u1161", "⟨U+1112⟩⟨U+1161⟩"),
        ("ا\u0653", "ا⟨U+0653⟩"),
        ("i\u0307 ı\u0307", "i⟨U+0307⟩ ı⟨U+0307⟩"),
        ("1\u20e3 -\u0301 \u0301", "1⟨U+20E3⟩ -⟨U+0301⟩ ⟨U+0301⟩"),
        ("a\u064e x\u0902", "a⟨U+064E⟩ x⟨U+0902⟩"),
        ("rm\ufe0f rm\u180b", "rm⟨U+FE0F⟩ rm⟨U+180B⟩"),
        ("u\u0308\u0308\u0308", "u⟨U+0308⟩⟨U+0308⟩⟨U+0308⟩"),
        ("q\u0308\u0308\u0308", "q\u0308\u0308⟨U+0308⟩"),
        ("−rf ‐x –force", "⟨U+2212⟩rf ⟨U+2010⟩x ⟨U+2013⟩force"),
        ("╱etc ∖x ﹣rf", "⟨U+2571⟩etc ⟨U+2216⟩x ⟨U+FE63⟩rf"),
        ("ⅷ \u212a \u2126 \u037e", "⟨U+2177⟩ ⟨U+212A⟩ ⟨U+2126⟩ ⟨U+037E⟩"),
        ("／etc a：b", "⟨U+FF0F⟩etc a⟨U+FF1A⟩b"),
        ("аррӏе.com https://сахар.example", "аррӏе⟨Cyrillic⟩.com https://сахар⟨Cyrillic⟩.example"),
        ("раypa1 с0m", "⟨U+0440⟩⟨U+0430⟩ypa1 с⟨Cyrillic⟩0m"),
        ("file١٢", "file⟨U+0661⟩⟨U+0662⟩"),
        ("⟨Cyrillic⟩", "⟨U+27E8⟩Cyrillic⟩"),
    ],
)
def test_what_passes_for_something_else_is_shown(text: str, shown: str) -> None:
    assert visible_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("сахар.txt документ", "сахар⟨Cyrillic⟩.txt документ"),
        ("ɡit ‘x’ “y”", "⟨U+0261⟩it ⟨U+2018⟩x⟨U+2019⟩ ⟨U+201C⟩y⟨U+201D⟩"),
        ("a–b x‑y —z", "a⟨U+2013⟩b x⟨U+2011⟩y ⟨U+2014⟩z"),
        ("m² ﬁle ١٢", "m⟨U+00B2⟩ ⟨U+FB01⟩le ⟨U+0661⟩⟨U+0662⟩"),
        ("ẹ\u0301 क\u093c \u0958", "ẹ⟨U+0301⟩ क\u093c ⟨U+0958⟩"),
        ("报告（1）.pdf été.txt kısa नमस्ते تقرير١ ไทยน้ำ", "报告（1）.pdf été.txt kısa नमस्ते تقرير١ ไทยน้ำ"),
    ],
)
def test_where_each_character_counts_more_is_shown(text: str, shown: str) -> None:
    assert exact_text(text) == shown


def test_kinds_that_lead_somewhere_are_exact() -> None:
    kinds = ("argv", "command", "email", "folder", "host", "path", "url")
    assert {of_kind(kind) for kind in kinds} == {exact_text}
    assert {of_kind(kind) for kind in ("", "text", "code", "sql", "bigint")} == {visible_text}
    assert exact_text(["a–b"]) == '[\n  "a⟨U+2013⟩b"\n]'


@pytest.mark.parametrize("text", ["x" + "\u0335" * 200, "ก" + "\u0e47" * 200, "\u0301" * 60])
def test_what_is_drawn_over_its_neighbours_is_not_showable(text: str) -> None:
    assert not is_showable(text)
