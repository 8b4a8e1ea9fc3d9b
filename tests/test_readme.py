"""The README says what the code says: states, settings, files and commands are compared, so that none of it rots."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents_app.models import Run
from audit_app.stateful import Stateful
from tools_app.models import Approval, ToolCall

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "SECURITY.md", "CHANGELOG.md")
README = (ROOT / "README.md").read_text()
STATEFUL: tuple[type[Stateful], ...] = (Run, ToolCall, Approval)


def diagram(model: type[Stateful]) -> str:
    """The Mermaid drawing of a model's births and moves, line by line in a fixed order."""
    moves = {str(was): sorted(map(str, to)) for was, to in model.MOVES.items()}
    born = [f"[*] --> {status}" for status in sorted(map(str, model.FIRST))]
    moved = [f"{was} --> {to}" for was in sorted(moves) for to in moves[was]]
    finals = {to for targets in moves.values() for to in targets} | set(map(str, model.FIRST))
    ended = [f"{status} --> [*]" for status in sorted(finals - moves.keys())]
    lines = ["stateDiagram-v2", "    direction LR", *(f"    {line}" for line in (*born, *moved, *ended))]
    return "\n".join(["```mermaid", *lines, "```"])


@pytest.mark.parametrize("model", STATEFUL, ids=lambda model: model.__name__)
def test_states_are_drawn_as_the_moves_say(model: type[Stateful]) -> None:
    drawn = re.search(rf"\*\*{model.__name__}\*\*.*?(```mermaid\n.*?\n```)", README, re.DOTALL)
    assert drawn is not None
    assert drawn[1] == diagram(model)


@dataclass(frozen=True)
class Variable:
    """A variable settings read; `default` is None where it is worked out and the table says it in words."""

    name: str
    default: str | None


def read_by_settings() -> Iterator[Variable]:
    for node in ast.walk(ast.parse((ROOT / "project" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env."):
            yield Variable(ast.literal_eval(node.args[0]), _default(node))


def _default(call: ast.Call) -> str | None:
    given = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "default")]
    if not given:
        return "false" if ast.unparse(call.func) == "env.flag" else None
    try:
        value = ast.literal_eval(given[0])
    except ValueError:
        return None
    return (
        ",".join(value) if isinstance(value, tuple) else str(value).lower() if value is True else str(value)
    )


def told() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \| (.*?) \| .+ \|$", README, re.MULTILINE)
    names = [name for name, _ in rows]
    assert len(names) == len(set(names)), "a variable is told twice"
    return dict(rows)


def test_every_variable_is_told_and_no_other() -> None:
    assert sorted(told()) == sorted({variable.name for variable in read_by_settings()})


def test_defaults_are_told_as_they_are() -> None:
    wrong = {
        variable.name: variable.default
        for variable in read_by_settings()
        if variable.default is not None and told().get(variable.name) != f"`{variable.default}`"
    }
    assert not wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text()
    links = re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', text)
    targets = [first or second for first, second in links]
    missing = [target for target in targets if not re.match(r"https?:", target) and not _leads(target, text)]
    assert not missing


def _leads(target: str, text: str) -> bool:
    file, _, heading = target.partition("#")
    known = (ROOT / file).read_text() if file.endswith(".md") else text
    anchors = {_anchor(title) for title in re.findall(r"^#+ (.+)$", known, re.MULTILINE)}
    return (not file or (ROOT / file).exists()) and (not heading or heading in anchors)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document: str) -> None:
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(), flags=re.DOTALL)
    named = set(
        re.findall(r"`((?:project|audit_app|tools_app|agents_app|tests|static|templates)/[\w./-]+)`", text)
    )
    assert not [path for path in sorted(named) if path not in TO_BE_MADE and not (ROOT / path).exists()]


# What the recipes tell the reader to make.
TO_BE_MADE = frozenset(
    {
        "tools_app/builtin_tools/count_words.py",
        "tests/tools/builtin_tools/test_count_words.py",
        "tools_app/executors/table.py",
        "tests/tools/executors/test_table.py",
    }
)


def test_commands_of_make_are_those_of_the_makefile() -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`(?:[A-Z_]+=\S+ )*make ([a-z]+)`", README)) == made


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_name_no_machine(document: str) -> None:
    text = (ROOT / document).read_text()
    assert not re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users)/\S*", text)
