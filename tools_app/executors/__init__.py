"""The registry of executors: name -> dotted path, loaded on first use: what is not used costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.utils.module_loading import import_string

from tools_app.approving.answers import Form
from tools_app.exceptions import Misconfigured
from tools_app.executors.base import (
    Asking,
    ByTool,
    Configured,
    Credential,
    Executor,
    Foretelling,
    Personal,
    Reach,
    Reviewed,
    ToolResult,
    Work,
)

__all__ = [
    "Credential",
    "Executor",
    "Reach",
    "ToolResult",
    "Work",
    "acts_for_person",
    "asks",
    "configuration_schema",
    "drift",
    "form",
    "lasting_reach",
    "of",
    "preview",
    "problems",
    "reach",
    "readiness",
    "register",
    "registered",
    "secrets",
]

_paths: dict[str, str] = {
    "builtin": "tools_app.executors.builtin.BuiltinExecutor",
    "python": "tools_app.executors.python.PythonExecutor",
    "http": "tools_app.executors.http.HttpExecutor",
    "mcp": "tools_app.executors.mcp.McpExecutor",
}


def register(name: str, dotted_path: str) -> None:
    """Let another room carry out tools of this name; the last registration wins."""
    _paths[name] = dotted_path
    _load.cache_clear()
    _load_configured.cache_clear()
    _load_reviewed.cache_clear()
    _load_asking.cache_clear()
    _load_personal.cache_clear()


def registered() -> list[str]:
    return sorted(_paths)


def of(name: str) -> Executor:
    if name not in _paths:
        raise Misconfigured(
            f"Nothing is installed that carries out tools of the kind {name!r}.", details={"executor": name}
        )
    return _load(_paths[name])


def readiness(name: str, tool_name: str, settings: Mapping[str, Any] | None = None) -> tuple[bool, str]:
    """Whether a tool can be carried out on this installation, and if not, why, for people."""
    if name not in _paths:
        return False, f"Tools of the kind {name!r} cannot be carried out by this installation."
    configured = _configured(name, tool_name)
    why = of(name).readiness(tool_name) or (configured.unready(settings or {}) if configured else "")
    return not why, why


def problems(
    name: str, settings: Mapping[str, Any], schema: Mapping[str, Any], tool_name: str = ""
) -> list[str]:
    """Everything wrong with the configuration of a tool that somebody wants to save."""
    configured = _configured(name, tool_name)
    return configured.problems(settings, schema) if configured else []


def secrets(name: str, settings: Mapping[str, Any], tool_name: str = "") -> tuple[str, ...]:
    """The names of the secrets a tool with this configuration needs."""
    configured = _configured(name, tool_name)
    return configured.secrets(settings) if configured else ()


def reach(
    name: str, settings: Mapping[str, Any], arguments: Mapping[str, Any], tool_name: str = ""
) -> Reach | None:
    """Where a call with these arguments goes, if that can be said. Raises ToolFailed where it may not go."""
    configured = _configured(name, tool_name)
    return configured.reach(settings, arguments) if configured else None


def lasting_reach(name: str, settings: Mapping[str, Any], tool_name: str = "") -> Reach | None:
    """The host every call of a tool goes to, whatever its arguments; None if there is no such host."""
    configured = _configured(name, tool_name)
    return configured.lasting_reach(settings) if configured else None


def configuration_schema(name: str, tool_name: str = "") -> Mapping[str, Any] | None:
    """The shape of what may be configured, where the executor says it as a flat schema: pages draw a form of it."""
    found: Any = getattr(_configured(name, tool_name), "schema", None)
    return found if isinstance(found, Mapping) else None


def _configured(name: str, tool_name: str) -> Configured | None:
    found = _load_configured(_paths[name]) if name in _paths else None
    return found.configured(tool_name) if isinstance(found, ByTool) else found


def drift(name: str, settings: Mapping[str, Any]) -> str:
    """Why what would be carried out is not what was reviewed any more, or "" where it is, or nothing is reviewed."""
    found = _load_reviewed(_paths[name]) if name in _paths else None
    return found.drift(settings) if found else ""


@lru_cache(maxsize=32)
def _load_reviewed(dotted_path: str) -> Reviewed | None:
    found: object = _load(dotted_path)
    return found if isinstance(found, Reviewed) else None


@lru_cache(maxsize=32)
def _load_configured(dotted_path: str) -> Configured | ByTool | None:
    """Remembered, because asking whether a thing has all those methods is slow, and readiness is asked often."""
    found = _load(dotted_path)
    return found if isinstance(found, ByTool | Configured) else None


def preview(work: Work, arguments: Mapping[str, Any]) -> str:
    """What this use would change, for the person who is asked; "" where that cannot be told beforehand."""
    executor: object = of(work.executor) if work.executor in _paths else None
    return executor.preview(work, arguments) if isinstance(executor, Foretelling) else ""


def asks(name: str, tool_name: str) -> bool:
    """Whether a use of this tool is a question to the person who asked."""
    executor = _asking(name)
    return executor is not None and executor.asks(tool_name)


def acts_for_person(name: str, tool_name: str, settings: Mapping[str, Any]) -> bool:
    """Whether what a tool does depends on who asked: it works on what is theirs, or is told who they are."""
    executor = _load_personal(_paths[name]) if name in _paths else None
    return executor is not None and executor.acts_for_person(tool_name, settings)


@lru_cache(maxsize=32)
def _load_personal(dotted_path: str) -> Personal | None:
    found: object = _load(dotted_path)
    return found if isinstance(found, Personal) else None


def form(name: str, tool_name: str, arguments: Mapping[str, Any]) -> Form:
    """What that person is asked. Raises Misconfigured where such a use is no question."""
    executor = _asking(name)
    if executor is None or not executor.asks(tool_name):
        raise Misconfigured(f"A use of {tool_name} asks nothing.")
    return executor.form(tool_name, arguments)


def _asking(name: str) -> Asking | None:
    return _load_asking(_paths[name]) if name in _paths else None


@lru_cache(maxsize=32)
def _load_asking(dotted_path: str) -> Asking | None:
    found: object = _load(dotted_path)
    return found if isinstance(found, Asking) else None


@lru_cache(maxsize=32)
def _load(dotted_path: str) -> Executor:
    executor: Executor = import_string(dotted_path)()
    return executor
