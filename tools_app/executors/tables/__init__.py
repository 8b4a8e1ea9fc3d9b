"""SQL over a person's own database and the files of a conversation, each statement in a process of its own.

That process is a program in the sandbox (`program.py`); without a sandbox there is no SQL. The database is a file in a
folder named by a keyed hash of person and organization, made at the first use.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings

from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import sandbox, stopping, workspaces
from tools_app.executors.base import Attached
from tools_app.executors.sandbox import Bind, Limits, Program, cells

log = logging.getLogger(__name__)

LIBRARY = "/opt/library"
DATABASE = "data.duckdb"
MAX_ROWS, MAX_BYTES = 200, 100_000
_ANSWER_BYTES = 4 * 2**20
_WAIT_SECONDS = 30
_SPILL_MB = 64
_ENDED = {
    "time": ("timeout", "It took longer than {seconds} seconds and was ended. Ask for less."),
    "memory": ("memory_limit", "It needed more memory than is allowed and was ended."),
    "disk": ("disk_full", "Your database is as large as it may be, or the disk is full."),
}


class QueryFailed(ToolFailed):
    """The statement could not be answered; the message is the engine's own."""

    code = "query_failed"
    status = 400


class DatabaseBusy(ToolFailed):
    """Another statement of yours is still at work on your database. Try again in a moment."""

    code = "busy"
    status = 409

    def __init__(self) -> None:
        super().__init__(retryable=True)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement, the files it may read, and whether it may change the person's own database."""

    sql: str
    files: tuple[Attached, ...] = ()
    writes: bool = False
    seconds: int = 30


@dataclass(frozen=True, slots=True)
class Table:
    """As much of the answer as may be shown, and whether there is more. `unread`: the files that are no tables."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    more: bool
    unread: list[str]
    seconds: float


def readiness() -> str:
    """Why no SQL can be run here, or ""."""
    return sandbox.readiness() or ("" if _library() else "The library for SQL (duckdb) is not installed.")


def ask(query: Query, context: ToolContext) -> Table:
    """Run one statement for this person. Raises QueryFailed with the engine's words, DatabaseBusy, or ToolFailed."""
    place = workspaces.of_person(context)
    with _held(place, alone=query.writes):
        ran = sandbox.run(_program(query, place), report=context.report_progress)
    if ran.cut:
        code, sentence = _ENDED.get(ran.cut, ("error", "It was ended."))
        raise ToolFailed(sentence.format(seconds=query.seconds), code=code)
    try:
        answer = json.loads(ran.raw)
    except ValueError:
        # The engine was killed by a limit, or broke: there is no answer, and nothing of it is for the model.
        log.warning("the SQL engine broke off (%s): %s", ran.code, ran.stderr.strip()[-500:])
        raise ToolFailed(
            "The database engine broke off. Ask for less at once.", code="engine_failed"
        ) from None
    if "error" in answer:
        raise QueryFailed(answer["error"])
    return Table(answer["columns"], answer["rows"], answer["more"], answer["unread"], ran.seconds)


def names(files: Iterable[Attached]) -> dict[str, str]:
    """The name of the table for each file: letters, digits and _, each once."""
    found: dict[str, str] = {}
    for file in files:
        stem = file.name.rpartition(".")[0] or file.name
        name = re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_")[:50] or "file"
        name = f"t_{name}" if name[0].isdigit() else name
        found[file.name] = _once(name, set(found.values()))
    return found


def _once(name: str, taken: set[str]) -> str:
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _program(query: Query, place: Path) -> Program:
    is_there = (place / DATABASE).is_file()
    opens = query.writes or is_there
    binds = [Bind(path, f"{LIBRARY}/{path.name}") for path in _library()]
    binds += [Bind(file.path, f"{cells.ATTACHMENTS}/{file.name}") for file in query.files]
    if opens and not query.writes:
        binds.append(Bind(place, "/database"))
    request = {
        "sql": query.sql,
        "writes": query.writes,
        "read_only": opens and not query.writes,
        "database": f"{cells.WORKSPACE if query.writes else '/database'}/{DATABASE}" if opens else ":memory:",
        "library": LIBRARY,
        "files": _files(query.files),
        "memory_mb": settings.SANDBOX_MEMORY_MB // 2,
        "spill_mb": _SPILL_MB // 2,
        "max_rows": MAX_ROWS,
        "max_bytes": MAX_BYTES,
    }
    return Program(
        (cells.interpreter(), "-I", "-S", "-c", _text()),
        workspace=place if query.writes else None,
        workspace_bytes=settings.WORKSPACE_MB * 2**20,
        binds=tuple(binds),
        given=json.dumps(request).encode(),
        limits=_limits(query.seconds),
    )


def _files(files: tuple[Attached, ...]) -> list[dict[str, str]]:
    tables = names(files)
    return [
        {
            "name": file.name,
            "table": tables[file.name],
            "path": f"{cells.ATTACHMENTS}/{file.name}",
            "media_type": file.media_type,
        }
        for file in files
    ]


def _limits(seconds: int) -> Limits:
    usual = Limits.of(min(seconds, settings.SANDBOX_MAX_SECONDS))
    return Limits(
        seconds=usual.seconds,
        cpu_seconds=usual.cpu_seconds * 2,
        memory=usual.memory,
        processes=usual.processes,
        file_bytes=usual.file_bytes,
        temporary_bytes=_SPILL_MB * 2**20,
        output_bytes=_ANSWER_BYTES,
    )


@lru_cache(maxsize=1)
def _text() -> str:
    return Path(__file__).with_name("program.py").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _library() -> tuple[Path, ...]:
    """The engine's files, found without loading it: a worker needs none of it."""
    package, core = find_spec("duckdb"), find_spec("_duckdb")
    if package is None or core is None or package.origin is None or core.origin is None:
        return ()
    folder = Path(package.origin).parent
    # It asks for its own version when it is loaded.
    return folder, Path(core.origin), *folder.parent.glob("duckdb-*.dist-info")


@contextmanager
def _held(place: Path, *, alone: bool) -> Iterator[None]:
    """Many may read, one may write. The kernel lets go when the holder dies, however it dies."""
    lock = os.open(f"{place}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _take(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


def _take(lock: int, kind: int) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            stopping.check()
            if time.monotonic() > deadline:
                raise DatabaseBusy from None
            time.sleep(0.05)
        else:
            return
