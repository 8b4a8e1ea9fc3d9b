"""A Python that is too old is told so in one sentence, which it must be able to read first."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FIRST = ROOT / "project" / "launch" / "oldest.py"
# What Python 2.7 cannot read, or reads as something else.
NEWER = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.Starred,
    ast.AsyncFunctionDef,
    ast.Nonlocal,
    ast.YieldFrom,
    ast.MatMult,
    ast.TryStar,
    ast.Match,
)


def unreadable(code: str) -> list[str]:
    """The names of what an old Python would stumble over."""
    found = [] if code.isascii() else ["a letter outside of ASCII"]
    try:
        tree = ast.parse(code, feature_version=(3, 4))
    except SyntaxError as error:
        return [error.msg]
    for node in ast.walk(tree):
        arguments = node.args if isinstance(node, ast.FunctionDef | ast.Lambda) else None
        if isinstance(node, NEWER):
            found.append(type(node).__name__)
        elif getattr(node, "annotation", None) or getattr(node, "returns", None):
            found.append("an annotation")
        elif arguments and (arguments.kwonlyargs or arguments.posonlyargs):
            found.append("an argument of a newer kind")
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            found.append("print")
        elif isinstance(node, ast.Raise) and node.cause:
            found.append("raise from")
    return found


def test_every_command_begins_with_the_file_that_looks() -> None:
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "$(PYTHON)" in line]
    assert lines
    assert all("$(PYTHON) project/launch/oldest.py " in line for line in lines)


def test_old_pythons_can_read_the_first_file() -> None:
    assert unreadable(FIRST.read_text()) == []


@pytest.mark.parametrize(
    "code",
    [
        "f'{a}'",
        "a: int = 1",
        "1_000",
        "(a := 1)",
        "async def f(): pass",
        "def f(a: int): pass",
        "def f() -> int: pass",
        "def f(*, a): pass",
        "f(*a, b)",
        "print(a, flush=True)",
        "'\N{HORIZONTAL ELLIPSIS}'",
        "try: pass\nexcept E as e: raise F from e",
    ],
)
def test_what_they_cannot_read_is_recognised(code: str) -> None:
    assert unreadable(code)


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 4, 10), (3, 10, 14)])
def test_an_old_python_is_told_in_one_sentence(version: tuple[int, int, int]) -> None:
    told = _run(f"import runpy, sys; sys.version_info = {version}; runpy.run_path({str(FIRST)!r})")
    assert (told.returncode, told.stdout) == (1, "")
    seen = f"{sys.executable} is {version[0]}.{version[1]}."
    assert told.stderr == (
        f"Toolroom did not start: Python 3.11 or newer is needed, {seen} Try PYTHON=python3.12.\n"
    )


def test_a_new_python_goes_on() -> None:
    told = _run(f"import runpy, sys; sys.argv = ['x', 'no.lock']; runpy.run_path({str(FIRST)!r})")
    assert told.returncode == 1
    assert "no.lock cannot be used" in told.stderr


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
