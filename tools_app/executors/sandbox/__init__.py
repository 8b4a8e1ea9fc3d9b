"""Runs a program of a tool in isolation: nothing of the machine is writable, nothing of the house visible, no network.

`run` is the one door. `readiness` says why there is no sandbox on this machine, and then nothing is run at all: limits
alone are no sandbox. What the tiers are and how they are found out is in `tiers.py`.
"""

from __future__ import annotations

from tools_app.executors.sandbox.cells import Bind, Limits, Program
from tools_app.executors.sandbox.running import Ran, SandboxBusy, SandboxMissing, run
from tools_app.executors.sandbox.tiers import Tier, all_tried, chosen, readiness, tried

__all__ = [
    "Bind",
    "Limits",
    "Program",
    "Ran",
    "SandboxBusy",
    "SandboxMissing",
    "Tier",
    "all_tried",
    "chosen",
    "readiness",
    "run",
    "tried",
]
