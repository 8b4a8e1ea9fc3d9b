"""Opens a path beneath a folder's handle without ever leaving it: by the kernel if it can, else by steps."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import lru_cache

_ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
READ = os.O_RDONLY | _ALWAYS
# Looking opens nothing: no permission to read is needed, and a pipe or device notices nothing.
LOOK = getattr(os, "O_PATH", os.O_RDONLY) | _ALWAYS
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_OPENAT2 = 437
_NO_MAGICLINKS = 0x02
_BENEATH = 0x08
_UNAVAILABLE = (errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.E2BIG)
_TRIES = 16


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


Opener = Callable[[int, str, int], int]


def open_beneath(folder: int, relative: str, flags: int) -> int:
    """Return a descriptor; raises OSError, also for every way out of the folder."""
    return _opener()(folder, relative, flags)


@lru_cache(maxsize=1)
def _opener() -> Opener:
    """Ask the kernel once whether it can; containers and old kernels answer that the call does not exist."""
    here = os.open("/", FOLDER)
    try:
        os.close(open_by_kernel(here, ".", LOOK))
    except OSError as refused:
        if refused.errno not in _UNAVAILABLE:
            raise
        return open_by_steps
    except AttributeError:
        return open_by_steps
    finally:
        os.close(here)
    return open_by_kernel


def open_by_kernel(folder: int, relative: str, flags: int) -> int:
    """`openat2` with RESOLVE_BENEATH: links are followed only as long as they stay inside."""
    how = _How(flags=_supported(flags), resolve=_BENEATH | _NO_MAGICLINKS)
    call = _libc().syscall
    for _ in range(_TRIES):
        found: int = call(
            ctypes.c_long(_OPENAT2),
            ctypes.c_int(folder),
            ctypes.c_char_p(os.fsencode(relative)),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if found >= 0:
            return found
        # Something was renamed while the kernel walked: it cannot tell whether it stayed inside.
        if ctypes.get_errno() != errno.EAGAIN:
            break
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def open_by_steps(folder: int, relative: str, flags: int) -> int:
    """Without the kernel's help: one name after the other, and no link is followed at all."""
    *folders, last = relative.split("/")
    current = os.dup(folder)
    try:
        for name in folders:
            below = os.open(
                _plain(name), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current
            )
            os.close(current)
            current = below
        found = os.open(_plain(last), flags | os.O_NOFOLLOW, dir_fd=current)
    finally:
        os.close(current)
    return _no_link(found)


def _plain(name: str) -> str:
    if name == "..":
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    return name


def _no_link(descriptor: int) -> int:
    """With O_PATH, O_NOFOLLOW opens the link itself instead of failing."""
    try:
        os.readlink("", dir_fd=descriptor)
    except OSError:
        return descriptor
    os.close(descriptor)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _supported(flags: int) -> int:
    """Unlike `open`, `openat2` refuses flags that mean nothing together with O_PATH."""
    looking = getattr(os, "O_PATH", 0)
    return flags & (looking | os.O_CLOEXEC | os.O_DIRECTORY) if looking and flags & looking else flags


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
