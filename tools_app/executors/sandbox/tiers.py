"""Which sandbox this machine has: tried for real once per process, never guessed from what is installed.

The tiers, best first: *bubblewrap*, and *namespaces*, where the helper program makes the same cell by itself. A machine
that allows neither (many containers forbid user namespaces) has none, and then nothing is run.
"""

from __future__ import annotations

import enum
import logging
import shutil
import sys
import threading
from dataclasses import dataclass

from django.conf import settings

log = logging.getLogger(__name__)


class Tier(enum.StrEnum):
    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces"


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a tier works here; if not, why, in words for the operator."""

    tier: Tier
    works: bool
    why: str = ""


_trials: dict[Tier, Trial] = {}
_lock = threading.Lock()
# Words of a program that only runs to its end where all that matters holds: not root, cut off, and able to fork.
_TRIAL = ("/bin/sh", "-c", 'test "$(id -u)" = 1000 && test ! -e /proc/self && (exit 0) && echo fit')


def bubblewrap() -> str:
    return shutil.which("bwrap") or ""


def tried(tier: Tier) -> Trial:
    with _lock:
        if tier not in _trials:
            _trials[tier] = _try(tier)
        return _trials[tier]


def all_tried() -> list[Trial]:
    """Every tier, also those the operator does not allow."""
    return [tried(tier) for tier in Tier]


def forget() -> None:
    """Try anew at the next question: something was installed, or taken away."""
    with _lock:
        _trials.clear()


def chosen() -> Tier | None:
    """The best tier that works, unless the operator asks for a better one."""
    return next((tier for tier in _allowed() if tried(tier).works), None)


def readiness() -> str:
    """Why nothing can be run here, or "" if it can."""
    if chosen() is not None:
        return ""
    if settings.SANDBOX == "off":
        return "The operator has switched the sandbox off (SANDBOX), so nothing is run."
    reasons = " ".join(f"{trial.tier.capitalize()}: {trial.why}" for trial in map(tried, _allowed()))
    return f"This machine has no sandbox, so nothing is run. {reasons}"


def _allowed() -> list[Tier]:
    if settings.SANDBOX == "off":
        return []
    return [Tier.BUBBLEWRAP] if settings.SANDBOX == Tier.BUBBLEWRAP else list(Tier)


def _try(tier: Tier) -> Trial:
    # Imported here: running needs to know the tiers.
    from tools_app.executors.sandbox import running
    from tools_app.executors.sandbox.cells import Limits, Program

    if not sys.platform.startswith("linux"):
        return Trial(tier, works=False, why="it needs Linux.")
    if tier is Tier.BUBBLEWRAP and not bubblewrap():
        return Trial(tier, works=False, why="it is not installed.")
    try:
        ran = running.in_cell(Program(_TRIAL, limits=Limits(seconds=20)), tier)
    except (running.CellBroken, OSError) as broken:
        log.warning("the sandbox %s does not work here: %s", tier, broken)
        return Trial(tier, works=False, why=f"it does not work here ({str(broken)[:200]}).")
    fits = ran.stdout.strip() == "fit"
    return Trial(tier, works=fits, why="" if fits else "a trial in it ended badly.")
