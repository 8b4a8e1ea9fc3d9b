"""Runs one measure against an installation or the floor, in the client's process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tests.bench.installation import ROOT, Installation
from tests.bench.wire import Seat

RUN_SECONDS = 240


class Measured(Protocol):
    port: int

    def pids(self) -> dict[str, int]: ...


def run(measured: Measured, measure: str, seats: Sequence[Seat], **options: Any) -> dict[str, Any]:
    plan = {"measure": measure, "port": measured.port, "seats": seats, "pids": measured.pids(), **options}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.client"],
        cwd=ROOT,
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        timeout=RUN_SECONDS,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def rows(installation: Installation, *words: str) -> Any:
    """Make rows in the installation's own database, by a process that reads its settings."""
    return within(installation, "tests.bench.rows", *words)


def within(installation: Installation, module: str, *words: str) -> Any:
    """What a module prints as JSON, run with the installation's own settings."""
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=installation.variables | _valkey(installation.variables),
        stdout=subprocess.PIPE,
        timeout=RUN_SECONDS,
        check=True,
    )
    return json.loads(done.stdout)


def _valkey(variables: Mapping[str, str]) -> dict[str, str]:
    return (
        {}
        if "REDIS_URL" in variables
        else {"REDIS_URL": f"unix://{variables['DATA_DIR']}/valkey/valkey.sock"}
    )


def seats(installation: Installation, count: int) -> list[Seat]:
    return [Seat(*pair) for pair in rows(installation, "seats", str(count))]
