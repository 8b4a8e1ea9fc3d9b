"""`python -m tests.mutants [NAME ...]`: puts small faults into the gate, and looks whether a test notices each.

Prints what nobody noticed, and writes tests/mutants/result.json. It is slow, and no part of `make test`.
At the end it names what was judged in another form than today's, and what never was; --stale does that alone.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.mutants import making, report
from tests.mutants.targets import TARGETS

ROOT = Path(__file__).parents[2]


def main() -> int:
    chosen = _arguments()
    if chosen.stale:
        _tell_stale()
        return 0
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
    _tell_stale()
    return ended


def faults_of(module: str) -> str:
    """The fingerprint of the module as it stands; nothing of it is loaded."""
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return report.fingerprint(each.name for each in making.mutants(module, ast.parse(source.read_text())))


def _tell_stale() -> None:
    changed, never = report.stale(report.kept(), {each.module: faults_of(each.module) for each in TARGETS})
    for told, modules in (("Changed since they were judged", changed), ("Never judged", never)):
        print(f"{told}: {', '.join(modules) or 'none'}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="modules, by the end of their names; all of them if none")
    parser.add_argument("--only", default="", help="mutants whose name contains this; nothing is kept then")
    parser.add_argument(
        "--again", action="store_true", help="only what nobody noticed the last time, as after a new test"
    )
    parser.add_argument("--stale", action="store_true", help="judge nothing, name what should be judged anew")
    parser.add_argument("--nice", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
