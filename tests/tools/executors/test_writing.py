"""Changing files beneath a root: the file that was judged, whole or not at all, and nothing outside."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath, paths, writing
from tools_app.executors.paths import FileMissing, PathRefused, StaleTarget
from tools_app.executors.writing import ReadOnly


@pytest.fixture(params=["kernel", "steps"])
def root(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Each test runs twice: with the kernel's own protection, and with the walk for systems without it."""
    if request.param == "kernel" and beneath._opener() is not beneath.open_by_kernel:
        pytest.skip("this kernel cannot open beneath a folder")
    found = tmp_path / "root"
    (found / "folder").mkdir(parents=True)
    (found / "a.txt").write_text("alpha")
    (tmp_path / "secret.txt").write_text("outside")
    settings.FILE_ROOTS = settings.WRITABLE_FILE_ROOTS = [found]
    number = beneath._OPENAT2
    beneath._OPENAT2 = number if request.param == "kernel" else 100_000
    beneath._opener.cache_clear()
    yield found
    beneath._OPENAT2 = number
    beneath._opener.cache_clear()


def write(path: str, text: str, **how: object) -> None:
    with writing.held(path, **how) as file:  # type: ignore[arg-type]
        file.write(text.encode())


def write_after(meanwhile: Callable[[], object], path: str) -> None:
    with writing.held(path) as file:
        meanwhile()
        file.write(b"mine")


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_file_is_replaced_whole_and_keeps_its_mode(root: Path) -> None:
    (root / "a.txt").chmod(0o640)
    before = (root / "a.txt").stat()
    write("a.txt", "beta")
    after = (root / "a.txt").stat()
    assert (root / "a.txt").read_text() == "beta"
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert names(root) == ["a.txt", "folder"]


def test_rights_of_a_program_do_not_outlive_a_change(root: Path) -> None:
    (root / "a.txt").chmod(0o4755)
    write("a.txt", "beta")
    assert stat.S_IMODE((root / "a.txt").stat().st_mode) == 0o755


def test_new_file_and_its_folders_only_where_asked(root: Path) -> None:
    write("folder/new.txt", "new")
    assert (root / "folder" / "new.txt").read_text() == "new"
    with pytest.raises(FileMissing, match="no folder 'x/y'"):
        write("x/y/z.txt", "new")
    assert not (root / "x").exists()
    write("x/y/z.txt", "new", create_parents=True)
    assert (root / "x" / "y" / "z.txt").read_text() == "new"


@pytest.mark.parametrize(
    "path",
    [
        *("", "..", "../secret.txt", "folder/../../secret.txt", "/etc/motd", "//etc/motd", "file:///tmp/x"),
        *("a\x00b", "a\nb", "folder", ".", "folder/", "a.txt/", "a.txt/under", "x" * 300, "x" * 5_000),
        *("/proc/self/mem", "x/" * 200 + "deep.txt"),
    ],
)
def test_paths_that_lead_elsewhere_are_refused(root: Path, path: str) -> None:
    for act in (writing.aim_at, lambda each: write(each, "evil", create_parents=True)):
        with pytest.raises(ToolFailed) as refused:
            act(path)
        assert str(root.parent) not in refused.value.message
    assert names(root) == ["a.txt", "folder"]


def link_out(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "secret.txt")
    return "link"


def link_to_nothing_outside(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "made.txt")
    return "link"


def link_to_nothing_inside(root: Path) -> str:
    (root / "link").symlink_to("not-there.txt")
    return "link"


def folder_link_out(root: Path) -> str:
    (root / "link").symlink_to(root.parent)
    return "link/made.txt"


def folder_link_within(root: Path) -> str:
    (root / "folder" / "link").symlink_to("../..")
    return "folder/link/secret.txt"


def hard_link(root: Path) -> str:
    (root / "hard").hardlink_to(root.parent / "secret.txt")
    return "hard"


def pipe(root: Path) -> str:
    os.mkfifo(root / "pipe")
    return "pipe"


