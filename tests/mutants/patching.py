"""Puts a fault into a module that is loaded, so that a forked process need not load anything anew.

The code of functions is exchanged in place, wherever they are referred to. What a module sets up as it is loaded
(constants, defaults, fields of classes) is taken over from a second loading of the changed source.
"""

from __future__ import annotations

import ast
import functools
import gc
import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.mutants.making import Mutant, Named

ROOMS = ("project", "audit_app", "tools_app", "agents_app")


class NotPatched(Exception):
    """The fault is in code that nothing loaded refers to; it cannot be tried this way."""


@functools.cache
def _remembering() -> list[Any]:
    """Looked for once: to go through all objects takes longer than most tests."""
    return [
        each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper) and _is_ours(each)
    ]


@functools.cache
def functions(filename: str) -> list[types.FunctionType]:
    return [
        each
        for each in gc.get_objects()
        if isinstance(each, types.FunctionType) and each.__code__.co_filename == filename
    ]


def patch(mutant: Mutant, original: ast.Module) -> None:
    """Make the loaded module be the mutant, and forget what its functions remember."""
    module = sys.modules[mutant.module]
    filename = str(module.__file__)
    before = compile(original, filename, "exec", dont_inherit=True)
    after = compile(mutant.tree, filename, "exec", dont_inherit=True)
    if mutant.is_in_function:
        _exchange(before, after, functions(filename))
    else:
        _take_over(module, after, set(_set_up(mutant.tree, original)))
    forget()


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of every function of a module, however deep."""
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from codes(const)


def forget() -> None:
    for each in _remembering():
        each.cache_clear()


def _is_ours(each: Any) -> bool:
    return str(getattr(each, "__module__", "")).partition(".")[0] in ROOMS


def _exchange(before: types.CodeType, after: types.CodeType, loaded: list[types.FunctionType]) -> None:
    """Functions within functions come with those around them; both are tried, since some live on alone."""
    changed = [(old, new) for old, new in _pairs(before, after) if old != new]
    count = 0
    for function in loaded:
        for old, new in changed:
            if _stands_at(function.__code__) == _stands_at(old) and old.co_freevars == new.co_freevars:
                function.__code__ = new
                count += 1
    if not count:
        raise NotPatched


def _stands_at(code: types.CodeType) -> tuple[str, int, bytes]:
    """By its place: code that has run holds notes of the interpreter, and equals nothing that has not."""
    return code.co_qualname, code.co_firstlineno, code.co_linetable


def _pairs(before: types.CodeType, after: types.CodeType) -> list[tuple[types.CodeType, types.CodeType]]:
    by_name: dict[tuple[str, int], list[types.CodeType]] = defaultdict(list)
    for tree in (before, after):
        numbers: dict[str, int] = defaultdict(int)
        for code in codes(tree):
            numbers[code.co_qualname] += 1
            by_name[code.co_qualname, numbers[code.co_qualname]].append(code)
    return [(pair[0], pair[1]) for pair in by_name.values() if len(pair) == 2]


def _set_up(tree: ast.Module, original: ast.Module) -> Iterator[str]:
    """The names that the changed statement sets; what is the same in both is the same object."""
    same = {id(each) for each in original.body}
    for statement in tree.body:
        if id(statement) not in same:
            yield from (str(each.name) for each in [statement] if isinstance(each, Named))
            stored = (each for each in ast.walk(statement) if isinstance(each, ast.Name))
            yield from (each.id for each in stored if isinstance(each.ctx, ast.Store))


def _take_over(module: types.ModuleType, code: types.CodeType, names: set[str]) -> None:
    fresh = types.ModuleType(module.__name__)
    fresh.__file__, fresh.__package__ = module.__file__, module.__package__
    if hasattr(module, "__path__"):
        fresh.__path__ = module.__path__
    # Data classes look for their module by its name while they are made.
    sys.modules[module.__name__] = fresh
    try:
        exec(code, fresh.__dict__)
    finally:
        sys.modules[module.__name__] = module
    for name, value in list(vars(fresh).items()):
        if name in names and name in vars(module):
            _take(vars(module)[name], value, module, name)


def _take(old: Any, new: Any, module: types.ModuleType, name: str) -> None:
    is_imported = isinstance(old, type) or _function(old)
    if isinstance(old, types.ModuleType) or (is_imported and old.__module__ != module.__name__):
        return
    old_function, new_function = _function(old), _function(new)
    if old_function and new_function:
        old_function.__defaults__ = new_function.__defaults__
        old_function.__kwdefaults__ = new_function.__kwdefaults__
    elif isinstance(old, type):
        _take_class(old, new)
    else:
        _rebind(old, new, name)


def _function(value: Any) -> types.FunctionType | None:
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value if isinstance(value, types.FunctionType) else None


def _take_class(old: type, new: type) -> None:
    for name, value in list(vars(new).items()):
        mine = vars(old).get(name)
        if isinstance(value, types.FunctionType) and isinstance(mine, types.FunctionType):
            mine.__defaults__, mine.__kwdefaults__ = value.__defaults__, value.__kwdefaults__
        elif not name.startswith("__") and isinstance(value, str | int | float | tuple | frozenset | bool):
            setattr(old, name, value)


def _rebind(old: Any, new: Any, name: str) -> None:
    """Everywhere in the house where this value goes by this name."""
    for module in list(sys.modules.values()):
        if _is_ours(types.SimpleNamespace(__module__=module.__name__)) and vars(module).get(name) is old:
            setattr(module, name, new)
