"""What a file is by its content, and which of its names are safe."""

from __future__ import annotations

import pytest

from agents_app.providers import script
from agents_app.showing import media


@pytest.mark.parametrize(
    ("start", "name", "kind"),
    [
        (b"a,b\n1,2\n", "sales.csv", "text/csv"),
        (b"a\tb\n", "SALES.TSV", "text/tab-separated-values"),
        (b'{"a": 1}', "x.json", "application/json"),
        (b"<html><script>", "page.html", "text/plain"),
        (b"<svg onload=x>", "image.png", "text/plain"),
        (b"\x89PNG\r\n\x1a\n", "page.html", "image/png"),
        (b"PAR1\x15", "data.csv", "application/vnd.apache.parquet"),
        (b"%PDF-1.7", "x.csv", "application/pdf"),
        (b"PK\x03\x04....xl/workbook.xml", "x.zip", media._ZIPPED[0][1]),
        (b"PK\x03\x04", "x.xlsx", "application/zip"),
        (b"MZ\x00\x00", "run.csv", "application/octet-stream"),
        (b"\xff\xfe\xfa", "latin.csv", "application/octet-stream"),
        ("ä".encode()[:1], "cut.txt", "text/plain"),
        (b"", "empty.csv", "text/csv"),
    ],
)
def test_a_file_is_what_its_content_says(start: bytes, name: str, kind: str) -> None:
    assert media.sniffed(start, name) == kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("sales.csv", "sales.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\report 1.xlsx", "report 1.xlsx"),
        ("/", "file"),
        ("", "file"),
        ("...", "file"),
        (".bashrc", "bashrc"),
        ("a\x00b\n.csv", "ab.csv"),
        ("gpj.\u202eexe.txt", "gpj.exe.txt"),
        ('x"; rm -rf *?.csv', "x_; rm -rf __.csv"),
        ("  many   blanks .csv ", "many blanks.csv"),
        ("\u00e4\u0308.csv", "\u00e4\u0308.csv"),
    ],
)
def test_names_are_made_safe(given: str, name: str) -> None:
    assert media.safe_name(given) == name


def test_long_names_keep_their_ending_and_fit_into_bytes() -> None:
    for letter in ("x", "\u00e4", "\U0001f600"):
        name = media.safe_name(letter * 5_000 + ".parquet")
        assert name.endswith(".parquet")
        assert len(name.encode()) <= media.LONGEST
    assert len(media.safe_name("a." + "b" * 5_000).encode()) <= media.LONGEST


def test_the_same_name_again_is_numbered() -> None:
    assert media.numbered("sales.csv", 2) == "sales (2).csv"
    assert media.numbered("Makefile", 3) == "Makefile (3)"


def test_a_model_is_told_what_came_along() -> None:
    files = [{"name": "a.csv", "size": 12_300}, {"name": "b", "size": 5}, {"name": "c", "size": 2_500_000}]
    assert media.told("Look.", []) == "Look."
    assert media.told("Look.", files) == (
        "Look.\n\n[Attached: a.csv (12 kB), b (5 bytes), c (2.5 MB). In the sandbox: attachments/]"
    )


def test_the_scripted_model_does_not_take_what_was_attached_for_words() -> None:
    told = media.told("What time is it?", [{"name": "a]b [c].csv", "size": 5}])
    assert script.without_block(told) == "What time is it?"
    assert script.without_block("A list [Attached: x] in a text") == "A list [Attached: x] in a text"
