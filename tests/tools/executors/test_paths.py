"""Files beneath a root: whatever the path says, only what lies inside is opened, and only regular files."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath, paths
from tools_app.executors.paths import FileMissing, PathRefused

SECRET = "outside-and-secret"


@pytest.fixture(params=["kernel", "steps"])
def root(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """Each test runs twice: with the kernel's own protection, and with the walk for systems without it."""
    if request.param == "kernel" and beneath._opener() is not beneath.open_by_kernel:
        pytest.skip("this kernel cannot open beneath a folder")
    found = tmp_path / "root"
    found.mkdir()
    (tmp_path / "secret.txt").write_text(SECRET)
    (found / "a.txt").write_text("alpha")
    (found / "folder").mkdir()
    (found / "folder" / "b.txt").write_text("beta")
    settings.FILE_ROOTS = [found]
    beneath._opener.cache_clear()
    unavailable = request.param == "steps"
    number, beneath._OPENAT2 = beneath._OPENAT2, 100_000 if unavailable else beneath._OPENAT2
    assert (beneath._opener() is beneath.open_by_steps) == unavailable
    yield found
    beneath._OPENAT2 = number
    beneath._opener.cache_clear()


def text(path: str) -> str:
    return paths.read(path).octets.decode()


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", ".//a.txt", "folder/b.txt", "folder//./b.txt"])
def test_files_inside_are_read(root: Path, path: str) -> None:
    assert text(path) in ("alpha", "beta")


def test_an_absolute_path_inside_the_root_is_the_same_file(root: Path) -> None:
    assert text(f"{root}/folder/b.txt") == "beta"
    assert paths.identify(f"{root}/a.txt") == paths.identify("a.txt")


def test_an_identity_says_which_file_it_is(root: Path) -> None:
    found = paths.identify("folder/b.txt")
    known = (root / "folder" / "b.txt").stat()
    assert found is not None
    assert (found.root, found.relative) == (str(root), "folder/b.txt")
    assert (found.device, found.inode, found.size) == (known.st_dev, known.st_ino, 4)
    assert found.mtime_ns == known.st_mtime_ns
    assert found.target == ["folder/b.txt", known.st_dev, known.st_ino]


def test_a_missing_file_has_no_identity(root: Path) -> None:
    for path in ("nothing.txt", "nowhere/nothing.txt", "a.txt/under", "~/a.txt", "$HOME", "*.txt", "a.tx?"):
        assert paths.identify(path) is None
        with pytest.raises(FileMissing):
            paths.read(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../secret.txt",
        "folder/../../secret.txt",
        "folder/../a.txt",
        "/etc/passwd",
        "/",
        "//etc/passwd",
        "/proc/self/environ",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "https://example.org/",
        "a.txt\x00.png",
        "a\n.txt",
        "\x7f",
        "\ud800",
        "x" * 5_000,
        "x" * 300,
    ],
)
def test_paths_that_lead_elsewhere_are_refused(root: Path, path: str) -> None:
    for act in (paths.identify, paths.read):
        with pytest.raises(PathRefused):
            act(path)


def test_a_folder_beside_the_root_with_the_same_beginning_is_outside(root: Path) -> None:
    beside = root.with_name("root-too")
    beside.mkdir()
    (beside / "c.txt").write_text(SECRET)
    with pytest.raises(PathRefused):
        paths.read(f"{beside}/c.txt")


def link_to_file(root: Path) -> str:
    (root / "link").symlink_to(root.parent / "secret.txt")
    return "link"


def relative_link(root: Path) -> str:
    (root / "link").symlink_to("../secret.txt")
    return "link"


def link_to_folder(root: Path) -> str:
    (root / "link").symlink_to(root.parent)
    return "link/secret.txt"


def link_through_folder(root: Path) -> str:
    (root / "folder" / "link").symlink_to("../../secret.txt")
    return "folder/link"


def link_to_root(root: Path) -> str:
    (root / "link").symlink_to("/")
    return "link/etc/passwd"


def link_to_process(root: Path) -> str:
    (root / "link").symlink_to("/proc/self/environ")
    return "link"


def link_in_a_circle(root: Path) -> str:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    return "one"


def hard_link(root: Path) -> str:
    (root / "hard").hardlink_to(root.parent / "secret.txt")
    return "hard"


def pipe(root: Path) -> str:
    os.mkfifo(root / "pipe")
    return "pipe"


def folder(root: Path) -> str:
    return "folder"


def the_root(root: Path) -> str:
    return "."


def listening_socket(root: Path) -> str:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(root)
        listener.bind("socket")
        os.chdir(here)
    return "socket"


EVIL = (
    link_to_file,
    relative_link,
    link_to_folder,
    link_through_folder,
    link_to_root,
    link_to_process,
    link_in_a_circle,
    hard_link,
    pipe,
    folder,
    the_root,
    listening_socket,
)


