"""Opens files beneath the configured roots, by handle. Text is never the boundary: what was opened is judged.

The only place of this room that opens files named by a model. Messages name the path as it was given, or
relative to its root, never the machine's own folders.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath

MAX_READ_BYTES = 10 * 2**20
_TRIES = 16
_UNNAMEABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
_KERNEL = ("/proc/", "/sys/", "/dev/")


class PathRefused(ToolFailed):
    """This path cannot be used. Give the path of a file inside the folders this tool may read."""

    code = "path_refused"
    status = 403


class FileMissing(ToolFailed):
    """There is no such file."""

    code = "not_found"
    status = 404


class StaleTarget(ToolFailed):
    """The file was exchanged for another one, or changed, since it was looked at. Read it again first."""

    code = "stale_target"
    status = 409


@dataclass(frozen=True, slots=True)
class Root:
    """A folder whose files tools may reach; hard links and changes only where the operator allows them."""

    path: Path
    allow_hard_links: bool = False
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file a path really means: the thing that rules and approvals are about."""

    root: str
    relative: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    links: int = 1

    @property
    def target(self) -> list[object]:
        return [self.relative, self.device, self.inode]


@dataclass(frozen=True, slots=True)
class FileContent:
    identity: FileIdentity
    octets: bytes


def roots() -> tuple[Root, ...]:
    with_links = {str(path) for path in settings.FILE_ROOTS_WITH_HARD_LINKS}
    writable = {str(path) for path in settings.WRITABLE_FILE_ROOTS}
    return tuple(
        Root(Path(path).absolute(), str(path) in with_links, str(path) in writable)
        for path in settings.FILE_ROOTS
    )


def identify(path: str) -> FileIdentity | None:
    """Which file this path means now, or None; raises PathRefused for what may not be opened."""
    try:
        with _opened(path, beneath.LOOK) as (_, identity):
            return identity
    except FileMissing:
        return None


def read(path: str, *, max_bytes: int = MAX_READ_BYTES, target: list[object] | None = None) -> FileContent:
    """Read a whole regular file; with `target`, only while it is the file that was judged."""
    with _opened(path, beneath.READ) as (descriptor, identity):
        if target is not None and list(target) != identity.target:
            raise StaleTarget
        return FileContent(identity, content_of(descriptor, max_bytes))


@contextmanager
def _opened(path: str, flags: int) -> Iterator[tuple[int, FileIdentity]]:
    for root in roots():
        relative = relative_to(path, root)
        if relative is None:
            continue
        descriptor = open_in(root, relative, flags)
        if descriptor is None:
            continue
        try:
            yield descriptor, judged(descriptor, root, relative)
        finally:
            os.close(descriptor)
        return
    raise missing(path)


def missing(path: str) -> ToolFailed:
    """What to raise where no root has this path: it lies outside of them all, or there is nothing."""
    if path.startswith("/") and not any(relative_to(path, root) for root in roots()):
        return PathRefused(
            f"The path {path!r} is outside of the folders this tool may read. Give a relative path."
        )
    return FileMissing(f"There is no file {path!r} in the folders this tool may read.")


def relative_to(path: str, root: Root) -> str | None:
    """The path below this root, or None if it names a place outside of it. Nothing is expanded."""
    if not path or len(path) > 4_096 or _UNNAMEABLE.search(path):
        raise PathRefused("The path is empty, too long, or holds characters that no file name should have.")
    if _ADDRESS.match(path):
        raise PathRefused("Give a plain path such as notes/plan.txt, not an address.")
    if path.startswith("/"):
        own = next((name for name in _names(root) if f"{path}/".startswith(name)), None)
        if own is None:
            return None
        path = path[len(own) :]
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if ".." in steps:
        raise PathRefused("The path must not climb with '..'.")
    return "/".join(steps) or "."


def _names(root: Root) -> tuple[str, str]:
    """The root as configured and as the system knows it, with a separator: /srv/a must not cover /srv/ab."""
    return f"{str(root.path).rstrip('/')}/", f"{os.path.realpath(root.path).rstrip('/')}/"


def open_in(root: Root, relative: str, flags: int) -> int | None:
    """Open beneath the root; None if nothing is there. What leads out of the root is refused, not missing."""
    try:
        handle = os.open(root.path, beneath.FOLDER)
    except OSError:
        return None
    try:
        return _living(handle, relative, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as refused:
        raise PathRefused(f"The file {relative!r} may not be read by this installation.") from refused
    except OSError as refused:
        # A link that leads out, links in a circle, a name that is too long: the model need not know which.
        raise PathRefused(f"The path {relative!r} leads out of the folder or cannot be opened.") from refused
    finally:
        os.close(handle)


def _living(handle: int, relative: str, flags: int) -> int | None:
    """A file that is replaced at this moment (`writing`) is opened under its name once more, not called deleted."""
    for _ in range(_TRIES):
        descriptor = beneath.open_beneath(handle, relative, flags)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)
    return None


def judged(descriptor: int, root: Root, relative: str) -> FileIdentity:
    """Judge the opened thing itself: between looking at a name and opening it, its meaning may change."""
    found = os.fstat(descriptor)
    if stat.S_ISDIR(found.st_mode):
        raise PathRefused(f"{relative!r} is a folder, not a file.", code="is_a_folder")
    if not stat.S_ISREG(found.st_mode):
        raise PathRefused(f"{relative!r} is not a regular file.")
    if found.st_nlink == 0:
        raise StaleTarget(f"The file {relative!r} was just deleted or replaced.")
    if found.st_nlink > 1 and not root.allow_hard_links:
        # A hard link is another name for a file that may belong outside of the root, and nothing shows where.
        raise PathRefused(f"{relative!r} has more than one name (a hard link), which is not allowed here.")
    return FileIdentity(
        root=str(root.path),
        relative=true_name(descriptor, root, relative),
        device=found.st_dev,
        inode=found.st_ino,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        links=found.st_nlink,
    )


def true_name(descriptor: int, root: Root, relative: str) -> str:
    """The path without links inside the root, where the system tells it: a link must not dodge a rule."""
    try:
        true = str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return relative
    if true.startswith(_KERNEL):
        raise PathRefused(f"{relative!r} is not a regular file.")
    below = _names(root)[1]
    if f"{true}/" == below:
        return "."
    return true[len(below) :] if true.startswith(below) else relative


def content_of(descriptor: int, max_bytes: int) -> bytes:
    """Read to the end, and not what the size said: it may have grown since it was asked."""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        octets = file.read(max_bytes + 1)
    if len(octets) > max_bytes:
        raise too_large(len(octets), max_bytes)
    return octets


def too_large(size: int, limit: int) -> ToolFailed:
    return ToolFailed(f"The file is too large: more than {min(size, limit)} bytes.", code="too_large")
