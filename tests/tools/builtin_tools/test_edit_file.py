"""edit_file replaces exactly one text, keeps all the rest of the file, and says beforehand what it will do."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tools_app import executors
from tools_app.exceptions import ToolFailed
from tools_app.executors import Work, targets, writing


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    return tmp_path


def foretold(name: str, **arguments: Any) -> str:
    return executors.preview(Work(name, "builtin", {}, {}), arguments)


def refused(use: Use, **arguments: Any) -> ToolFailed:
    with pytest.raises(ToolFailed) as told:
        use("edit_file", **arguments)
    assert foretold("edit_file", **arguments).startswith("Nothing would change: ")
    return told.value


def test_text_is_replaced_as_it_was_foretold(use: Use, root: Path) -> None:
    (root / "notes.txt").write_text("one\ntwo\nthree ü\n")
    edit = {"path": "notes.txt", "old_text": "two\n", "new_text": "2\nand a half\n"}
    shown = foretold("edit_file", **edit)
    assert shown == ("--- notes.txt\n+++ notes.txt\n@@ -1,3 +1,4 @@\n one\n-two\n+2\n+and a half\n three ü")
    found = use("edit_file", **edit)
    assert found.text == f"Replaced 1 place in notes.txt.\n{shown}"
    assert found.data == {"path": "notes.txt", "places": 1, "bytes": 26}
    assert (root / "notes.txt").read_text() == "one\n2\nand a half\nthree ü\n"


def test_replace_all_and_deleting(use: Use, root: Path) -> None:
    (root / "a").write_text("x y x y x")
    found = use("edit_file", path="a", old_text="x", new_text="", replace_all=True)
    assert (found.data["places"], (root / "a").read_text()) == (3, " y  y ")


@pytest.mark.parametrize(
    ("content", "texts", "words"),
    [
        ("abc", ("d", "e"), "does not occur"),
        ("abc", ("B", "e"), "does not occur"),
        ("abcb", ("b", "e"), "more than once"),
        ("aaa", ("aa", "b"), "more than once"),
        ("abc", ("b", "b"), "the same"),
        ("a\r\nb\n", ("a\nb", "c"), "does not occur"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    use: Use, root: Path, content: str, texts: tuple[str, str], words: str
) -> None:
    (root / "a").write_text(content, newline="")
    told = refused(use, path="a", old_text=texts[0], new_text=texts[1])
    assert (told.code, words in told.message) == ("cannot_edit", True)
    assert (root / "a").read_bytes() == content.encode()


def test_line_ends_and_byte_order_mark_stay(use: Use, root: Path) -> None:
    (root / "a").write_bytes(codecs.BOM_UTF8 + b"one\r\ntwo\r\nthree\r\n")
    use("edit_file", path="a", old_text="one\ntwo", new_text="1\n2")
    assert (root / "a").read_bytes() == codecs.BOM_UTF8 + b"1\r\n2\r\nthree\r\n"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\x7fELF\x00\x01abc", "binary_file"),
        (b"abc \xff\xfe caf\xe9", "cannot_edit"),
        ("abc".encode("utf-16"), "cannot_edit"),
        (b"abc" + b"x" * writing.MAX_WRITE_BYTES, "too_large"),
    ],
)
def test_what_is_no_plain_text_is_left_alone(use: Use, root: Path, octets: bytes, code: str) -> None:
    (root / "a").write_bytes(octets)
    assert refused(use, path="a", old_text="abc", new_text="x").code == code
    assert (root / "a").read_bytes() == octets


def test_file_may_not_grow_beyond_its_limit(use: Use, root: Path) -> None:
    (root / "a").write_text("x" * 100_000)
    told = refused(use, path="a", old_text="x", new_text="y" * 100, replace_all=True)
    assert told.code == "cannot_edit"


def test_missing_files_and_other_places_are_refused(use: Use, root: Path) -> None:
    assert refused(use, path="none.txt", old_text="a", new_text="b").code == "not_found"
    assert refused(use, path="../none.txt", old_text="a", new_text="b").code == "path_refused"
    assert not list(root.iterdir())


def test_only_the_content_that_was_judged_is_changed(use: Use, root: Path) -> None:
    (root / "a").write_text("one two")
    target = targets.meant("a", "write").target
    (root / "a").write_text("one two and more")
    with pytest.raises(ToolFailed) as told:
        use("edit_file", path="a", old_text="one", new_text="1", targets={"path": target})
    assert told.value.code == "stale_target"
    assert (root / "a").read_text() == "one two and more"
