"""Descriptions of real services that nobody here wrote, installed once into `.published/` of the checkout.

They are data in npm packages, locked by hash; nothing of the packages runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[3] / ".published"


def folder() -> Path:
    """Where the packages are; skips, loudly, where they cannot be had."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed here: NO published description is imported")
    lock = HERE / "package-lock.json"
    INSTALLED.mkdir(exist_ok=True)
    found = INSTALLED / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    with (INSTALLED / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (found / "complete").exists():
            shutil.rmtree(found, ignore_errors=True)
            _install(found, lock)
            (found / "complete").touch()
    return found / "node_modules"


def _install(target: Path, lock: Path) -> None:
    target.mkdir()
    for name in ("package.json", lock.name):
        shutil.copy(HERE / name, target / name)
    # A cache of its own: the machine's home folder may not be one that can be written to.
    cache = ["--cache", str(INSTALLED / "npm-cache"), "--prefix", str(target)]
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", *cache]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=INSTALLED)
    if ended.returncode:
        pytest.skip(f"npm could not install: NO published description is imported. {ended.stderr[-500:]}")
    # The same documents again with every reference written out: most of what was unpacked, and nothing we read.
    for large in target.rglob("*.deref.json"):
        large.unlink()
