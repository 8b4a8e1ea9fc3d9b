"""Changes files beneath the writable roots: whole, by handle, and only the file that was looked at.

What is written goes into a file of its own in the same folder, which then takes the name: whoever reads meanwhile
sees the old text or the new one, and a worker that dies in between leaves the old one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import posixpath
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath, paths
from tools_app.executors.paths import FileIdentity, FileMissing, PathRefused, Root, StaleTarget

MAX_WRITE_BYTES = 2**20
MAX_NEW_FOLDERS = 16
LOCK_SECONDS = 10.0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Whoever may read a file, and what people noted on it, stays as it was; rights of programs do not.
_KEPT_ATTRIBUTES = ("user.", "system.posix_acl_access")


class ReadOnly(PathRefused):
    """This may be read here but not changed."""

    code = "read_only"


@dataclass(frozen=True, slots=True)
class Base:
    """The nearest folder that exists on the way to a new file."""

    relative: str
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Aim:
    """What writing to a path means now: this content of this file, or a new file beneath this folder."""

    root: Root
    relative: str
    octets: bytes | None = None
    identity: FileIdentity | None = None
    base: Base | None = None

    @property
    def target(self) -> list[object]:
        """What an approval is bound to: the file and its very content, or where exactly the new one would be."""
        if self.identity is not None and self.octets is not None:
            return [*self.identity.target, hashlib.sha256(self.octets).hexdigest()]
        base = self.base or Base("", 0, 0)
        return [self.relative, "new", base.relative, base.device, base.inode]

    @property
    def new_folders(self) -> list[str]:
        if self.base is None:
            return []
        beside = self.relative.removeprefix(f"{self.base.relative}/")
        return beside.split("/")[:-1]


def aim_at(path: str) -> Aim:
    """What writing to this path would replace or create now; raises ToolFailed where that may never be."""
    if path.endswith("/"):
        raise PathRefused(f"{path!r} names a folder, not a file.", code="is_a_folder")
    identity = paths.identify(path)
    return _new(path) if identity is None else _existing(path, identity)


def _existing(path: str, identity: FileIdentity) -> Aim:
    root = next(root for root in paths.roots() if str(root.path) == identity.root)
    if not root.is_writable:
        raise _read_only(path)
    if identity.links > 1:
        # Even where reading it is allowed: nobody can see which other place would change with it.
        raise PathRefused(f"{path!r} has more than one name (a hard link); such a file is not changed.")
    content = paths.read(path, max_bytes=MAX_WRITE_BYTES, target=identity.target)
    return Aim(root, content.identity.relative, content.octets, content.identity)


def _new(path: str) -> Aim:
    """In the first writable root that has the folder already, else in the first writable one."""
    named = [(root, relative) for root in paths.roots() if (relative := paths.relative_to(path, root))]
    if not named:
        raise paths.missing(path)
    aims = [_beneath(root, relative) for root, relative in named if root.is_writable]
    if not aims:
        raise _read_only(path)
    return next((aim for aim in aims if not aim.new_folders), aims[0])


def _beneath(root: Root, relative: str) -> Aim:
    steps = relative.split("/")
    if len(steps) > 4 * MAX_NEW_FOLDERS:
        raise PathRefused("The path has too many folders in it.")
    for count in range(len(steps) - 1, -1, -1):
        prefix = "/".join(steps[:count]) or "."
        handle = paths.open_in(root, prefix, beneath.FOLDER)
        if handle is None:
            continue
        try:
            _require_absent(handle, steps[count])
            found, true = os.fstat(handle), paths.true_name(handle, root, prefix)
        finally:
            os.close(handle)
        own = "/".join(steps[count:])
        return Aim(root, own if true == "." else f"{true}/{own}", base=Base(true, found.st_dev, found.st_ino))
    raise FileMissing("The folder for files is missing. Its operator has to make it.")


def _require_absent(folder: int, name: str) -> None:
    """What is in the way of a new file or folder: a link that leads nowhere, or a file where a folder should be."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as refused:
        raise PathRefused("The path cannot be used: one of its names is too long for a file.") from refused
    raise PathRefused(f"{name!r} is there already, as a link that leads nowhere or as something else.")