EVIL = (
    *(link_out, link_to_nothing_outside, link_to_nothing_inside),
    *(folder_link_out, folder_link_within, hard_link, pipe),
)


@pytest.mark.parametrize("make", EVIL)
def test_links_and_things_that_are_no_files_are_not_written(
    root: Path, make: Callable[[Path], str], settings: Settings
) -> None:
    settings.FILE_ROOTS_WITH_HARD_LINKS = [root]
    path = make(root)
    before = names(root.parent)
    with pytest.raises(ToolFailed):
        write(path, "evil", create_parents=True)
    assert names(root.parent) == before
    assert (root.parent / "secret.txt").read_text() == "outside"


def test_link_within_the_root_stays_a_link_or_is_refused(root: Path) -> None:
    (root / "link").symlink_to("a.txt")
    try:
        write("link", "beta")
    except PathRefused:
        assert (root / "a.txt").read_text() == "alpha"
    else:
        assert (root / "a.txt").read_text() == "beta"
    assert (root / "link").is_symlink()


def test_root_is_read_only_unless_named(root: Path, settings: Settings) -> None:
    settings.WRITABLE_FILE_ROOTS = []
    for path in ("a.txt", "new.txt", f"{root}/new.txt"):
        with pytest.raises(ReadOnly, match="WRITABLE_FILE_ROOTS"):
            writing.aim_at(path)
    assert paths.read("a.txt").octets == b"alpha"


def test_of_several_roots_only_the_writable_one_is_changed(root: Path, settings: Settings) -> None:
    own = root.parent / "own"
    (own / "deep").mkdir(parents=True)
    settings.FILE_ROOTS, settings.WRITABLE_FILE_ROOTS = [root, own], [own]
    write("new.txt", "new")
    write("deep/new.txt", "new")
    assert names(own) == ["deep", "deep/new.txt", "new.txt"]
    # The same name means the same file to reading and writing: it is not made a second time elsewhere.
    with pytest.raises(ReadOnly):
        write("a.txt", "evil")


def test_read_only_marks_are_heeded(root: Path) -> None:
    (root / "a.txt").chmod(0o444)
    with pytest.raises(ReadOnly):
        write("a.txt", "beta")
    assert (root / "a.txt").read_text() == "alpha"


def test_large_contents_are_refused_before_and_after(root: Path) -> None:
    (root / "huge.txt").write_bytes(b"x" * (writing.MAX_WRITE_BYTES + 1))
    with pytest.raises(ToolFailed) as refused:
        writing.aim_at("huge.txt")
    assert refused.value.code == "too_large"
    with pytest.raises(ToolFailed) as refused:
        write("a.txt", "x" * (writing.MAX_WRITE_BYTES + 1))
    assert refused.value.code == "too_large"
    assert names(root) == ["a.txt", "folder", "huge.txt"]


def changed(root: Path) -> None:
    (root / "a.txt").write_text("other")


def exchanged(root: Path) -> None:
    (root / "b.txt").write_text("alpha")
    (root / "b.txt").replace(root / "a.txt")


def gone(root: Path) -> None:
    (root / "a.txt").unlink()


def now_a_link(root: Path) -> None:
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(root.parent / "secret.txt")


def now_a_folder(root: Path) -> None:
    (root / "a.txt").unlink()
    (root / "a.txt").mkdir()


CHANGES = (changed, exchanged, gone, now_a_link, now_a_folder)


@pytest.mark.parametrize("change", CHANGES)
def test_only_what_was_judged_is_changed(root: Path, change: Callable[[Path], None]) -> None:
    target = writing.aim_at("a.txt").target
    change(root)
    with pytest.raises(ToolFailed):
        write("a.txt", "beta", target=target)
    assert (root.parent / "secret.txt").read_text() == "outside"
    assert not [name for name in names(root) if name.endswith(".toolroom")]