def outcome(act: Callable[[str], object], path: str) -> str | None:
    """What the model is told; None where there is no such file."""
    try:
        found = act(path)
    except ToolFailed as refused:
        return refused.message
    return None if found is None else f"{SECRET}: it was opened"


@pytest.mark.parametrize("make", EVIL)
def test_links_out_and_things_that_are_no_files_are_not_read(root: Path, make: Callable[[Path], str]) -> None:
    path = make(root)
    began = time.monotonic()
    for act in (paths.identify, paths.read):
        told = outcome(act, path)
        assert told is None or (SECRET not in told and str(root.parent) not in told)
    assert time.monotonic() - began < 30


def test_a_link_inside_is_the_file_it_leads_to_or_nothing(root: Path) -> None:
    (root / "folder" / "link").symlink_to("../a.txt")
    try:
        found = paths.identify("folder/link")
    except PathRefused:
        return
    assert found is not None
    assert found.relative == "a.txt"
    assert found == paths.identify("a.txt")


def test_hard_links_can_be_allowed_for_a_root(root: Path, settings: Settings) -> None:
    hard_link(root)
    settings.FILE_ROOTS_WITH_HARD_LINKS = [root]
    assert text("hard") == SECRET


def test_the_kernels_own_files_are_no_files_even_beneath_a_root(root: Path, settings: Settings) -> None:
    settings.FILE_ROOTS = [Path("/")]
    own = f"proc/{os.getpid()}"
    for path in (f"{own}/environ", f"/{own}/status", "sys/kernel/notes", f"{own}/fd/0"):
        for act in (paths.identify, paths.read):
            with pytest.raises(ToolFailed):
                act(path)


def test_devices_are_no_files(root: Path, settings: Settings) -> None:
    settings.FILE_ROOTS = [Path("/dev")]
    for path in ("null", "zero", "full"):
        with pytest.raises(PathRefused):
            paths.read(path)


def test_several_roots_are_tried_in_order(root: Path, settings: Settings, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.txt").write_text("second alpha")
    (second / "only.txt").write_text("only here")
    settings.FILE_ROOTS = [tmp_path / "not-there", root, second]
    assert text("a.txt") == "alpha"
    assert text("only.txt") == "only here"
    assert text(f"{second}/a.txt") == "second alpha"


def test_a_root_that_is_a_link_works_under_both_names(root: Path, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    settings.FILE_ROOTS = [tmp_path / "alias"]
    assert text("a.txt") == text(f"{tmp_path}/alias/a.txt") == text(f"{root}/a.txt") == "alpha"
    found = paths.identify("folder/b.txt")
    assert found is not None
    assert found.relative == "folder/b.txt"


def test_no_roots_mean_no_files(root: Path, settings: Settings) -> None:
    settings.FILE_ROOTS = []
    assert paths.identify("a.txt") is None


def test_large_files_are_refused(root: Path) -> None:
    assert paths.read("a.txt", max_bytes=5).octets == b"alpha"
    with pytest.raises(ToolFailed) as refused:
        paths.read("a.txt", max_bytes=4)
    assert refused.value.code == "too_large"


def test_a_file_that_was_exchanged_is_noticed(root: Path) -> None:
    judged = paths.identify("a.txt")
    assert judged is not None
    assert paths.read("a.txt", target=judged.target).octets == b"alpha"
    (root / "new.txt").write_text("other")
    (root / "new.txt").replace(root / "a.txt")
    with pytest.raises(ToolFailed) as refused:
        paths.read("a.txt", target=judged.target)
    assert refused.value.code == "stale_target"


def test_no_descriptor_is_left_open(root: Path) -> None:
    paths.identify("a.txt")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a.txt", "folder/b.txt", "nothing", "folder", "../x", "a.txt/x"):
        for act in (paths.identify, paths.read):
            outcome(act, path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_exchanging_a_folder_for_a_link_never_leads_out(root: Path) -> None:
    """Somebody swaps a folder for a link to outside, thousands of times, while its file is being read."""
    (root / "real").mkdir()
    (root / "real" / "secret.txt").write_text("inside")
    (root / "swap").symlink_to("real")
    stop = threading.Event()

    def swapping() -> None:
        targets = ("real", str(root.parent), "../..")
        for turn in range(100_000):
            if stop.is_set():
                return
            (root / "next").symlink_to(targets[turn % 3])
            (root / "next").replace(root / "swap")

    swapper = threading.Thread(target=swapping)
    swapper.start()
    try:
        seen = set()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            try:
                seen.add(text("swap/secret.txt"))
            except ToolFailed as refused:
                seen.add(type(refused).__name__)
    finally:
        stop.set()
        swapper.join()
    assert SECRET not in seen
