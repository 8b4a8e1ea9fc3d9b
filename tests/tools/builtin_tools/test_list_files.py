"""list_files shows names beneath the roots, in order and bounded; links are shown and lead nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.tools.builtin_tools.conftest import Use
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders, targets


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    found = tmp_path / "root"
    (found / "docs" / "old").mkdir(parents=True)
    (found / "docs" / "old" / "deep.md").write_text("deep")
    (found / "docs" / "plan.md").write_text("plan!")
    (found / "a.txt").write_text("a")
    (tmp_path / "secret.txt").write_text("secret")
    settings.FILE_ROOTS = [found]
    return found


def lines(use: Use, path: str = ".", **how: object) -> list[str]:
    return use("list_files", path=path, **how).text.split("\n")


def test_one_level_or_several_and_patterns(use: Use, root: Path) -> None:
    assert lines(use) == ["a.txt (1 bytes)", "docs/"]
    assert lines(use, "docs") == ["docs/old/", "docs/plan.md (5 bytes)"]
    everything = [
        "a.txt (1 bytes)",
        "docs/",
        "docs/old/",
        "docs/old/deep.md (4 bytes)",
        "docs/plan.md (5 bytes)",
    ]
    assert lines(use, depth=3) == everything
    assert lines(use, depth=3, pattern="*.md") == everything[3:]
    assert lines(use, depth=3, pattern="docs/*.md") == everything[4:]
    assert lines(use, depth=3, pattern="**/d??p.*") == [everything[3]]
    assert lines(use, depth=3, pattern="*.py") == ["[No file has such a name.]"]
    assert lines(use, str(root), depth=3) == everything


def test_what_is_left_out_is_said(use: Use, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines(use, depth=2)[-1] == "[1 folders lie deeper and were not looked into.]"
    assert lines(use, depth=3, limit=2) == [
        *("a.txt (1 bytes)", "docs/"),
        "[There are more than 2 names: this is only a part.]",
    ]
    monkeypatch.setattr(folders, "MAX_VISITED", 3)
    assert lines(use, depth=3)[-1] == "[There are more than 3 names: this is only a part.]"


def test_links_and_other_things_are_shown_and_not_followed(use: Use, root: Path) -> None:
    (root / "out").symlink_to(root.parent)
    (root / "gone").symlink_to("/nowhere/at/all")
    os.mkfifo(root / "pipe")
    assert lines(use, depth=9)[-3:] == ["gone (link)", "out (link)", "pipe (pipe)"]
    assert "secret" not in "".join(lines(use, depth=9))
    with pytest.raises(ToolFailed) as refused:
        use("list_files", path="out")
    assert refused.value.code == "path_refused"


@pytest.mark.parametrize("path", ["..", "/etc", "docs/../..", "file:///", "a.txt", "none", "\x00"])
def test_other_places_are_refused(use: Use, root: Path, path: str) -> None:
    with pytest.raises(ToolFailed) as refused:
        use("list_files", path=path)
    assert str(root.parent) not in refused.value.message


def test_strange_names_stay_in_their_line(use: Use, root: Path) -> None:
    (root / "docs" / "two\nlines").touch()
    (root / "docs" / "\u202etxt").touch()
    Path(os.fsdecode(os.fsencode(root / "docs") + b"/\xff\xfe")).touch()
    assert lines(use, "docs")[2:] == [
        *("docs/two\\nlines (0 bytes)", "docs/\\u202etxt (0 bytes)", "docs/\\udcff\\udcfe (0 bytes)")
    ]
    assert lines(use, "docs", pattern="*s") == ["docs/two\\nlines (0 bytes)"]


def test_very_deep_trees_end_somewhere(use: Use, root: Path) -> None:
    handle = os.open(root, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    shown = lines(use, depth=folders.MAX_DEPTH)
    assert max(line.count("/") for line in shown) == folders.MAX_DEPTH
    assert "lie deeper" in shown[-1]


def test_only_the_folder_that_was_judged_is_listed(use: Use, root: Path) -> None:
    target = targets.meant("docs", "list").target
    assert use("list_files", path="docs", targets={"path": target}).text
    (root / "docs").rename(root / "was")
    (root / "docs").mkdir()
    with pytest.raises(ToolFailed) as told:
        use("list_files", path="docs", targets={"path": target})
    assert told.value.code == "stale_target"


def test_folder_that_becomes_a_link_while_it_is_looked_through_is_left(root: Path) -> None:
    with folders.opened(".") as place:
        for entry in folders.Walk(place):
            assert "secret" not in entry.relative
            if entry.relative == "docs":
                (root / "docs").rename(root.parent / "was")
                (root / "docs").symlink_to(root.parent)
