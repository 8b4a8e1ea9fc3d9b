"""Cells for tests: each tier that works on this machine, a workspace, and a short way to run a line in one."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tools_app.executors import sandbox
from tools_app.executors.sandbox import Limits, Program, Ran, Tier, cells, running

TIERS = list(Tier)
PYTHON = f"{cells.interpreter()} -I -S -c"


@dataclass(frozen=True)
class Cell:
    tier: Tier
    place: Path

    def __call__(self, command: str, *, workspace_bytes: int = 256 * 2**20, **limits: Any) -> Ran:
        """Run a line of shell; further words change its limits."""
        known = replace(Limits(seconds=30), **limits)
        words = ("/bin/sh", "-c", command)
        program = Program(words, workspace=self.place, workspace_bytes=workspace_bytes, limits=known)
        return running.in_cell(program, self.tier)

    def code(self, code: str, **limits: Any) -> Ran:
        """The same for Python."""
        (self.place / "code.py").write_text(code)
        return self(f"{cells.interpreter()} -I -S code.py", **limits)


@pytest.fixture(params=TIERS)
def cell(request: pytest.FixtureRequest, tmp_path: Path) -> Cell:
    trial = sandbox.tried(request.param)
    if not trial.works:
        pytest.skip(f"THE SANDBOX {request.param} IS NOT TESTED HERE: {trial.why}")
    return Cell(request.param, workspace(tmp_path / "workspace"))


def workspace(folder: Path) -> Path:
    folder.mkdir()
    os.chown(folder, cells.user(), -1)
    return folder
