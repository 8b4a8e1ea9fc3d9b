"""Paths at their exact limits: what is read, what is refused, and in which words and codes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath, paths
from tools_app.executors.paths import FileIdentity, FileMissing, PathRefused, Root, StaleTarget


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Root:
    (tmp_path / "a.txt").write_text("alpha")
    (tmp_path / "folder").mkdir()
    settings.FILE_ROOTS = [tmp_path]
    return Root(tmp_path)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [(PathRefused, "path_refused", 403), (FileMissing, "not_found", 404), (StaleTarget, "stale_target", 409)],
)
def test_programs_tell_refusals_apart(kind: type[ToolFailed], code: str, status: int) -> None:
    assert (kind().code, kind().status) == (code, status)


def test_nothing_more_is_allowed_than_is_said() -> None:
    found = Root(Path("/srv"))
    assert (found.allow_hard_links, found.is_writable) == (False, False)
    assert FileIdentity("/srv", "a", 1, 2, 3, 4).links == 1


def test_files_of_ten_mebibytes_are_read_and_none_larger(root: Root) -> None:
    os.truncate(root.path / "a.txt", 10 * 1024 * 1024)
    assert len(paths.read("a.txt").octets) == 10_485_760
    os.truncate(root.path / "a.txt", 10 * 1024 * 1024 + 1)
    with pytest.raises(ToolFailed) as refused:
        paths.read("a.txt")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(("size", "limit"), [(5, 4), (2**20 + 1, 2**20)])
def test_what_grows_while_it_is_read_is_refused(tmp_path: Path, size: int, limit: int) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"x" * size)
    with path.open("rb", buffering=0) as file:
        assert len(paths.content_of(file.fileno(), size)) == size
        file.seek(0)
        with pytest.raises(ToolFailed, match=f"more than {limit} bytes"):
            paths.content_of(file.fileno(), limit)


def test_a_folder_is_called_a_folder(root: Root) -> None:
    with pytest.raises(PathRefused, match="'folder' is a folder") as refused:
        paths.read("folder")
    assert refused.value.code == "is_a_folder"


def test_a_file_that_was_deleted_after_it_was_opened_is_stale(root: Root) -> None:
    with (root.path / "a.txt").open() as file:
        (root.path / "a.txt").unlink()
        with pytest.raises(StaleTarget):
            paths.judged(file.fileno(), root, "a.txt")


def test_a_file_that_is_replaced_again_and_again_is_missing(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(*_: Any) -> int:
        with tempfile.TemporaryFile() as gone:
            return os.dup(gone.fileno())

    monkeypatch.setattr(beneath, "open_beneath", replaced)
    before = open_files()
    assert paths.identify("a.txt") is None
    assert open_files() == before


def test_a_file_the_system_keeps_to_itself_is_refused(root: Root, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(*_: Any) -> int:
        raise PermissionError

    monkeypatch.setattr(beneath, "open_beneath", kept)
    with pytest.raises(PathRefused, match=r"'a\.txt' may not be read"):
        paths.read("a.txt")


def test_where_the_system_tells_no_true_name_the_given_one_counts(
    root: Root, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untold(_self: Path) -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "readlink", untold)
    found = paths.identify("./a.txt")
    assert found is not None
    assert found.relative == "a.txt"


def test_what_is_missing_in_one_of_two_roots_is_missing(
    root: Root, tmp_path: Path, settings: Settings
) -> None:
    settings.FILE_ROOTS = [tmp_path, tmp_path / "folder" / "other"]
    with pytest.raises(FileMissing):
        paths.read(f"{tmp_path}/nothing")


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("./a//b/.", "a/b"),
        (".", "."),
        ("x" * 4_096, "x" * 4_096),
        ("/elsewhere", None),
        ("a..b/..c", "a..b/..c"),
    ],
)
def test_a_path_has_one_written_form_below_its_root(root: Root, path: str, below: str | None) -> None:
    assert paths.relative_to(path, root) == below


@pytest.mark.parametrize("path", ["x" * 4_097, "", "a/../b", "ftp:/a"])
def test_paths_without_a_form_are_refused(root: Root, path: str) -> None:
    with pytest.raises(PathRefused):
        paths.relative_to(path, root)


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no shared memory here")
def test_shared_memory_is_no_file(settings: Settings) -> None:
    settings.FILE_ROOTS = [Path("/dev")]
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as shared, pytest.raises(PathRefused):
        paths.read(shared.name)
