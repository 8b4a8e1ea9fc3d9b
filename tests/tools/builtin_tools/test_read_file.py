"""read_file shows text beneath the roots, in parts, and nothing else."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tools_app.exceptions import ToolFailed
from tools_app.executors import paths


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return tmp_path


def test_a_short_file_comes_as_it_is(use: Use, root: Path) -> None:
    (root / "notes.txt").write_text("one\n\n  two ü\nthree")
    found = use("read_file", path="notes.txt")
    assert found.text == "one\n\n  two ü\nthree"
    assert found.data == {
        "path": "notes.txt",
        "encoding": "utf-8",
        "bytes": 19,
        "lines": 4,
        "first": 1,
        "last": 4,
    }


def test_a_long_file_comes_in_parts(use: Use, root: Path) -> None:
    (root / "long.txt").write_text("".join(f"line {n}\n" for n in range(1, 2_501)))
    first = use("read_file", path="long.txt")
    assert first.text.endswith("line 1000\n[Lines 1 to 1000 of 2500. Go on with offset 1001.]")
    middle = use("read_file", path="long.txt", offset=1_001, limit=2)
    assert middle.text == "line 1001\nline 1002\n[Lines 1001 to 1002 of 2500. Go on with offset 1003.]"
    last = use("read_file", path="long.txt", offset=2_500)
    assert last.text == "line 2500\n[Lines 2500 to 2500 of 2500.]"
    assert use("read_file", path="long.txt", offset=2_501).text == (
        "[The file ends before line 2501: it has 2500 lines.]"
    )


def test_an_empty_file_says_so(use: Use, root: Path) -> None:
    (root / "empty").write_bytes(b"")
    assert use("read_file", path="empty").text == "[The file is empty.]"


@pytest.mark.parametrize(
    ("octets", "text", "encoding"),
    [
        (codecs.BOM_UTF8 + "ü".encode(), "ü", "utf-8"),
        ("ü\n".encode("utf-16"), "ü\n", "utf-16"),
        (codecs.BOM_UTF16_BE + "ü".encode("utf-16-be"), "ü", "utf-16"),
        ("ü".encode("utf-32"), "ü", "utf-32"),
        ("Grüße – €".encode("cp1252"), "Grüße – €", "cp1252"),
        (b"caf\xe9 \x81", "café \ufffd", "cp1252"),
        (b"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m", "utf-8"),
    ],
)
def test_encodings_are_recognised(use: Use, root: Path, octets: bytes, text: str, encoding: str) -> None:
    (root / "file").write_bytes(octets)
    found = use("read_file", path="file")
    assert (found.text, found.data["encoding"]) == (text, encoding)


@pytest.mark.parametrize(
    "octets", [b"\x7fELF\x02\x01\x01\x00", b"\x89PNG\r\n\x1a\n\x00\x00", b"\x00" * 9, bytes(range(1, 32)) * 9]
)
def test_binary_files_are_refused_kindly(use: Use, root: Path, octets: bytes) -> None:
    (root / "file").write_bytes(octets)
    with pytest.raises(ToolFailed, match="binary file") as refused:
        use("read_file", path="file")
    assert refused.value.code == "binary_file"


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/passwd", "link", "."])
def test_what_is_outside_stays_unread(use: Use, root: Path, path: str) -> None:
    (root / "link").symlink_to("/etc/passwd")
    with pytest.raises(ToolFailed) as refused:
        use("read_file", path=path)
    assert str(root) not in refused.value.message


def test_only_the_file_that_was_judged_is_read(use: Use, root: Path) -> None:
    (root / "a.txt").write_text("judged")
    identity = paths.identify("a.txt")
    assert identity is not None
    assert use("read_file", path="a.txt", targets={"path": identity.target}).text == "judged"
    (root / "b.txt").write_text("other")
    (root / "b.txt").replace(root / "a.txt")
    with pytest.raises(ToolFailed) as refused:
        use("read_file", path="a.txt", targets={"path": identity.target})
    assert refused.value.code == "stale_target"
