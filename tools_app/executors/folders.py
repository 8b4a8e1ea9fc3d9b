"""Looks through folders beneath the roots, by handle: in order, through no link, and never without a bound."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools_app.exceptions import ToolFailed
from tools_app.executors import beneath, paths
from tools_app.executors.paths import PathRefused, Root, StaleTarget

MAX_DEPTH = 24
MAX_VISITED = 50_000
MAX_SECONDS = 20.0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, or a single file, that was opened to be looked through."""

    descriptor: int
    root: Root
    relative: str
    is_folder: bool

    @property
    def target(self) -> list[object]:
        found = os.fstat(self.descriptor)
        return [self.relative, found.st_dev, found.st_ino]


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder. `folder` is the handle of that folder, open only until the next entry."""

    folder: int
    name: str
    relative: str
    below: str
    depth: int
    mode: int
    size: int

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


@contextmanager
def opened(path: str, *, target: list[object] | None = None) -> Iterator[Place]:
    """The folder or file of this path; with `target`, only while it is what was judged."""
    for root in paths.roots():
        relative = paths.relative_to(path, root)
        descriptor = None if relative is None else paths.open_in(root, relative, beneath.LOOK)
        if descriptor is None:
            continue
        try:
            place = _judged(descriptor, root, relative or ".")
            if target is not None and list(target) != place.target:
                raise StaleTarget
            yield place
        finally:
            os.close(descriptor)
        return
    raise paths.missing(path)


def _judged(descriptor: int, root: Root, relative: str) -> Place:
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        return Place(descriptor, root, paths.true_name(descriptor, root, relative), is_folder=True)
    identity = paths.judged(descriptor, root, relative)
    return Place(descriptor, root, identity.relative, is_folder=False)


@dataclass(slots=True)
class Walk:
    """One look through a place. When it is over, `notes` says what it left out, and `left()` that time is up."""

    place: Place
    depth: int = MAX_DEPTH
    until: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    visited: int = 0
    unread: int = 0
    too_deep: int = 0
    stopped: str = ""

    def __iter__(self) -> Iterator[Entry]:
        handle = paths.open_in(self.place.root, self.place.relative, _FOLDER)
        if handle is None:
            raise StaleTarget
        try:
            if _which(handle) != _which(self.place.descriptor):
                raise StaleTarget
            yield from self._through(handle, "", 1)
        finally:
            os.close(handle)

    @property
    def notes(self) -> list[str]:
        told = [self.stopped] if self.stopped else []
        if self.visited > MAX_VISITED:
            told.append(f"There are more than {MAX_VISITED} names: this is only a part.")
        if self.too_deep and self.depth > 1:
            told.append(f"{self.too_deep} folders lie deeper and were not looked into.")
        if self.unread:
            told.append(f"{self.unread} folders cannot be read.")
        return told

    def is_over(self) -> bool:
        if not self.stopped and time.monotonic() > self.until:
            self.stopped = "Time is up: this is only a part. Look into a smaller folder."
        return bool(self.stopped)

    def _through(self, folder: int, below: str, depth: int) -> Iterator[Entry]:
        for name in self._names(folder):
            if self.is_over():
                return
            entry = self._entry(folder, name, f"{below}{name}", depth)
            if entry is None:
                continue
            yield entry
            if entry.is_folder:
                yield from self._into(entry)

    def _into(self, entry: Entry) -> Iterator[Entry]:
        if entry.depth >= self.depth or self.visited > MAX_VISITED:
            self.too_deep += entry.depth >= self.depth
            return
        try:
            # No link is followed, not even one that takes the folder's place at this moment.
            handle = os.open(entry.name, _FOLDER | os.O_NOFOLLOW, dir_fd=entry.folder)
        except OSError:
            self.unread += 1
            return
        try:
            paths.true_name(handle, self.place.root, entry.relative)
            yield from self._through(handle, f"{entry.below}/", entry.depth + 1)
        except PathRefused:
            self.unread += 1
        finally:
            os.close(handle)

    def _names(self, folder: int) -> list[str]:
        """In order, and no more of them than may be visited at all: a folder may hold millions."""
        names = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self.visited += 1
                    if self.visited > MAX_VISITED:
                        break
                    names.append(entry.name)
        except OSError:
            self.unread += 1
        return sorted(names)

    def _entry(self, folder: int, name: str, below: str, depth: int) -> Entry | None:
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        start = "" if self.place.relative == "." else f"{self.place.relative}/"
        return Entry(folder, name, f"{start}{below}", below, depth, found.st_mode, found.st_size)


def read(entry: Entry, root: Root, *, max_bytes: int) -> bytes:
    """The content of a file that a walk has found, judged like any other; raises ToolFailed."""
    try:
        descriptor = os.open(entry.name, beneath.READ | os.O_NOFOLLOW, dir_fd=entry.folder)
    except OSError as refused:
        raise PathRefused(f"{entry.relative!r} cannot be opened.") from refused
    try:
        identity = paths.judged(descriptor, root, entry.relative)
        if identity.size > max_bytes:
            raise paths.too_large(identity.size, max_bytes)
        return paths.content_of(descriptor, max_bytes)
    except OSError as broken:
        raise ToolFailed(f"{entry.relative!r} cannot be read.") from broken
    finally:
        os.close(descriptor)


def _which(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def shown(name: str) -> str:
    """A name in one line: what cannot be printed, or is no text at all, is written as its escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in name)
