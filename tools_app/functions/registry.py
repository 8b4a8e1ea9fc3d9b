"""The functions this installation offers as tools: registered in code, by name, when its modules are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any, TypedDict, TypeVar, Unpack, overload

from tools_app import builtin_tools
from tools_app.exceptions import Misconfigured, NotATool, UnknownTool
from tools_app.functions.wrapper import Prepare, Tool

_Function = TypeVar("_Function", bound=Callable[..., Any])

_tools: dict[str, Tool] = {}


class ToolRegistry:
    """Tools by name, in the order in which they were registered (S2.56, S2.69)."""

    def __init__(self) -> None:
        self._own: dict[str, Tool] = {}

    def has(self, name: str) -> bool:
        return name in self._kept()

    def names(self) -> tuple[str, ...]:
        return tuple(self._kept())

    def named(self, name: str) -> Tool:
        """Raises UnknownTool."""
        kept = self._kept()
        if name not in kept:
            raise UnknownTool(f"There is no function for the tool {name!r}.", details={"tool": name})
        return kept[name]

    def everything(self) -> tuple[Tool, ...]:
        return tuple(self._kept().values())

    def keep(self, tool: Tool) -> None:
        """Add a tool under a name that is free; to replace one is never meant (S2.80). Raises NotATool."""
        if tool.name in builtin_tools.names():
            raise NotATool(f"{tool.where}: the name {tool.name!r} belongs to a built-in tool.")
        if self.has(tool.name):
            raise NotATool(f"{tool.where}: {self.named(tool.name).where} is called {tool.name!r} already.")
        self._kept()[tool.name] = tool

    def _kept(self) -> dict[str, Tool]:
        return self._own


class _Installed(ToolRegistry):
    """The one whose tools the catalog gets: what `@tool` and `register` fill."""

    def _kept(self) -> dict[str, Tool]:
        return _tools


installed = _Installed()


class Options(TypedDict, total=False):
    """What may be said of a tool beside its function, as in `Tool`."""

    name: str
    description: str
    prepare: Prepare
    category: str
    icon: str
    is_dangerous: bool
    requires_approval: bool
    requires_auth: bool
    required_permissions: tuple[str, ...]
    idempotent: bool
    open_world: bool
    tags: tuple[str, ...]
    examples: tuple[Mapping[str, Any], ...]
    retries: int
    timeout_seconds: float


@overload
def tool(function: _Function, /) -> _Function: ...


@overload
def tool(**options: Unpack[Options]) -> Callable[[_Function], _Function]: ...


def tool(function: Any = None, /, **options: Any) -> Any:
    """Register a function where it is written; it stays the function it was. The same as `register` (S1.35)."""

    def keep(given: Any) -> Any:
        register(Tool(given, **options))
        return given

    return keep if function is None else keep(function)


def register(*given: Any) -> list[Tool]:
    """Functions, methods, `Tool(...)`, and lists of any of them, mixed (S1.1-7). All are kept, or none.

    Raises NotATool, here and now.
    """
    made = [_made(item) for item in _each(given)]
    for at, each in enumerate(made):
        _require_free(each, made[:at])
    for each in made:
        _tools[each.name] = each
    return made


def load(modules: Iterable[str]) -> None:
    """Import the modules that register tools; raises Misconfigured for one that cannot be found."""
    for name in modules:
        try:
            import_module(name)
        except ModuleNotFoundError as missing:
            raise Misconfigured(f"TOOL_MODULES names {name!r}, but: {missing}.") from missing


def names() -> tuple[str, ...]:
    return installed.names()


def everything() -> tuple[Tool, ...]:
    return installed.everything()


def named(name: str) -> Tool:
    return installed.named(name)


def _each(given: Iterable[Any]) -> Iterable[Any]:
    for item in given:
        if isinstance(item, list | tuple):
            yield from _each(item)
        else:
            yield item


def _made(item: Any) -> Tool:
    """A decorated function in a list is the tool it was decorated to be."""
    if isinstance(item, Tool):
        return item
    return known(item) or Tool(item)


def known(function: Any) -> Tool | None:
    """The tool a function was registered as."""
    return next((each for each in _tools.values() if each.function == function), None)


def _require_free(wanted: Tool, beside: list[Tool]) -> None:
    if wanted.name in builtin_tools.names():
        raise NotATool(f"{wanted.where}: the name {wanted.name!r} belongs to a built-in tool.")
    other = next((each for each in beside if each.name == wanted.name), None) or _tools.get(wanted.name)
    if other is not None and other is not wanted and not _is_again(wanted, other):
        raise NotATool(f"{wanted.where}: {other.where} is called {wanted.name!r} already.")


def _is_again(wanted: Tool, other: Tool) -> bool:
    """A module that is loaded again brings the same function as a new object."""
    return wanted.is_of_a_module and wanted.where == other.where
