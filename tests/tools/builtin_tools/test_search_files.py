"""search_files finds lines beneath the roots, by an engine that no pattern can stop, and says what it left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tools_app.builtin_tools import search_files
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    found = tmp_path / "root"
    (found / "src").mkdir(parents=True)
    (found / "src" / "main.py").write_text("import os\n\ndef run():\n    return 'Größe' # os\n")
    (found / "notes.txt").write_text("Os is not os\nlast line os")
    (tmp_path / "secret.txt").write_text("os secret")
    settings.FILE_ROOTS = [found]
    return found


def lines(use: Use, query: str, path: str = ".", **how: object) -> list[str]:
    return use("search_files", path=path, query=query, **how).text.split("\n")


def test_literal_text_is_found_with_its_lines(use: Use, root: Path) -> None:
    assert lines(use, "os") == [
        *("notes.txt:1: Os is not os", "notes.txt:2: last line os"),
        *("src/main.py:1: import os", "src/main.py:4:     return 'Größe' # os"),
    ]
    assert lines(use, "OS", pattern="*.py", ignore_case=True)[0] == "src/main.py:1: import os"
    assert lines(use, "größe", ignore_case=True) == ["src/main.py:4:     return 'Größe' # os"]
    assert lines(use, "os", "src/main.py")[0] == "src/main.py:1: import os"
    assert lines(use, "(", "src") == ["src/main.py:3: def run():"]
    assert lines(use, "nowhere") == ["[Nothing found in 2 files.]"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (r"^def \w+\(", [3]),
        (r"^$", [2]),
        (r"$", [1, 2, 3, 4]),
        (r"x*", [1, 2, 3, 4]),
        (r"os$", [1, 4]),
        (r"import os\n\ndef", []),
        (r"(?s)import.*def", []),
        (r"Gr..e", [4]),
        (r"\pL+'", [4]),
    ],
)
def test_regular_expressions_are_about_single_lines(
    use: Use, root: Path, query: str, found: list[int]
) -> None:
    result = use("search_files", path="src", query=query, regex=True)
    assert [hit["line"] for hit in result.data["hits"]] == found


def test_line_numbers_hold_over_the_steps_of_a_long_file(use: Use, root: Path) -> None:
    text = [f"{n} {'x' * (n % 90)}{' needle' if n % 997 == 0 else ''}" for n in range(1, 20_001)]
    (root / "long.txt").write_text("\n".join(text))
    result = use("search_files", path="long.txt", query="needle$", regex=True)
    assert [hit["line"] for hit in result.data["hits"]] == list(range(997, 20_001, 997))
    assert all(hit["text"].startswith(f"{hit['line']} ") for hit in result.data["hits"])


def test_long_lines_are_cut_around_the_hit(use: Use, root: Path) -> None:
    (root / "line.txt").write_text("a" * 100_000 + "needle" + "b" * 100_000)
    hit, *more = use("search_files", path="line.txt", query="needle").data["hits"]
    assert not more
    assert "needle" in hit["text"]
    assert len(hit["text"]) <= search_files.SHOWN_CHARACTERS + 2


@pytest.mark.parametrize("query", ["(a+)+$", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)x", r"^(\w+\s?)*$"])
def test_no_pattern_can_stop_a_worker(use: Use, root: Path, query: str) -> None:
    (root / "evil.txt").write_text(("a" * 40_000 + "!\n") * 20)
    result = use("search_files", path="evil.txt", query=query, regex=True)
    assert result.data["files"] == 1


@pytest.mark.parametrize("query", ["(", "(?=x)", r"(a)\1", "(.{0,1000}){1,9}", ".{0,1000}z", "a**", "\\"])
def test_patterns_the_engine_does_not_know_or_that_are_too_large(use: Use, root: Path, query: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        use("search_files", path=".", query=query, regex=True)
    assert refused.value.code == "bad_pattern"


def test_what_is_not_searched_is_said(use: Use, root: Path) -> None:
    (root / "photo.png").write_bytes(b"\x89PNG\x00 os")
    (root / "huge.log").write_bytes(b"os\n" * (search_files.MAX_FILE_BYTES // 3 + 1))
    (root / "hard").hardlink_to(root.parent / "secret.txt")
    (root / "link").symlink_to(root.parent / "secret.txt")
    (root / "away").symlink_to(root.parent)
    os.mkfifo(root / "pipe")
    found = use("search_files", path=".", query="os")
    assert found.text.split("\n")[-3:] == [
        "[1 files are no text and were not searched.]",
        "[1 files may not be read and were not searched.]",
        f"[1 files are larger than {search_files.MAX_FILE_BYTES} bytes and were not searched.]",
    ]
    assert "secret" not in found.text
    assert found.data["complete"] is False


@pytest.mark.parametrize(
    ("octets", "line"),
    [
        ("größe\n".encode("utf-16"), "größe"),
        ("größe".encode("cp1252"), "größe"),
        (b"gr\xc3\xb6\xc3\x9fe \xff\xfe", "größe"),
    ],
)
def test_other_encodings_and_broken_ones_are_searched(use: Use, root: Path, octets: bytes, line: str) -> None:
    (root / "other.txt").write_bytes(octets)
    expected = line if b"\xff\xfe" not in octets[2:] else "größe".encode().decode("cp1252")
    assert lines(use, "gr", "other.txt")[0].startswith(f"other.txt:1: {expected}")


def test_many_hits_much_text_and_much_time_are_cut(
    use: Use, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(use, "os", limit=2)[2:] == ["[There may be more: only the first 2 lines are shown.]"]
    monkeypatch.setattr(search_files, "MAX_TOTAL_BYTES", 10)
    assert "More than 10 bytes" in lines(use, "os")[-1]
    monkeypatch.setattr(folders.Walk, "is_over", _late)
    assert "Time is up" in lines(use, "nothing")[-1]


def _late(walk: folders.Walk) -> bool:
    walk.stopped = walk.stopped or "Time is up."
    return True


@pytest.mark.parametrize("path", ["..", "/etc", "link", "none", "pipe"])
def test_other_places_are_refused(use: Use, root: Path, path: str) -> None:
    (root / "link").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    with pytest.raises(ToolFailed) as refused:
        use("search_files", path=path, query="root")
    assert str(root.parent) not in refused.value.message
