"""Documents are cut where a reader would cut them, and words are the same words however they are written."""

import pytest

from tools_app.knowing import passages

HOUSE = """# House rules

We are open from nine.

## Returns

Damaged goods may be returned
within thirty days.

## Payment
### Late fees

A late fee of five euros is due.

```
# not a heading
```
"""


def test_a_document_is_cut_at_its_headings() -> None:
    assert [(piece.heading, piece.text) for piece in passages.split(HOUSE)] == [
        ("House rules", "We are open from nine."),
        ("House rules > Returns", "Damaged goods may be returned\nwithin thirty days."),
        (
            "House rules > Payment > Late fees",
            "A late fee of five euros is due.\n\n```\n# not a heading\n```",
        ),
    ]


@pytest.mark.parametrize(
    "text", ["word " * 5_000, "x" * 10_000, "One. Two! " * 900, "\n\n".join(["ab"] * 3_000)]
)
def test_no_passage_is_too_long_and_no_word_is_lost(text: str) -> None:
    pieces = passages.split(text)
    assert all(len(piece.text) <= passages.PASSAGE_CHARS for piece in pieces)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Straße, CAFÉ & naïve_name", "strasse cafe naive name"),
        ("E-Mail: a.b@c.example", "e mail a b c example"),
        ("退款政策", "退 款 政 策"),
        ("Ёлка Ёлку", "елка елку"),
        ("\x00 *** \"' -- %_", ""),
        ("x" * 500, "x" * 60),
    ],
)
def test_words_are_plain_lower_case_and_without_accents(text: str, words: str) -> None:
    assert passages.words(text) == words


@pytest.mark.parametrize("text", ["", "\x00", "#" * 100_000, "```\n" * 10_000, "\ud800 lone", "- " * 200_000])
def test_odd_documents_are_cut_too(text: str) -> None:
    assert isinstance(passages.split(text), list)