@pytest.mark.parametrize("change", CHANGES)
def test_change_in_the_last_moment_is_noticed(root: Path, change: Callable[[Path], None]) -> None:
    """Somebody else writes after the file was opened and read, and before the new content takes its name."""
    with pytest.raises(ToolFailed) as refused:
        write_after(lambda: change(root), "a.txt")
    assert refused.value.code == "stale_target"
    assert (root.parent / "secret.txt").read_text() == "outside"
    assert not [name for name in names(root) if name.endswith(".toolroom")]


def test_new_file_that_somebody_else_made_meanwhile_stays_theirs(root: Path) -> None:
    target = writing.aim_at("new.txt").target
    with pytest.raises(StaleTarget):
        write_after(lambda: (root / "new.txt").write_text("theirs"), "new.txt")
    with pytest.raises(StaleTarget):
        write("new.txt", "mine", target=target)
    assert (root / "new.txt").read_text() == "theirs"


def test_new_file_is_bound_to_its_folder(root: Path) -> None:
    target = writing.aim_at("folder/new.txt").target
    (root / "folder").rename(root / "was")
    (root / "folder").mkdir()
    with pytest.raises(StaleTarget):
        write("folder/new.txt", "mine", target=target)
    assert names(root) == ["a.txt", "folder", "was"]


def test_what_fails_half_way_leaves_everything_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for path in ("a.txt", "new.txt"):
        with pytest.raises(ToolFailed, match="No space left") as refused:
            write(path, "beta")
        assert refused.value.code == "cannot_write"
    assert (root / "a.txt").read_text() == "alpha"
    assert names(root) == ["a.txt", "folder"]


def test_of_many_who_judged_the_same_file_one_changes_it(root: Path) -> None:
    target = writing.aim_at("a.txt").target
    barrier, told = threading.Barrier(8), []

    def attempt(number: int) -> None:
        barrier.wait(20)
        try:
            write("a.txt", f"by {number}", target=target)
            told.append(f"by {number}")
        except StaleTarget:
            told.append("")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 8
    assert [each for each in told if each] == [(root / "a.txt").read_text()]


def test_who_changes_in_turn_loses_nothing(root: Path) -> None:
    def add(number: int) -> None:
        while True:
            try:
                with writing.held("a.txt") as file:
                    file.write((file.octets or b"") + f" {number}".encode())
            except StaleTarget:
                continue
            return

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted((root / "a.txt").read_text().split()) == ["0", "1", "2", "3", "4", "5", "alpha"]


def test_folder_that_others_hold_is_busy_in_the_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LOCK_SECONDS", 0.0)
    with writing.held("a.txt"), pytest.raises(ToolFailed) as refused:
        write("new.txt", "new")
    assert refused.value.code == "busy"


def test_no_descriptor_is_left_open(root: Path) -> None:
    write("a.txt", "beta")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a.txt", "new.txt", "nowhere/new.txt", "folder", "../x", "a.txt/x"):
        try:
            write(path, "gamma")
        except ToolFailed:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_exchanging_a_folder_for_a_link_never_leads_out(root: Path) -> None:
    """Somebody swaps a folder for a link to outside, thousands of times, while files in it are written."""
    (root / "real").mkdir()
    (root / "swap").symlink_to("real")
    stop = threading.Event()

    def swapping() -> None:
        ways = ("real", str(root.parent), "../..")
        for turn in range(100_000):
            if stop.is_set():
                return
            (root / "next").symlink_to(ways[turn % 3])
            (root / "next").replace(root / "swap")

    swapper = threading.Thread(target=swapping)
    swapper.start()
    try:
        for turn in range(150):
            for path in ("swap/secret.txt", f"swap/made{turn}.txt"):
                try:
                    write(path, "evil")
                except ToolFailed:
                    continue
    finally:
        stop.set()
        swapper.join()
    assert (root.parent / "secret.txt").read_text() == "outside"
    assert sorted(path.name for path in root.parent.iterdir()) == ["root", "secret.txt"]
