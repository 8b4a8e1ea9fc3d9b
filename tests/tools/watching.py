"""What the kernel saw being opened or changed beneath some folders: nobody in this process can touch a file unseen."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MODIFIED, _OPENED, _MOVED_TO, _CREATED, _DELETED = 0x2, 0x20, 0x80, 0x100, 0x200
_IS_FOLDER = 0x40000000
_HEAD = struct.Struct("iIII")


class Watch:
    def __init__(self, *tops: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "no inotify here")
        self._folders: dict[int, Path] = {}
        wanted = _MODIFIED | _OPENED | _MOVED_TO | _CREATED | _DELETED
        for folder in [each for top in tops for each in (top, *top.rglob("*"))]:
            if folder.is_dir() and not folder.is_symlink():
                number = self._libc.inotify_add_watch(self._handle, os.fsencode(folder), wanted)
                self._folders[number] = folder

    def seen(self) -> set[Path]:
        """The files that were opened, changed, made or taken away since this was asked last."""
        found = set()
        while octets := self._read():
            at = 0
            while at < len(octets):
                number, mask, _, length = _HEAD.unpack_from(octets, at)
                name = octets[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
                at += _HEAD.size + length
                if name and not mask & _IS_FOLDER:
                    found.add(self._folders[number] / os.fsdecode(name))
        return found

    def _read(self) -> bytes:
        try:
            return os.read(self._handle, 65_536)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self._handle)


@contextmanager
def watching(*tops: Path) -> Iterator[Watch]:
    watch = Watch(*tops)
    try:
        yield watch
    finally:
        watch.close()
