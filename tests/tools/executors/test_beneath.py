"""Both ways of opening beneath a folder, asked directly: what is opened how, and which errors say what."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tools_app.executors import beneath
from tools_app.executors.beneath import Opener


def knows_openat2() -> bool:
    """Asked without any of the code that is tested: a structure of no size is refused by who knows the call."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(437, -1, None, None, 0)
    return ctypes.get_errno() == errno.EINVAL


LINUX = pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux opens files without reading them")
KERNEL = pytest.mark.skipif(not knows_openat2(), reason="this kernel cannot open beneath a folder")


@pytest.fixture(params=[pytest.param("kernel", marks=KERNEL), "steps"])
def opener(request: pytest.FixtureRequest) -> Opener:
    return beneath.open_by_kernel if request.param == "kernel" else beneath.open_by_steps


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "a.txt").write_text("alpha")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "b.txt").write_text("beta")
    (tmp_path / "link").symlink_to("a.txt")
    found = os.open(tmp_path, beneath.FOLDER)
    yield found
    os.close(found)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    yield
    beneath._opener.cache_clear()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@KERNEL
def test_the_kernel_is_asked_where_it_can() -> None:
    beneath._opener.cache_clear()
    before = open_files()
    assert beneath._opener() is beneath.open_by_kernel
    assert open_files() == before


@pytest.mark.parametrize(
    "refusal",
    [AttributeError(), *map(OSError, (errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG), "abcd")],
)
def test_systems_that_cannot_are_walked(refusal: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "open_by_kernel", raising(refusal))
    beneath._opener.cache_clear()
    before = open_files()
    assert beneath._opener() is beneath.open_by_steps
    assert open_files() == before


def test_a_machine_out_of_files_is_not_taken_for_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "open_by_kernel", raising(OSError(errno.EMFILE, "too many")))
    beneath._opener.cache_clear()
    with pytest.raises(OSError, match="too many"):
        beneath._opener()


def raising(error: Exception) -> Callable[..., int]:
    def refuses(*_: Any) -> int:
        raise error

    return refuses


@pytest.mark.parametrize(("path", "text"), [("a.txt", b"alpha"), ("deep/er/b.txt", b"beta")])
def test_a_file_is_opened_for_this_process_alone_and_never_waited_for(
    folder: int, opener: Opener, path: str, text: bytes
) -> None:
    before = open_files()
    found = opener(folder, path, beneath.READ)
    try:
        assert os.read(found, 10) == text
        assert not os.get_inheritable(found)
        assert fcntl.fcntl(found, fcntl.F_GETFL) & os.O_NONBLOCK
    finally:
        os.close(found)
    assert open_files() == before


def test_whoever_opens_need_not_know_how(folder: int) -> None:
    found = beneath.open_beneath(folder, "deep/er/b.txt", beneath.READ)
    try:
        assert os.read(found, 10) == b"beta"
    finally:
        os.close(found)


@LINUX
def test_looking_reads_nothing(folder: int, opener: Opener) -> None:
    for path, flags in (("a.txt", beneath.LOOK), ("deep", beneath.FOLDER)):
        found = opener(folder, path, flags)
        try:
            assert fcntl.fcntl(found, fcntl.F_GETFL) & os.O_PATH
            assert not os.get_inheritable(found)
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.read(found, 1)
        finally:
            os.close(found)


def refusal(opener: Opener, folder: int, path: str, how: str = "READ") -> int | None:
    """The number of the error; no descriptor is left behind."""
    before = open_files()
    with pytest.raises(OSError) as refused:
        opener(folder, path, getattr(beneath, how))
    assert open_files() == before
    return refused.value.errno


def test_errors_say_what_they_are(folder: int, opener: Opener) -> None:
    assert refusal(opener, folder, "nothing") == errno.ENOENT
    assert refusal(opener, folder, "deep/nothing/x") == errno.ENOENT
    assert refusal(opener, folder, "a.txt/x") == errno.ENOTDIR
    assert refusal(opener, folder, "a.txt", "FOLDER") == errno.ENOTDIR
    for path in ("..", "deep/../../x", "../x"):
        assert refusal(opener, folder, path) == errno.EXDEV


def test_what_is_no_folder_is_not_even_opened_as_one(folder: int, opener: Opener, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
        assert refusal(opener, folder, "socket/x") == errno.ENOTDIR


@pytest.mark.parametrize("how", ["READ", "LOOK"])
def test_without_the_kernel_no_link_is_followed(folder: int, how: str) -> None:
    assert refusal(beneath.open_by_steps, folder, "link", how) == errno.ELOOP


@KERNEL
@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no such files here")
def test_other_file_systems_beneath_the_folder_belong_to_it() -> None:
    top = os.open("/", beneath.FOLDER)
    try:
        os.close(beneath.open_by_kernel(top, "proc/version", beneath.LOOK))
        assert refusal(beneath.open_by_kernel, top, "proc/self/cwd/x") == errno.ELOOP
    finally:
        os.close(top)


class Kernel:
    """Answers in turn; a negative answer is an error of that number."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.asked = list(answers), 0

    def syscall(self, *_: Any) -> int:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        ctypes.set_errno(-answer if answer < 0 else 0)
        return max(answer, -1)


@pytest.mark.parametrize(
    ("answers", "found", "asked"),
    [((0,), 0, 1), ((7,), 7, 1), ((-errno.EAGAIN, 7), 7, 2), ((-errno.EAGAIN, -errno.EAGAIN, 0), 0, 3)],
)
def test_the_kernel_is_asked_again_where_something_was_renamed_meanwhile(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[int, ...], found: int, asked: int
) -> None:
    kernel = Kernel(*answers)
    monkeypatch.setattr(beneath, "_libc", lambda: kernel)
    assert (beneath.open_by_kernel(3, "a.txt", beneath.READ), kernel.asked) == (found, asked)


def test_it_is_asked_only_for_that_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, least, most in ((errno.ENOENT, 1, 1), (errno.EAGAIN, 3, 100)):
        kernel = Kernel(-number)
        monkeypatch.setattr(beneath, "_libc", lambda kernel=kernel: kernel)
        with pytest.raises(OSError, match=os.strerror(number)) as refused:
            beneath.open_by_kernel(3, "a.txt", beneath.READ)
        assert refused.value.errno == number
        assert least <= kernel.asked <= most


def test_systems_that_cannot_look_without_opening_keep_their_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_PATH", raising=False)
    assert beneath._supported(beneath.READ | os.O_WRONLY) == beneath.READ | os.O_WRONLY
