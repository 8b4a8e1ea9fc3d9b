"""The registry of executors: name -> dotted path, loaded on first use: what is not used costs nothing."""

from __future__ import annotations

from functools import lru_cache

from django.utils.module_loading import import_string

from tools_app.exceptions import Misconfigured
from tools_app.executors.base import Executor, ToolResult, Work

__all__ = ["Executor", "ToolResult", "Work", "of", "readiness", "register", "registered"]

_paths: dict[str, str] = {
    "builtin": "tools_app.executors.builtin.BuiltinExecutor",
    "python": "tools_app.executors.python.PythonExecutor",
}


def register(name: str, dotted_path: str) -> None:
    """Let another room carry out tools of this name; the last registration wins."""
    _paths[name] = dotted_path
    _load.cache_clear()


def registered() -> list[str]:
    return sorted(_paths)


def of(name: str) -> Executor:
    if name not in _paths:
        raise Misconfigured(
            f"Nothing is installed that carries out tools of the kind {name!r}.", details={"executor": name}
        )
    return _load(_paths[name])


def readiness(name: str, tool_name: str) -> tuple[bool, str]:
    """Whether a tool can be carried out on this installation, and if not, why, for people."""
    if name not in _paths:
        return False, f"Tools of the kind {name!r} cannot be carried out by this installation."
    why = of(name).readiness(tool_name)
    return not why, why


@lru_cache(maxsize=32)
def _load(dotted_path: str) -> Executor:
    executor: Executor = import_string(dotted_path)()
    return executor