@dataclass(slots=True)
class Held:
    """A file that no other worker changes meanwhile, with its folder's handle. `octets` is None for a new one."""

    aim: Aim
    folder: int
    name: str
    old: int | None = None
    octets: bytes | None = None

    def write(self, octets: bytes) -> None:
        """Put this in the file's place, at once and whole; raises StaleTarget if it is not the same any more."""
        if len(octets) > MAX_WRITE_BYTES:
            raise paths.too_large(len(octets), MAX_WRITE_BYTES)
        own = f".{secrets.token_hex(8)}.toolroom"
        try:
            self._write(own, octets)
        except OSError as refused:
            told = os.strerror(refused.errno or errno.EIO)
            raise ToolFailed(f"The file cannot be written here: {told}.", code="cannot_write") from refused
        finally:
            # Gone if all went well: it has taken the file's name.
            with suppress(OSError):
                os.unlink(own, dir_fd=self.folder)

    def _write(self, own: str, octets: bytes) -> None:
        descriptor = os.open(own, _CREATE, 0o600, dir_fd=self.folder)
        try:
            _fill(descriptor, octets)
            with self._place(descriptor):
                os.fsync(descriptor)
                self._require_unchanged()
                # The name is replaced, whatever it is by now: a link put there meanwhile is not followed.
                os.rename(own, self.name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        finally:
            os.close(descriptor)
        os.fsync(self.folder)

    @contextmanager
    def _place(self, descriptor: int) -> Iterator[None]:
        """Give the new content the rights of the old one; for a new file take the name, if nobody has it."""
        if self.old is not None:
            _keep_rights(self.old, descriptor)
            yield
            return
        try:
            placeholder = os.open(self.name, _CREATE, 0o666, dir_fd=self.folder)
        except FileExistsError:
            raise StaleTarget("A file of this name was made meanwhile.") from None
        try:
            os.fchmod(descriptor, stat.S_IMODE(os.fstat(placeholder).st_mode))
            yield
        except BaseException:
            os.unlink(self.name, dir_fd=self.folder)
            raise
        finally:
            os.close(placeholder)

    def _require_unchanged(self) -> None:
        """The last look before the name is taken. Programs outside of this house know no lock of ours."""
        if self.old is None:
            return
        try:
            named = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            raise StaleTarget from None
        os.lseek(self.old, 0, os.SEEK_SET)
        same = paths.content_of(self.old, MAX_WRITE_BYTES) == self.octets
        if not same or (named.st_dev, named.st_ino) != _which(self.old):
            raise StaleTarget


@contextmanager
def held(
    path: str, *, target: Sequence[object] | None = None, create_parents: bool = False
) -> Iterator[Held]:
    """Hold a file to change it; with `target`, only while it is what was judged, to the last byte."""
    aim = aim_at(path)
    if target is not None and list(target) != aim.target:
        raise StaleTarget
    if aim.new_folders and not create_parents:
        raise FileMissing(f"There is no folder {posixpath.dirname(path)!r}. Only if asked, it is made too.")
    with ExitStack() as stack:
        folder = _folder_of(aim)
        stack.callback(os.close, folder)
        _alone(folder)
        file = Held(aim, folder, posixpath.basename(aim.relative))
        if aim.identity is not None:
            file.old = _opened_again(folder, file.name)
            stack.callback(os.close, file.old)
            file.octets = _same_content(file.old, aim)
        yield file


def _folder_of(aim: Aim) -> int:
    """The handle of the file's folder; folders on the way to a new file are made one by one, through no link."""
    wanted = aim.base.relative if aim.base else posixpath.dirname(aim.relative) or "."
    folder = paths.open_in(aim.root, wanted, _FOLDER)
    if folder is None:
        raise StaleTarget
    try:
        if aim.base is not None and _which(folder) != (aim.base.device, aim.base.inode):
            raise StaleTarget
        if len(aim.new_folders) > MAX_NEW_FOLDERS:
            raise PathRefused(f"More than {MAX_NEW_FOLDERS} folders would have to be made.")
        for name in aim.new_folders:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
    except OSError as refused:
        os.close(folder)
        raise ToolFailed("The folder for this file cannot be made.", code="cannot_write") from refused
    except ToolFailed:
        os.close(folder)
        raise
    return folder


def _alone(folder: int) -> None:
    """One worker at a time changes files of a folder. The lock ends with the handle, so a dead worker frees it."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise ToolFailed(
                    "Others are changing files in this folder. Try again.", code="busy"
                ) from None
            time.sleep(0.02)
        except OSError as refused:
            raise ToolFailed("This folder cannot be locked for a change.", code="cannot_write") from refused
        else:
            return


def _opened_again(folder: int, name: str) -> int:
    try:
        return os.open(name, beneath.READ | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as gone:
        raise StaleTarget from gone


def _same_content(descriptor: int, aim: Aim) -> bytes:
    if aim.identity is None or _which(descriptor) != (aim.identity.device, aim.identity.inode):
        raise StaleTarget
    if not os.fstat(descriptor).st_mode & 0o222:
        raise ReadOnly(f"{aim.relative!r} is marked as read-only.")
    octets = paths.content_of(descriptor, MAX_WRITE_BYTES)
    if octets != aim.octets:
        raise StaleTarget
    return octets


def _which(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _fill(descriptor: int, octets: bytes) -> None:
    left = memoryview(octets)
    while left:
        left = left[os.write(descriptor, left) :]


def _keep_rights(old: int, new: int) -> None:
    was, now = os.fstat(old), os.fstat(new)
    if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        try:
            os.fchown(new, was.st_uid, was.st_gid)
        except PermissionError:
            raise ReadOnly("The file belongs to another account, which it would lose by a change.") from None
    with suppress(OSError):
        for name in os.listxattr(old):
            if name.startswith(_KEPT_ATTRIBUTES):
                os.setxattr(new, name, os.getxattr(old, name))
    os.fchmod(new, stat.S_IMODE(was.st_mode) & 0o777)


def _read_only(path: str) -> ReadOnly:
    return ReadOnly(
        f"{path!r} lies in a folder that may only be read here. The operator opens a folder for changes with "
        "the setting WRITABLE_FILE_ROOTS."
    )
