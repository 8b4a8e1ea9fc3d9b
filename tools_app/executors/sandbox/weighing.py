"""What a cell takes of the machine: the memory of all its processes together, and the disk under its workspace."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tools_app.executors.sandbox.cells import Program

UNKNOWN = 2**62
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4_096
MOST_FILES = 20_000
# The disk is everybody's: no cell may have the last of it.
_SPARE = 256 * 2**20


def memory(process: int) -> int:
    """Bytes that this process and all beneath it hold; what they share counts once for each."""
    total, left, seen = 0, [process], 0
    while left and seen < 1_000:
        current = left.pop()
        seen += 1
        try:
            total += int(Path(f"/proc/{current}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
            for thread in Path(f"/proc/{current}/task").iterdir():
                left += map(int, (thread / "children").read_text(encoding="ascii").split())
        except (OSError, ValueError, IndexError):
            # It has ended meanwhile.
            continue
    return total


def folder(place: Path) -> tuple[int, int]:
    """Bytes and number of everything in a folder; no link is followed.

    UNKNOWN where somebody has made sure that it cannot be looked into: locked, or deeper than a path is long.
    """
    size = count = 0
    left = [str(place)]
    while left and count <= 2 * MOST_FILES:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    count += 1
                    size += _size(entry)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
        except FileNotFoundError:
            # Removed meanwhile.
            continue
        except OSError:
            return UNKNOWN, count
    return size, count


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        return 0


class Room:
    """Looks at a workspace now and then, more seldom where looking takes long.

    What was too much before may stay: only growing beyond it is refused, so that there is a way to tidy up.
    """

    def __init__(self, place: Path, limit: int) -> None:
        self._place = place
        self._bytes, self._files = folder(place)
        self._limit = max(limit, self._bytes) if self._bytes < UNKNOWN else limit
        self._most = max(MOST_FILES, self._files)
        self._next = 0.0

    def is_used_up(self) -> bool:
        began = time.monotonic()
        if began < self._next:
            return False
        self._bytes, self._files = folder(self._place)
        ended = time.monotonic()
        self._next = ended + max(0.1, 8 * (ended - began))
        return self._bytes > self._limit or self._files > self._most or self._is_last()

    def _is_last(self) -> bool:
        space = os.statvfs(self._place)
        return space.f_bavail * space.f_frsize < _SPARE


class NoRoom(Room):
    """Of a program without a folder of its own."""

    def __init__(self) -> None:
        pass

    def is_used_up(self) -> bool:
        return False


def room(program: Program) -> Room:
    if program.workspace is None:
        return NoRoom()
    return Room(program.workspace, program.workspace_bytes)
