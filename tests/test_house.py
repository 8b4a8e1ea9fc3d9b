"""The house's own rules: imports point left, functions and files stay small, some words are banned."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house_order import ORDER

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("project.accounts", "audit_app", "tools_app", "agents_app", "project")
MAX_FUNCTION, MAX_FILE = 40, 400
SOURCES = sorted(
    path
    for room in ("project", "audit_app", "tools_app", "agents_app")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts
)
EDGES = ("tasks", "receivers", "consumers", "admin", "api", "views", "management", "templatetags")


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _sources_of(room: str) -> list[Path]:
    return [path for path in SOURCES if path.is_relative_to(ROOT / room)]


def _room(module: str) -> int | None:
    for index, name in enumerate(ROOMS):
        if module == name or module.startswith(name + "."):
            return index
    return None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(_tree(path)))


@cache
def _imports(path: Path) -> list[tuple[int, str]]:
    """Every import of the file, those inside functions and under TYPE_CHECKING too."""
    found: list[tuple[int, str]] = []
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found += ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
            found += ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
    return found


def test_imports_point_left() -> None:
    wrong = [
        f"{_module(path)}:{line} imports {name}"
        for path in SOURCES
        for line, name in _imports(path)
        # settings, env and the like of `project` are wiring: nobody to its left may import them.
        if (room := _room(name)) is not None and room > _own_room(path)
    ]
    assert not wrong


def _own_room(path: Path) -> int:
    own = _room(_module(path))
    assert own is not None, path
    return own


@pytest.mark.parametrize("room", ORDER)
def test_every_module_has_its_place(room: str) -> None:
    placed = [name for names in ORDER[room] for name in names]
    sorted_ones = {name.partition(".")[0] for name in placed if "." in name}
    there = {_place(path.relative_to(ROOT / room), sorted_ones) for path in _sources_of(room)}
    assert sorted(placed) == sorted(there - {"__init__"} - {f"{folder}.__init__" for folder in sorted_ones})


def _place(path: Path, sorted_ones: set[str]) -> str:
    """What has a rank: a module of the room, a folder as a whole, or each module of a folder that only sorts."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:2]) if parts[0] in sorted_ones else parts[0]


@pytest.mark.parametrize("room", ORDER)
def test_folders_that_sort_hold_no_code_of_their_own(room: str) -> None:
    sorted_ones = {name.partition(".")[0] for names in ORDER[room] for name in names if "." in name}
    assert sorted_ones
    for folder in sorted_ones:
        assert len(_tree(ROOT / room / folder / "__init__.py").body) == 1


@pytest.mark.parametrize("room", ORDER)
def test_imports_point_left_inside_a_room(room: str) -> None:
    wrong = [
        f"{rest}:{line} imports {name}"
        for path in _sources_of(room)
        if (rest := _module(path).partition(".")[2]) != "__init__"
        for line, name in _own_imports(path, room)
        if _rank(ORDER[room], name) > _rank(ORDER[room], rest)
    ]
    assert not wrong


@pytest.mark.parametrize("room", ORDER)
def test_edges_import_no_edges(room: str) -> None:
    """With one exception: a receiver turns a status into work, so it names the tasks."""
    wrong = [
        f"{_module(path)}:{line} imports {name}"
        for path in _sources_of(room)
        if (own := _module(path).split(".")[1]) in EDGES
        for line, name in _own_imports(path, room)
        if (first := name.partition(".")[0]) in EDGES
        and first not in ({own, "tasks"} if own == "receivers" else {own})
    ]
    assert not wrong


@pytest.mark.parametrize(
    "folder",
    ["agents_app/providers"]
    + [f"tools_app/{name}" for name in ("executors", "builtin_tools", "functions", "factories")],
)
def test_those_who_carry_out_know_no_rows(folder: str) -> None:
    models = re.compile(r"(tools_app|agents_app|audit_app)\.models\b")
    found = [
        f"{_module(path)}:{line} imports {name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / folder)
        for line, name in _imports(path)
        if models.match(name)
    ]
    assert not found


def _own_imports(path: Path, room: str) -> Iterator[tuple[int, str]]:
    """What a file imports of its own room, named from inside the room."""
    for line, name in _imports(path):
        if name.startswith(room + "."):
            yield line, name.removeprefix(room + ".")


def _rank(order: tuple[tuple[str, ...], ...], rest: str) -> int:
    """The place of a module; a thing of the room's `__init__` has none and stands left of all."""
    parts = rest.split(".")
    own = {parts[0], ".".join(parts[:2])}
    return next((index for index, names in enumerate(order) if own.intersection(names)), -1)


# Who may ask the gate for a use, and who may pass one on: every one of them is a door of `tests/agents/doors.py`, or
# stands behind one. A saved case is a try that was written down.
ASKING = {
    "calls.request(": {"agents_app/loop.py", "tools_app/explain/trying.py"},
    "trying.use(": {"agents_app/api/trying.py", "tools_app/cataloging/cases.py"},
}


