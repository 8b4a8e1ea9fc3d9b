"""Whether a statement of SQL only reads, for rules that ask it: the engine says so, in a process of its own."""

from __future__ import annotations

import logging
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

log = logging.getLogger(__name__)

UNREADABLE: Final = "unreadable"
_CHILD: Final = Path(__file__).with_name("reading_child.py")
_CLASSES: Final = frozenset({"read", "write", UNREADABLE})
_CHARS: Final = 20_000
_SECONDS: Final = 10
# A worker has many threads and few cores: the others wait their turn.
_places: Final = BoundedSemaphore(2)


class NotJudged(Exception):
    """Nobody could say it this time; it is asked anew the next time."""


def class_of(statement: str, *, foreign: bool = False) -> str:
    """`read` for exactly one SELECT that reaches no file, network or setting; `write`; else `unreadable`.

    Where a `foreign` engine will run it, only what all of them read alike is not unreadable. What nobody can say is
    unreadable: no rule allows that, and every rule that denies, denies it.
    """
    if len(statement) > _CHARS or find_spec("duckdb") is None:
        return UNREADABLE
    try:
        return _asked(statement, foreign=foreign)
    except NotJudged:
        log.warning("a statement of %s characters was not judged in time", len(statement))
        return UNREADABLE


@lru_cache(maxsize=512)
def _asked(statement: str, *, foreign: bool) -> str:
    """Remembered: the same statement is judged when it is asked for, at a verdict, and when it starts."""
    command = [sys.executable, "-I", str(_CHILD), *(["foreign"] if foreign else [])]
    try:
        with _places:
            ran = subprocess.run(
                command,
                input=statement.encode(),
                capture_output=True,
                timeout=_SECONDS,
                env={},
                cwd="/",
                check=False,
            )
    except (subprocess.TimeoutExpired, OSError, UnicodeEncodeError):
        raise NotJudged from None
    said = ran.stdout.decode("utf-8", "replace")
    return said if ran.returncode == 0 and said in _CLASSES else UNREADABLE
