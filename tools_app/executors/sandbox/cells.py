"""What a cell is made of: the program and its limits, and the plan of folders that the helper program builds it from.

Nothing but the system's programs and libraries, the interpreter, and what the caller binds is ever in it. What the
house keeps (its data, code and the folders of the file tools) is covered even where it lies beneath one of those.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

# Where the proxy listens inside; `cell.py` knows it too.
PROXY_PORT = 3128
WORKSPACE = "/workspace"
ATTACHMENTS = "/attachments"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
# Whom root becomes; a worker that is not root stays itself. Inside it is another number anyway.
NOBODY = 65_534
_SYSTEM = (
    *("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share", "include"),
    *("local/bin", "local/sbin", "local/lib", "local/lib64", "local/share", "local/include"),
)
_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_OF_ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl/certs", "/etc/mime.types")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_OWN_ETC = Path(__file__).with_name("etc")


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder of the machine, and where it is in the cell."""

    source: Path
    place: str
    is_writable: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `memory` is what all processes together may hold, `addresses` what each may ask for."""

    seconds: float = 60
    cpu_seconds: int = 60
    memory: int = 512 * 2**20
    addresses: int = 4 * 2**30
    processes: int = 64
    file_bytes: int = 256 * 2**20
    open_files: int = 256
    temporary_bytes: int = 64 * 2**20
    # Kept of each stream, beginning and end; what is read altogether before it counts as a flood.
    output_bytes: int = 64 * 2**10
    flood_bytes: int = 64 * 2**20

    @classmethod
    def of(cls, seconds: float) -> Limits:
        """What the operator allows a tool, for a use that may last this long."""
        return cls(
            seconds=seconds,
            cpu_seconds=max(1, math.ceil(seconds)),
            memory=settings.SANDBOX_MEMORY_MB * 2**20,
            processes=settings.SANDBOX_PROCESSES,
            file_bytes=settings.WORKSPACE_MB * 2**20,
        )


@dataclass(frozen=True, slots=True)
class Program:
    """What is to run: words, not a command line; a writable folder of its own if it has one, and what else it sees."""

    words: tuple[str, ...]
    workspace: Path | None = None
    workspace_bytes: int = 256 * 2**20
    binds: tuple[Bind, ...] = ()
    # Links made in the workspace unless something is there already: (target, place).
    wishes: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    given: bytes = b""
    # Hosts it may reach over https, through a proxy; none means that there is no network at all.
    hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def user() -> int:
    """Whom the files of a workspace belong to outside of the cell."""
    return NOBODY if os.getuid() == 0 else os.getuid()


def interpreter() -> str:
    """The Python beneath the house's own environment: in a cell there is only its standard library."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def plan(program: Program, tier: str, bubblewrap: str, *, control: int | None = None) -> dict[str, Any]:
    """What the helper program is told; `control` is where it hands its listening socket over, if there is a proxy."""
    binds = [*_system(), *_devices(), *_given(program)]
    limits = program.limits
    memory = [["/tmp", limits.temporary_bytes], ["/dev/shm", limits.temporary_bytes]]  # noqa: S108
    folder = WORKSPACE if program.workspace else "/tmp"  # noqa: S108
    return {
        "tier": tier,
        "bubblewrap": bubblewrap,
        "parent": os.getpid(),
        "user": NOBODY,
        "binds": binds,
        "links": [[str(Path(top).readlink()), top] for top in _TOP if Path(top).is_symlink()],
        "memory": memory,
        "masks": sorted(_masks(binds)),
        "control": control,
        "wishes": [list(wish) for wish in program.wishes],
        "folder": folder,
        "writable": ["/tmp", "/dev/shm", *([WORKSPACE] if program.workspace else [])],  # noqa: S108
        "words": list(program.words),
        "environment": {**_environment(folder), **(_PROXIED if program.hosts else {}), **program.environment},
        "limits": {
            "AS": limits.addresses,
            "CORE": 0,
            "CPU": limits.cpu_seconds,
            "FSIZE": limits.file_bytes,
            "NOFILE": limits.open_files,
            "NPROC": limits.processes,
        },
        "helper": [interpreter(), "-I", "-S", "-c", helper()],
    }


@lru_cache(maxsize=1)
def helper() -> str:
    return Path(__file__).with_name("cell.py").read_text(encoding="utf-8")


_PROXIED = {
    **dict.fromkeys(("https_proxy", "HTTPS_PROXY"), f"http://127.0.0.1:{PROXY_PORT}"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1"),
}


def _environment(folder: str) -> dict[str, str]:
    """Nothing of the worker's own environment: neither its keys nor what steers loaders and interpreters."""
    return {
        "PATH": PATH,
        "HOME": folder,
        "TMPDIR": "/tmp",  # noqa: S108
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "UTC",
        "USER": "sandbox",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _system() -> Iterator[dict[str, str]]:
    folders = [f"/usr/{name}" for name in _SYSTEM] + ["/nix/store"]
    there = [folder for folder in folders if Path(folder).is_dir()]
    there += [top for top in _TOP if Path(top).is_dir() and not Path(top).is_symlink()]
    home = _home_of_interpreter()
    if not any(Path(home).is_relative_to(folder) for folder in there):
        there.append(home)
    # What contains others comes first: it would cover them.
    for folder in sorted(there):
        yield {"from": folder, "to": folder, "how": "read"}
    for path in _OF_ETC:
        if Path(path).exists():
            yield {"from": os.path.realpath(path), "to": path, "how": "read"}
    for file in sorted(_OWN_ETC.iterdir()):
        yield {"from": str(file), "to": f"/etc/{file.name}", "how": "read"}


def _home_of_interpreter() -> str:
    """The folder with `bin` and `lib`; asked of the program itself, since a name in /usr/bin may lead elsewhere."""
    return str(Path(interpreter()).parent.parent)


def _devices() -> Iterator[dict[str, str]]:
    for name in _DEVICES:
        yield {"from": f"/dev/{name}", "to": f"/dev/{name}", "how": "device"}


def _given(program: Program) -> Iterator[dict[str, str]]:
    for bind in program.binds:
        how = "write" if bind.is_writable else "read"
        yield {"from": str(bind.source), "to": bind.place, "how": how}
    if program.workspace:
        yield {"from": str(program.workspace), "to": WORKSPACE, "how": "write"}


def _masks(binds: list[dict[str, str]]) -> Iterator[str]:
    """What the house keeps, wherever a bound folder would show it: /usr/src/app and the like are in fashion."""
    shown = [Path(bind["to"]) for bind in binds if bind["from"] == bind["to"] and Path(bind["to"]).is_dir()]
    kept = [settings.DATA_DIR, settings.BASE_DIR, settings.STATIC_ROOT, *settings.FILE_ROOTS]
    for folder in {Path(os.path.realpath(place)) for place in kept}:
        if folder.is_dir() and any(folder.is_relative_to(place) for place in shown):
            yield str(folder)
