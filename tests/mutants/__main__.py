"""`python -m tests.mutants [NAME ...]`: puts small faults into the gate, and looks whether a test notices each.

Prints what nobody noticed, and writes tests/mutants/result.json. It is slow, and no part of `make test`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.mutants.targets import TARGETS

ROOT = Path(__file__).parents[2]


def main() -> int:
    chosen = _arguments()
    which = "--again" if chosen.again else chosen.only
    os.nice(chosen.nice)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target in TARGETS:
        if not chosen.names or any(target.module.endswith(name) for name in chosen.names):
            groups[target.tests].append(target.module)
    ended = 0
    for tests, modules in groups.items():
        command = [sys.executable, "-m", "tests.mutants.process", ",".join(modules), which, *tests]
        ended = subprocess.run(command, cwd=ROOT, check=False).returncode or ended
    return ended


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="modules, by the end of their names; all of them if none")
    parser.add_argument("--only", default="", help="mutants whose name contains this; nothing is kept then")
    parser.add_argument(
        "--again", action="store_true", help="only what nobody noticed the last time, as after a new test"
    )
    parser.add_argument("--nice", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
