"""`python -m tests.mutants [NAME ...]`: puts small faults into the gate, and looks whether a test notices each.

Prints what nobody noticed, and writes tests/mutants/result.json. It is slow, and no part of `make test`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.mutants import report
from tests.mutants.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]


def main() -> int:
    chosen = _arguments()
    os.nice(chosen.nice)
    kept = report.kept()
    for target in TARGETS:
        if not chosen.names or any(target.module.endswith(name) for name in chosen.names):
            began = time.monotonic()
            verdicts = _judged(target, chosen.only)
            print(report.line(target.module, verdicts, time.monotonic() - began), flush=True)
            for each in report.unexplained(verdicts):
                print(
                    f"   line {each['line']}: {each['name']}  [{each['verdict']}, {each['tests']} tests]",
                    flush=True,
                )
            if not chosen.only:
                kept[target.module] = report.summed(verdicts)
                report.keep(kept)
    return 0


def _judged(target: Target, only: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "verdicts.json"
        command = [
            sys.executable,
            "-m",
            "tests.mutants.process",
            target.module,
            str(out),
            only,
            *target.tests,
        ]
        said = subprocess.run(command, cwd=ROOT, check=False)
        if said.returncode or not out.exists():
            sys.exit(f"{target.module}: its tests cannot judge anything, see above")
        found: list[dict[str, Any]] = json.loads(out.read_text())
        return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="modules, by the end of their names; all of them if none")
    parser.add_argument("--only", default="", help="mutants whose name contains this; nothing is kept then")
    parser.add_argument("--nice", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
