"""`make test`: every gate of the house, one after the other, and what each of them said at the end.

`python -m tests.everything NAME ...` runs only the named ones.
"""

import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import bubblewrap, chromium, sharing

PYTHON = sys.executable
BIN = Path(PYTHON).parent
ROOMS = ("manage.py", "project", "audit_app", "tools_app", "agents_app", "tests")
SUMMARY = re.compile(r"^=*\s*(.*\b(?:passed|failed|error|errors|no tests ran)\b.* in [\d.]+s.*?)\s*=*$")


@dataclass(frozen=True, slots=True)
class Gate:
    name: str
    title: str
    commands: tuple[tuple[str, ...], ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    gate: Gate
    passed: bool
    seconds: float
    summary: str
    unsteady: tuple[str, ...] = ()


MANAGE = (PYTHON, "manage.py")
SUITE = (
    *(PYTHON, "-m", "pytest", "tests", "--ignore=tests/browser", "-q"),
    # One more than most machines of CI have processors: see `tests/sharing.py`, and the order of `tests/conftest.py`.
    *("-n", "3", "--dist", "loadgroup"),
    "--no-loadscope-reorder",
)


def gates() -> list[Gate]:
    ruff = str(BIN / "ruff")
    return [
        Gate("lint", "Lint and form", ((ruff, "check", "."), (ruff, "format", "--check", "."))),
        Gate("types", "Types", ((PYTHON, "-m", "mypy", *ROOMS),), {"TESTING": "true"}),
        Gate(
            "migrations",
            "Migrations say what the models say",
            ((*MANAGE, "makemigrations", "--check", "--dry-run"),),
            {"TESTING": "true", "DATA_DIR": tempfile.gettempdir()},
        ),
        Gate(
            "deploy",
            "A production configuration is clean",
            ((*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),),
            production(),
        ),
        Gate(
            "sqlite",
            "The suite on SQLite, Valkey and Celery",
            (SUITE,),
            {"TEST_DATABASE": "sqlite"},
            before=_with_bubblewrap,
        ),
        Gate(
            "postgres",
            "What touches rows, again on PostgreSQL",
            (SUITE,),
            {"TEST_DATABASE": "postgres", "ONLY_WITH_ROWS": "true"},
            before=_with_bubblewrap,
        ),
        Gate(
            "browser",
            "The screens in Chromium",
            ((PYTHON, "-m", "pytest", "tests/browser", "-q", "-n", "2", "--dist", "worksteal"),),
            before=lambda: {"CHROMIUM": chromium.find_or_install()},
        ),
    ]


def _environment() -> dict[str, str]:
    """This shell's, with Python keeping what it has compiled: five hundred files, in thirty processes of each suite."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _with_bubblewrap() -> dict[str, str]:
    bubblewrap.find_or_install()
    return {}


def production() -> dict[str, str]:
    """Variables of an installation as the README tells operators to set them."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECRETS_KEY": "b25seS1mb3ItdGhlLWNoZWNrLW9mLWEtZGVwbG95bWU=",
        "DATABASE_URL": "postgres://toolroom:word@db.example/toolroom",
        "REDIS_URL": "rediss://:word@redis.example/0",
        "ALLOWED_HOSTS": "toolroom.example",
        "ALLOWED_ORIGINS": "https://toolroom.example",
        "DATA_DIR": tempfile.gettempdir(),
        "DEBUG": "false",
        "TESTING": "false",
    }


def run(gate: Gate) -> Outcome:
    print(f"\n\033[1m--- {gate.title} ({gate.name}) ---\033[0m", flush=True)
    began = time.monotonic()
    try:
        variables = {**_environment(), **gate.variables, **(gate.before() if gate.before else {})}
    except chromium.NoChromiumError as error:
        print(error, flush=True)
        return Outcome(gate, False, time.monotonic() - began, str(error))
    results = [follow(command, variables) for command in gate.commands]
    summary = "; ".join(said for _, said, _ in results if said)
    unsteady = tuple(test for _, _, tests in results for test in tests)
    passed = all(code == 0 for code, _, _ in results)
    return Outcome(gate, passed, time.monotonic() - began, summary, unsteady)


def follow(command: tuple[str, ...], variables: Mapping[str, str]) -> tuple[int, str, list[str]]:
    """Run a command and pass its lines on; keep the last one that sums up, and the tests that had a second try."""
    summary, unsteady = "", []
    process = subprocess.Popen(
        command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        found = SUMMARY.match(line.strip())
        summary = found.group(1) if found else summary
        if line.startswith("RERUN "):
            unsteady.append(line.split()[1].removesuffix(f"@{sharing.GROUP}"))
    return process.wait(), summary, unsteady


def main(names: list[str]) -> int:
    chosen = [gate for gate in gates() if not names or gate.name in names]
    outcomes = [run(gate) for gate in chosen]
    print("\n\033[1m--- Summary ---\033[0m")
    for outcome in outcomes:
        word = "passed" if outcome.passed else "FAILED"
        print(f"{outcome.gate.name:<11} {word:<7} {outcome.seconds:6.1f} s   {outcome.summary}")
    for test in dict.fromkeys(test for outcome in outcomes for test in outcome.unsteady):
        print(f"unsteady: {test} failed at its first try, which is a defect to look at")
    failed = [outcome.gate.name for outcome in outcomes if not outcome.passed]
    print(f"\n{len(outcomes) - len(failed)} of {len(outcomes)} gates passed.", flush=True)
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
