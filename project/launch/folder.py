"""The data folder: made, checked, locked against a second start, and given its keys."""

import base64
import fcntl
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from project.launch.refusal import Refusal

NEEDED_BYTES = 50_000_000
# A unix socket's path has 107 bytes on Linux and 103 on macOS.
SOCKET_PATH_BYTES = 103


@dataclass(frozen=True, slots=True)
class Lock:
    """Held as long as the file is open; the system lets go of it when the process ends, however it ends."""

    file: IO[str]


def prepare(folder: Path) -> Lock:
    """Make the folder usable by its owner only, and keep it for this process."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check_space(folder)
        lock = _lock(folder)
        for name in ("valkey", "files"):
            (folder / name).mkdir(exist_ok=True, mode=0o700)
        keep_once(folder / "secret-key", secrets.token_urlsafe(50))
        keep_once(folder / "secrets-key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    except OSError as error:
        raise Refusal(f"The data folder {folder} cannot be used: {_reason(error)}.") from error
    return lock


def keep_once(path: Path, value: str) -> str:
    """Write a secret into a file of its owner's, or read the one that is there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="utf-8").strip()
        if kept:
            return kept
        path.unlink()
        return keep_once(path, value)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(value + "\n")
    return value


def socket_for(folder: Path) -> Path:
    """Choose where Valkey listens: in the data folder, or in a private one where its path is too long."""
    usual = folder / "valkey" / "valkey.sock"
    if len(os.fsencode(usual)) <= SOCKET_PATH_BYTES:
        return usual
    return Path(tempfile.mkdtemp(prefix="toolroom-")) / "valkey.sock"


def _lock(folder: Path) -> Lock:
    file = (folder / "up.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise Refusal(f"Toolroom already runs on the data folder {folder} (process {owner}).") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return Lock(file)


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise Refusal(
            f"The disk of the data folder {folder} is full ({free // 1_000_000} MB left, "
            f"{NEEDED_BYTES // 1_000_000} MB needed). Free some space, or set DATA_DIR to another disk."
        )


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
