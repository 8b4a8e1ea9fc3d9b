"""The factories of this installation: registered in code, by name, with the tools each of them may bring.

What a factory may bring is declared when it is registered, so that its tools stand in the catalog, with their
switches and grants, before it has ever run. For one run it decides which of them there are, and what carries them out.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from tools_app import builtin_tools, functions
from tools_app.exceptions import FactoryFailed, NotAFactory
from tools_app.factories import toolkit
from tools_app.functions import Tool, docstrings
from tools_app.functions import registry as functions_registry

_Function = TypeVar("_Function", bound=Callable[..., Any])

NAME: Final = re.compile(r"[a-z0-9_-]{1,64}\Z")
# What a factory may ask for, by the name of its parameter, in any order and any subset (S0.25).
PARAMETERS: Final = ("run_context", "agent", "session_state")


@dataclass(frozen=True, slots=True, eq=False)
class Factory:
    """`declared` are the tools it may bring; one for knowledge has none. `close` gets back what it returned."""

    name: str
    function: Callable[..., Any]
    kind: Literal["tools", "knowledge"] = "tools"
    declared: tuple[Tool, ...] = ()
    description: str = ""
    timeout_seconds: float | None = None
    close: Callable[[Any], Any] | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(_parameters(self.function))

    @property
    def where(self) -> str:
        source = docstrings.source(self.function)
        return f"{getattr(source, '__module__', None) or '?'}:{getattr(source, '__qualname__', self.name)}"


_factories: dict[str, Factory] = {}


def register_factory(
    name: str, function: Callable[..., Any], *, tools: Iterable[Any], **more: Any
) -> Factory:
    """Register a function that returns the tools of a run (S0.5).

    `tools` are those it may return: functions, `Tool(...)`, Toolkit classes, or lists of them. `more` may hold
    description, timeout_seconds and close. Raises NotAFactory or NotATool, here and now.
    """
    declared = tuple(_declared(tools, name))
    return _kept(Factory(name, function, "tools", declared, **_described(function, more)))


def register_knowledge(name: str, function: Callable[..., Any], **more: Any) -> Factory:
    """Register a function that returns what may be searched in a run: a Knowledge, or a list of them (S0.31)."""
    return _kept(Factory(name, function, "knowledge", **_described(function, more)))


def tool_factory(*, tools: Iterable[Any], name: str = "", **more: Any) -> Callable[[_Function], _Function]:
    """The same as `register_factory` where the function is written; it stays the function it was."""

    def keep(function: _Function) -> _Function:
        register_factory(name or getattr(function, "__name__", ""), function, tools=tools, **more)
        return function

    return keep


def knowledge_factory(*, name: str = "", **more: Any) -> Callable[[_Function], _Function]:
    def keep(function: _Function) -> _Function:
        register_knowledge(name or getattr(function, "__name__", ""), function, **more)
        return function

    return keep


def everything() -> tuple[Factory, ...]:
    return tuple(_factories.values())


def names() -> tuple[str, ...]:
    return tuple(_factories)


def named(name: str) -> Factory:
    """Raises FactoryFailed: a persona may still name a factory that the code has no more."""
    if name not in _factories:
        raise FactoryFailed(f"This installation has no factory {name!r}.", details={"factory": name})
    return _factories[name]


def declared() -> dict[str, Tool]:
    """Every tool that some factory may bring, by name."""
    return {tool.name: tool for factory in _factories.values() for tool in factory.declared}


def each_tool(given: Any, *, like: Sequence[Tool] | None = None) -> Iterable[Tool]:
    """Functions, `Tool(...)`, Toolkits, and lists of any of them, mixed (S0.9, S0.26).

    `like` are tools that were declared: what was made by the code of one of them is that tool, and not read again.
    """
    if isinstance(given, list | tuple):
        for item in given:
            yield from each_tool(item, like=like)
    elif toolkit.is_toolkit(given):
        yield from toolkit.tools_of(given, like or ())
    elif isinstance(given, Tool):
        yield given
    else:
        yield _tool_of(given, like)


def _tool_of(function: Any, like: Sequence[Tool] | None) -> Tool:
    bound = next((found for each in like or () if (found := each.over(function))), None)
    return bound or functions_registry.known(function) or Tool(function, quiet=like is not None)


def _declared(tools: Iterable[Any], name: str) -> Sequence[Tool]:
    found = list(each_tool(list(tools)))
    if not found:
        raise NotAFactory(f"The factory {name!r} says of no tool that it may bring it.")
    twice = sorted({tool.name for tool in found if sum(tool.name == each.name for each in found) > 1})
    if twice:
        raise NotAFactory(f"The factory {name!r} brings two tools of one name: {', '.join(twice)}.")
    return found


def _described(function: Callable[..., Any], more: dict[str, Any]) -> dict[str, Any]:
    if not more.get("description") and callable(function):
        more["description"] = docstrings.read(function).text.partition("\n")[0]
    return more


def _kept(factory: Factory) -> Factory:
    if not NAME.match(factory.name):
        raise NotAFactory(
            f"{factory.name!r} is no name for a factory: use 1 to 64 lower-case letters, digits, _ or -."
        )
    other = _factories.get(factory.name)
    if other is not None and other.where != factory.where:
        raise NotAFactory(f"{factory.where}: {other.where} is called {factory.name!r} already.")
    _require_usable(factory)
    for tool in factory.declared:
        _require_agreement(factory, tool)
    _factories[factory.name] = factory
    return factory


def _require_usable(factory: Factory) -> None:
    if inspect.isclass(factory.function) or not callable(factory.function):
        raise NotAFactory(f"The factory {factory.name!r} is no function.")
    source = docstrings.source(factory.function)
    if inspect.isgeneratorfunction(source) or inspect.isasyncgenfunction(source):
        raise NotAFactory(f"{factory.where} yields; a factory returns a list of tools.")
    strangers = [name for name, given in _parameters(factory.function).items() if given not in PARAMETERS]
    if strangers:
        raise NotAFactory(
            f"{factory.where} cannot be given {', '.join(strangers)}. Parameters are filled by name; there are: "
            f"{', '.join(PARAMETERS)}."
        )
    if factory.close is not None and not callable(factory.close):
        raise NotAFactory(f"The close of the factory {factory.name!r} is no function.")
    if factory.timeout_seconds is not None and factory.timeout_seconds <= 0:
        raise NotAFactory(f"The timeout_seconds of the factory {factory.name!r} must be above 0.")


def _parameters(function: Callable[..., Any]) -> dict[str, str]:
    """The parameters to fill, each with the name by which it is known; those with a default of their own stay."""
    found = {}
    for parameter in inspect.signature(function).parameters.values():
        is_free = parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        if parameter.name in PARAMETERS and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY:
            found[parameter.name] = parameter.name
        elif is_free or parameter.default is inspect.Parameter.empty:
            found[parameter.name] = f"{parameter.name} ({parameter.kind.description})"
    return found


def _require_agreement(factory: Factory, tool: Tool) -> None:
    """One name is one row of the catalog, so whoever else brings a tool of this name takes the same parameters."""
    if tool.name in builtin_tools.names():
        raise NotAFactory(f"{factory.where}: the name {tool.name!r} belongs to a built-in tool.")
    others = [each for each in _factories.values() if each.name != factory.name]
    same = [each for other in others for each in other.declared if each.name == tool.name]
    if tool.name in functions.names():
        same.append(functions.named(tool.name))
    if any(each.fingerprint != tool.fingerprint for each in same):
        raise NotAFactory(f"{factory.where}: there is a tool {tool.name!r} with other parameters already.")


def is_asynchronous(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(docstrings.source(function))
