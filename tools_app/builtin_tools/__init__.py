"""The tools that come with the product: one file each, definition beside function, and one line here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from tools_app.builtin_tools.base import BuiltinTool
from tools_app.exceptions import UnknownTool

__all__ = ["MODULES", "BuiltinTool", "everything", "named", "names"]

# Each names a module here with a TOOL of the same name.
MODULES = (
    "add_to_knowledge",
    "ask_user",
    "bash",
    "calculate",
    "change_data",
    "current_time",
    "edit_file",
    "list_files",
    "python",
    "query_data",
    "read_file",
    "run_program",
    "search_files",
    "search_knowledge",
    "search_tools",
    "send_email",
    "web_fetch",
    "web_search",
    "write_file",
)

# Those that are told of the files of a conversation; here, so that nothing has to be loaded to know it.
TAKE_FILES = ("bash", "change_data", "python", "query_data", "run_program")
# Those that work on what is the person's own who asked: the files and the workspace of a conversation that nobody
# else may open, their database, the documents they may know.
FOR_PERSON = (*TAKE_FILES, "add_to_knowledge", "search_knowledge")


def names() -> tuple[str, ...]:
    return MODULES


def named(name: str) -> BuiltinTool:
    if name not in MODULES:
        raise UnknownTool(f"There is no built-in tool {name!r}.", details={"tool": name})
    return _load(name)


def everything() -> tuple[BuiltinTool, ...]:
    return tuple(_load(name) for name in MODULES)


@cache
def _load(name: str) -> BuiltinTool:
    tool: BuiltinTool = import_module(f"{__name__}.{name}").TOOL
    return tool
