"""MCP servers that nobody here wrote, each in an environment of its own, installed once into `.peers/` of the checkout.

What is installed is locked by hash. A machine without npm has the Python ones only.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[3] / ".peers"
NO_NPM = "npm is not installed here: the servers everything, filesystem and memory are NOT tested"


def python() -> Path:
    """The folder of the programs mcp-server-time, mcp-server-git and mcp-server-fetch."""
    return _installed("python", HERE / "requirements.lock", _install_python) / "bin"


def node() -> Path | None:
    """The folder of the programs mcp-server-everything, -filesystem and -memory; None without npm."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return None
    return _installed("node", HERE / "package-lock.json", _install_node) / "node_modules" / ".bin"


def _installed(kind: str, lock: Path, install: Callable[[Path, Path], None]) -> Path:
    """Installed if this very lock was not yet; others that want the same at once wait."""
    INSTALLED.mkdir(exist_ok=True)
    folder = INSTALLED / f"{kind}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    with (INSTALLED / f"{kind}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            install(folder, lock)
            (folder / "complete").touch()
    return folder


def _install_python(folder: Path, lock: Path) -> None:
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    uv = str(Path(sys.executable).with_name("uv"))
    _run(
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        str(folder / "bin" / "python"),
        str(lock),
    )


def _install_node(folder: Path, lock: Path) -> None:
    folder.mkdir()
    for name in ("package.json", lock.name):
        shutil.copy(HERE / name, folder / name)
    own_cache = ("--cache", str(INSTALLED / "npm-cache"))
    _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", *own_cache, "--prefix", str(folder))


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=INSTALLED)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}")