@pytest.mark.parametrize("call", ASKING)
def test_uses_are_asked_for_at_the_known_doors_alone(call: str) -> None:
    found = {str(path.relative_to(ROOT)) for path in SOURCES if call in path.read_text()}
    assert found == ASKING[call]


def test_functions_stay_small() -> None:
    long = [
        f"{_module(path)}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    ]
    assert not long


def test_files_stay_small_those_of_tests_too() -> None:
    lines = {path: path.read_text().count("\n") for path in (*SOURCES, *(ROOT / "tests").rglob("*.py"))}
    assert {_module(path): number for path, number in lines.items() if number > MAX_FILE} == {}


def test_every_module_says_what_it_is() -> None:
    silent = [_module(path) for path in SOURCES if _tree(path).body and not ast.get_docstring(_tree(path))]
    assert not silent


BANNED = {
    r"\bmark_safe\b": (),
    r"\.extra\(": (),
    r"shell=True": (),
    r"\bpickle\b": (),
    r"yaml\.load\(": (),
    r"^\s*(import|from) requests\b": (),
    r"^\s*(import|from) (httpx2|httpcore2)\b": ("tools_app/executors/network", "agents_app/providers"),
    r"filter\(\*\*request": (),
    r"order_by\(request": (),
    r"async_to_sync": (),
    r"@csrf_exempt": (),
}


@pytest.mark.parametrize("word", BANNED)
def test_banned_words_stay_out(word: str) -> None:
    found = [
        f"{_module(path)}:{number} {line.strip()}"
        for path in SOURCES
        if not str(path.relative_to(ROOT)).startswith(BANNED[word])
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(word, line) and not line.lstrip().startswith("#")
    ]
    assert not found


# Where a call gets the status it is born with, handed to `born` before the row exists.
BIRTHS = {("tools_app/calls.py", "request"), ("tools_app/calls.py", "_blocked_at_birth")}
STATUS_HOME = "audit_app/transitions.py"


def test_status_is_written_by_born_and_move_only() -> None:
    found = {
        f"{relative}:{line}"
        for path in SOURCES
        if (relative := path.relative_to(ROOT).as_posix()) != STATUS_HOME
        for line in {line for _, line in _status_writes(_nodes(path))} - _births(path, relative)
    }
    assert not found


def _births(path: Path, relative: str) -> set[int]:
    return {
        line
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef) and (relative, node.name) in BIRTHS
        for kind, line in _status_writes(ast.walk(node))
        if kind == "assigned"
    }


def _status_writes(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Assignments to an attribute `status`, however they are written, and updates that name it."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr == "status" and isinstance(node.ctx, ast.Store):
            yield "assigned", node.lineno
        elif isinstance(node, ast.Call) and _names_status(node):
            yield "called", node.lineno


def _names_status(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in {"update", "aupdate", "update_or_create"}:
        return any(keyword.arg == "status" for keyword in call.keywords)
    # `setattr(row, "status", ...)` and `bulk_update(rows, ["status"])` are the same thing in other words.
    return name in {"setattr", "bulk_update"} and any(
        isinstance(part, ast.Constant) and part.value == "status"
        for argument in call.args
        for part in ast.walk(argument)
    )


@pytest.mark.parametrize(
    "code",
    [
        "row.status = 1",
        "row.status: str = 'x'",
        "a, row.status = 1, 2",
        "rows.filter(pk=1).update(at=1,\n status=2)",
        "setattr(row, 'status', 1)",
        "rows.bulk_update([row], ['status'])",
    ],
)
def test_a_written_status_is_recognised(code: str) -> None:
    assert list(_status_writes(ast.walk(ast.parse(code))))


@pytest.mark.parametrize("code", ["row.status == 1", "rows.filter(status=1)", "found = row.status"])
def test_a_read_status_is_not_mistaken(code: str) -> None:
    assert not list(_status_writes(ast.walk(ast.parse(code))))


ASYNC_HOMES = (
    "agents_app/consumers.py",
    "agents_app/routing.py",
    "agents_app/providers",
    "agents_app/answering/listening.py",
    "agents_app/live/pieces.py",
    "agents_app/chatting.py",
    "tools_app/executors/mcp",
    "tools_app/executors/network/lasting.py",
)


def test_async_stays_at_the_edges() -> None:
    """Sync is the colour of the house (`house.md` 2): coroutines live where a stream or a socket does."""
    homes = (*ASYNC_HOMES, "tools_app/bridge.py", "agents_app/service.py", "project/", "tools_app/context.py")
    found = [
        f"{_module(path)}:{node.lineno} {node.name}"
        for path in SOURCES
        if not str(path.relative_to(ROOT)).startswith(homes)
        for node in _nodes(path)
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert not found
