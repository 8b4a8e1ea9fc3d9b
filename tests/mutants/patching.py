"""Puts a fault into a module that is loaded, so that a forked process need not load anything anew.

The code of functions is exchanged in place, wherever they are referred to. What a module sets up as it is loaded
(constants, defaults, fields of classes), and whatever it makes of them, is taken over from a second loading of the
changed source.
"""

from __future__ import annotations

import ast
import ctypes
import functools
import gc
import sys
import types
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from project.accounts.prepared import Prepared
from tests.mutants.making import Functions, Mutant, Named

REMEMBERING: Final = functools._lru_cache_wrapper
PLAIN: Final[tuple[type, ...]] = (str, bytes, int, float, tuple, frozenset, type(None))
ROOMS = ("project", "audit_app", "tools_app", "agents_app")


class NotPatched(Exception):
    """The fault is in code that nothing loaded refers to; it cannot be tried this way."""


def _objects() -> list[Any]:
    """All there are: of those that `tests.conftest` has frozen the collector would not tell."""
    gc.unfreeze()
    return gc.get_objects()


@functools.cache
def _remembering() -> list[Any]:
    """Looked for once: to go through all objects takes longer than most tests."""
    # By `type`: among all the objects there are lazy and dead ones, which `isinstance` would wake or stumble over.
    return [each for each in _objects() if type(each) is REMEMBERING and _is_ours(each)]


@functools.cache
def _statements() -> list[Prepared[Any]]:
    """Those that keep what they were compiled to at their first use."""
    return [each for each in _objects() if type(each) is Prepared]


@functools.cache
def functions(filename: str) -> list[types.FunctionType]:
    return [
        each
        for each in _objects()
        if type(each) is types.FunctionType and each.__code__.co_filename == filename
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
        changed = set(_set_up(mutant.tree, original))
        _take_over(module, after, changed, _made_of(changed, mutant.tree))
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
    for statement in _statements():
        statement._compiled = None


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


def _made_of(changed: set[str], tree: ast.Module) -> set[str]:
    """The names of the module that are set up from these, at whatever remove: defaults, fields, other constants."""
    used = [(set(_stored(each)), set(_read(each))) for each in tree.body]
    found: set[str] = set()
    while more := {
        name for stored, read in used if read & (changed | found) for name in stored - changed - found
    }:
        found |= more
    return found


def _stored(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, Named):
        yield statement.name
    else:
        names = (each for each in ast.walk(statement) if isinstance(each, ast.Name))
        yield from (each.id for each in names if isinstance(each.ctx, ast.Store))


def _read(node: ast.AST) -> Iterator[str]:
    """What is looked at while the module is loaded; what stands in functions is looked at when they are called."""
    if isinstance(node, ast.Name):
        yield node.id
    for name, value in ast.iter_fields(node):
        if isinstance(node, Functions) and name in ("body", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _read(child)


def _take_over(module: types.ModuleType, code: types.CodeType, changed: set[str], made: set[str]) -> None:
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
        if name in vars(module) and (name in changed or (name in made and not _is_of(fresh, value))):
            _take(vars(module)[name], value, module, name)


def _is_of(fresh: types.ModuleType, value: Any) -> bool:
    """A thing of one of its classes, which nobody would know as one of those that are loaded."""
    return type(value) in vars(fresh).values()


def _take(old: Any, new: Any, module: types.ModuleType, name: str) -> None:
    is_imported = isinstance(old, type) or _function(old)
    if isinstance(old, types.ModuleType) or (is_imported and old.__module__ != module.__name__):
        return
    old_function, new_function = _function(old), _function(new)
    if old_function and new_function:
        _take_defaults(old_function, new_function)
        if type(old) is REMEMBERING and old.cache_parameters() != new.cache_parameters():
            _rebind(old, new, name)
    elif isinstance(old, type) and not issubclass(old, ctypes.Structure):
        _take_class(old, new)
    else:
        # Fields of a structure cannot be set a second time.
        _rebind(old, new, name)


def _take_defaults(old: types.FunctionType, new: types.FunctionType) -> None:
    """Plain ones: of a thing of the module's own classes the one that is loaded says the same."""
    before, after = old.__defaults__ or (), new.__defaults__ or ()
    if len(before) == len(after):
        pairs = zip(before, after, strict=True)
        after = tuple(two if isinstance(two, PLAIN) else one for one, two in pairs)
    old.__defaults__ = after or None
    kept = old.__kwdefaults__ or {}
    new_ones = (new.__kwdefaults__ or {}).items()
    old.__kwdefaults__ = {
        name: value if isinstance(value, PLAIN) else kept.get(name, value) for name, value in new_ones
    }


def _function(value: Any) -> types.FunctionType | None:
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return value if isinstance(value, types.FunctionType) else None


def _take_class(old: type, new: type) -> None:
    for name, value in list(vars(new).items()):
        mine, other = _function(vars(old).get(name)), _function(value)
        if mine and other:
            _take_defaults(mine, other)
            # What data classes write for themselves follows from their fields, and stands in no source.
            is_made = other.__code__.co_filename == "<string>"
            if is_made and mine.__code__.co_freevars == other.__code__.co_freevars:
                mine.__code__ = other.__code__
        elif not name.startswith("__") and isinstance(value, PLAIN):
            setattr(old, name, value)


def _rebind(old: Any, new: Any, name: str) -> None:
    """Everywhere in the house where this value goes by this name."""
    for module in list(sys.modules.values()):
        if _is_ours(types.SimpleNamespace(__module__=module.__name__)) and vars(module).get(name) is old:
            setattr(module, name, new)
