"""The judge of the tests: a fault that is put into a loaded module is there for everything that was made of it."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants import making, patching, report

SOURCE = """
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

_KIB = 2**10
_MOST = 3 * _KIB
_NAMES = ("a", "b")


class Kind(Enum):
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Limits:
    most: int = _MOST
    kind: Kind = Kind.PLAIN
    secret: str = field(default="s3cret", repr=False)


class Refused(Exception):
    code = "refused"


USUAL = Limits()


def _double(number: int) -> int:
    return 2 * number


double = lru_cache(maxsize=2)(_double)


def is_small(size: int, most: int = _MOST, *, kind: Kind = Kind.PLAIN) -> bool:
    return size < most and kind is Kind.PLAIN
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "mutated.py").write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("tools_app.mutated", tmp_path / "mutated.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tools_app.mutated", found)
    spec.loader.exec_module(found)
    yield found
    patching.functions.cache_clear()


def put_in(module: ModuleType, name: str) -> None:
    tree = ast.parse(SOURCE)
    faults = {each.name: each for each in making.mutants(module.__name__, tree)}
    patching.patch(faults[f"{module.__name__}:{name}"], tree)


def test_a_fault_in_a_constant_reaches_the_defaults_made_of_it(module: ModuleType) -> None:
    put_in(module, "(module): 10 => 11")
    assert (module._KIB, module._MOST, module.Limits().most) == (2048, 6144, 6144)
    assert (module.is_small(4000), module.is_small(7000)) == (True, False)


def test_what_is_of_its_own_classes_stays_the_same_thing(module: ModuleType) -> None:
    usual = module.USUAL
    put_in(module, "(module): 3 => 4")
    assert module.USUAL is usual
    assert module.Limits().kind is module.Kind.PLAIN
    assert module.is_small(1)


def test_a_fault_in_a_class_is_there_and_nothing_else_changes(module: ModuleType) -> None:
    refused = module.Refused()
    put_in(module, "Refused: 'refused' => 'refused~'")
    assert (refused.code, module._MOST) == ("refused~", 3072)


def test_a_fault_in_a_field_changes_what_is_made_of_it(module: ModuleType) -> None:
    assert "s3cret" not in repr(module.USUAL)
    put_in(module, "Limits: False => True")
    assert "s3cret" in repr(module.USUAL)


def test_a_fault_in_how_much_is_remembered_is_there(module: ModuleType) -> None:
    put_in(module, "(module): lru_cache(maxsize=2) => lru_cache()")
    assert (module.double(4), module.double.cache_info().maxsize) == (8, 128)


def test_a_fault_in_a_function_is_there_wherever_it_is_known(module: ModuleType) -> None:
    known = module.is_small
    put_in(module, "is_small: size < most => size <= most")
    assert known(3072)


def test_everything_that_nobody_noticed_is_explained() -> None:
    """By whoever judged a module and kept what came of it; without a fingerprint it has to be judged anew anyway."""
    alive = [name for found in report.kept().values() if "faults" in found for name in found["survivors"]]
    assert [name for name in alive if name not in report.reasons()] == []


def test_what_changed_since_it_was_judged_is_named() -> None:
    names = [each.name for each in making.mutants("m", ast.parse("def f(x):\n    return x < 1"))]
    moved = [each.name for each in making.mutants("m", ast.parse("# Small.\ndef f(x):\n\n    return x < 1"))]
    other = [each.name for each in making.mutants("m", ast.parse("def f(x):\n    return x < 2"))]
    kept = {name: {"faults": report.fingerprint(names)} for name in ("same", "moved", "other", "gone")}
    today = {
        "same": report.fingerprint(reversed(names)),
        "moved": report.fingerprint(moved),
        "other": report.fingerprint(other),
        "old": report.fingerprint(names),
        "new": report.fingerprint(names),
    }
    assert report.stale({**kept, "old": {}}, today) == (["other", "old"], ["new"])
