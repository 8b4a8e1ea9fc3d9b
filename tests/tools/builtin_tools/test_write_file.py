"""write_file makes a file or replaces a whole one, and says beforehand which of both."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tests.tools.builtin_tools.test_edit_file import foretold
from tools_app.exceptions import ToolFailed
from tools_app.executors import targets, writing


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [tmp_path]
    return tmp_path


def test_new_file(use: Use, root: Path) -> None:
    assert foretold("write_file", path="a.txt", content="ü\n") == (
        "--- no file yet\n+++ a.txt\n@@ -0,0 +1,1 @@\n+ü"
    )
    found = use("write_file", path="a.txt", content="ü\n")
    assert (found.text, found.data) == (
        "Made a.txt: 3 bytes.",
        {"path": "a.txt", "created": True, "bytes": 3},
    )
    assert (root / "a.txt").read_text() == "ü\n"


def test_old_file_is_replaced_and_the_difference_shown(use: Use, root: Path) -> None:
    (root / "a.txt").write_text("one\ntwo\n")
    shown = foretold("write_file", path="a.txt", content="one\n2\n")
    assert shown == "--- a.txt\n+++ a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2"
    assert use("write_file", path="a.txt", content="one\n2\n").text == "Wrote a.txt anew: 6 bytes."
    assert foretold("write_file", path="a.txt", content="one\n2\n") == "a.txt: the text stays the same."


@pytest.mark.parametrize(
    ("octets", "words"), [(b"\x00\x01", "binary file of 2 bytes"), (b"caf\xe9", "4 bytes (cp1252)")]
)
def test_replacing_what_is_no_text_is_said(use: Use, root: Path, octets: bytes, words: str) -> None:
    (root / "a").write_bytes(octets)
    assert words in foretold("write_file", path="a", content="x")
    use("write_file", path="a", content="x")
    assert (root / "a").read_text() == "x"


def test_folders_are_made_only_if_asked(use: Use, root: Path) -> None:
    assert foretold("write_file", path="x/y/a", content="").startswith("Nothing would change")
    with pytest.raises(ToolFailed) as refused:
        use("write_file", path="x/y/a", content="")
    assert refused.value.code == "not_found"
    shown = foretold("write_file", path="x/y/a", content="", create_parents=True)
    assert shown.startswith("New folders: x/y\n")
    use("write_file", path="x/y/a", content="", create_parents=True)
    assert (root / "x" / "y" / "a").read_bytes() == b""


def test_too_much_is_refused(use: Use, root: Path) -> None:
    with pytest.raises(ToolFailed) as refused:
        use("write_file", path="a", content="ü" * (writing.MAX_WRITE_BYTES // 2 + 1))
    assert refused.value.code == "too_large"
    assert not list(root.iterdir())


def test_file_that_came_meanwhile_is_not_overwritten(use: Use, root: Path) -> None:
    target = targets.meant("a", "write").target
    (root / "a").write_text("theirs")
    with pytest.raises(ToolFailed) as told:
        use("write_file", path="a", content="mine", targets={"path": target})
    assert told.value.code == "stale_target"
    assert (root / "a").read_text() == "theirs"
