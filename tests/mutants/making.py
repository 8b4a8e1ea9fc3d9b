"""Small faults put into a module, one at a time: what a careless change of one expression or statement could be.

Texts for people (those with a space in them), docstrings, annotations and decorators are left alone.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_REACKONED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}
_TURNED: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}
Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where it is, what stood there, what stands there now, and the module with it."""

    module: str
    place: str
    line: int
    before: str
    after: str
    is_in_function: bool
    tree: ast.Module
    number: int = 1

    @property
    def name(self) -> str:
        """The same after lines have moved: by it a survivor is explained."""
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.module}:{self.place}: {self.before} => {self.after}{again}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node, how to reach it from the module, and in whose body it stands."""

    node: ast.AST
    path: tuple[tuple[str, int | None], ...]
    place: str
    is_in_function: bool


def mutants(module: str, tree: ast.Module) -> list[Mutant]:
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for spot in _spots(tree, (), "", inside=False):
        before = _written(spot.node)
        for changed in _changed(spot.node):
            after = _written(changed)
            if before == after:
                continue
            seen[spot.place, before, after] += 1
            found.append(
                Mutant(
                    module,
                    spot.place or "(module)",
                    getattr(spot.node, "lineno", 0),
                    before,
                    after,
                    spot.is_in_function,
                    _with(tree, spot.path, changed),
                    seen[spot.place, before, after],
                )
            )
    return found


def _spots(
    node: ast.AST, path: tuple[tuple[str, int | None], ...], place: str, *, inside: bool
) -> Iterator[_Spot]:
    """Every node that may be changed, from the outside inwards."""
    yield _Spot(node, path, place, inside)
    for name, value in ast.iter_fields(node):
        if _is_left_alone(node, name):
            continue
        is_body = isinstance(node, Functions) and name == "body"
        below = f"{place}.{node.name}".strip(".") if isinstance(node, Named) and name == "body" else place
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not _is_docstring(node, index, child):
                step = (name, index if isinstance(value, list) else None)
                yield from _spots(child, (*path, step), below, inside=inside or is_body)


def _is_left_alone(node: ast.AST, name: str) -> bool:
    if name in ("decorator_list", "annotation", "returns", "ctx", "bases", "type_comment"):
        return True
    if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.MatchClass):
        return not isinstance(node, ast.MatchClass)
    names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
    return "__all__" in names


def _is_docstring(node: ast.AST, index: int, child: ast.AST) -> bool:
    return (
        index == 0
        and isinstance(node, Named | ast.Module)
        and isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant)
    )


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            yield from _compared(node)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        case ast.BinOp() if type(node.op) in _REACKONED and not _joins_texts(node):
            yield ast.BinOp(node.left, _REACKONED[type(node.op)](), node.right)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant():
            yield from _constants(node)
        case ast.Call():
            yield from _calls(node)
        case ast.comprehension():
            yield from (_without(node, "ifs", index) for index in range(len(node.ifs)))
        case ast.IfExp() | ast.If() | ast.While() if _is_plain(node.test):
            yield _replaced(node, "test", ast.UnaryOp(ast.Not(), node.test))
        case ast.stmt():
            yield from _statements(node)


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    for index, op in enumerate(node.ops):
        for other in _COMPARED[type(op)]:
            yield ast.Compare(
                node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators
            )


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool(value):
            yield ast.Constant(not value)
        case int(number) | float(number):
            yield ast.Constant(number + 1)
        case str(text) if " " not in text.strip() and len(text) < 200:
            yield ast.Constant(f"{text}~" if text else "~")


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    """Without one of its keywords; and `any` for `all`."""
    yield from (_without(node, "keywords", index) for index in range(len(node.keywords)))
    if isinstance(node.func, ast.Name) and node.func.id in _TURNED:
        yield _replaced(node, "func", ast.Name(_TURNED[node.func.id], ast.Load()))


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Return(value=ast.expr() as value) if _written(value) != "None":
            yield ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Pass()
        case ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.For():
            yield _replaced(node, "iter", ast.Tuple([], ast.Load()))


def _is_plain(test: ast.expr) -> bool:
    """Whether no other fault turns this condition round already."""
    turned = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    simple = isinstance(test, ast.Compare) and len(test.ops) == 1
    return not (turned or simple)


def _joins_texts(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _replaced(node: ast.AST, name: str, value: ast.AST) -> ast.AST:
    changed = copy.copy(node)
    setattr(changed, name, value)
    return changed


def _without(node: ast.AST, name: str, index: int) -> ast.AST:
    changed = copy.copy(node)
    kept = list(getattr(node, name))
    del kept[index]
    setattr(changed, name, kept)
    return changed


def _with(tree: ast.Module, path: tuple[tuple[str, int | None], ...], changed: ast.AST) -> ast.Module:
    """The module with another node at this place; only what leads there is copied."""
    if not path:
        return cast("ast.Module", changed)
    top = copy.copy(tree)
    node: ast.AST = top
    for depth, (name, index) in enumerate(path):
        value = getattr(node, name)
        old = value if index is None else value[index]
        # Copied in either case: what is put there may be a part of the original, which must stay where it is.
        new = copy.copy(changed if depth == len(path) - 1 else old)
        if depth == len(path) - 1:
            ast.copy_location(new, old)
        if index is None:
            setattr(node, name, new)
        else:
            setattr(node, name, [*value[:index], new, *value[index + 1 :]])
        node = new
    return ast.fix_missing_locations(top)


def _written(node: ast.AST) -> str:
    """A line of source, or the head of what is longer."""
    if isinstance(node, ast.comprehension):
        node = ast.ListComp(ast.Name("_", ast.Load()), [node])
    try:
        text = ast.unparse(ast.fix_missing_locations(copy.copy(node)))
    except (AttributeError, ValueError):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:160] if lines else ""
