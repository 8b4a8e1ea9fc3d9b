"""Calling a factory, and keeping of what it returns only what it may bring: it narrows or rebinds, it never widens."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.conf import settings

from tools_app import bridge, limited
from tools_app.exceptions import FactoryFailed, NotATool
from tools_app.factories import registry, toolkit
from tools_app.factories.knowledge import Knowledge
from tools_app.factories.registry import Factory
from tools_app.functions import Tool
from tools_app.run_context import Binding, RunContext

log = logging.getLogger(__name__)

CLOSE_SECONDS: Final = 10.0
_RAISING: Final = ("is_dangerous", "requires_approval", "requires_auth")


@dataclass(eq=False, slots=True)
class Built:
    """What one factory brought for one key: tools by name, knowledge, and by name why something was left out."""

    factory: str
    tools: Mapping[str, Tool] = field(default_factory=dict)
    knowledge: tuple[Knowledge, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    closing: tuple[Callable[[], Any], ...] = ()
    _once: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def to_tell(self) -> Mapping[str, str]:
        """What was left out, to the first who asks: it is put on record once."""
        return self.dropped if self._once.acquire(blocking=False) else {}

    def close(self) -> None:
        for each in self.closing:
            _closed(self.factory, each)


def build(binding: Binding, told: RunContext) -> Built:
    """Raises FactoryFailed, whatever went wrong; the log says what."""
    factory = registry.named(binding.factory)
    values = {"run_context": told, "agent": binding.agent, "session_state": told.session_state}
    given = {name: values[name] for name in factory.wanted}
    try:
        return _sorted_out(factory, _returned(factory, given), binding.granted)
    except FactoryFailed:
        raise
    except (Exception, SystemExit) as broken:
        log.exception("the factory %s failed", factory.name)
        raise FactoryFailed(details={"factory": factory.name}) from broken


def _returned(factory: Factory, given: dict[str, Any]) -> Any:
    seconds = factory.timeout_seconds or settings.FACTORY_SECONDS
    try:
        if registry.is_asynchronous(factory.function):
            return bridge.run(factory.function(**given), timeout=seconds)
        # What comes too late is nobody's, and must still be given back.
        late = partial(_thrown_away, factory)
        return limited.run(partial(factory.function, **given), seconds=seconds, name=factory.name, late=late)
    except (limited.TooLong, TimeoutError) as slow:
        log.error("the factory %s took longer than %s s", factory.name, seconds)
        raise FactoryFailed(details={"factory": factory.name, "seconds": seconds}) from slow


def _thrown_away(factory: Factory, returned: Any) -> None:
    Built(factory.name, closing=tuple(_closing(factory, returned))).close()


def _sorted_out(factory: Factory, returned: Any, granted: frozenset[str]) -> Built:
    closing = tuple(_closing(factory, returned))
    try:
        if factory.kind == "knowledge":
            return Built(factory.name, knowledge=_knowledge(returned), closing=closing)
        tools, dropped = _bound(factory, returned, granted)
    except BaseException:
        Built(factory.name, closing=closing).close()
        raise
    for name, why in dropped.items():
        log.warning("the factory %s may not bring the tool %s: %s", factory.name, name, why)
    return Built(factory.name, tools, dropped=dropped, closing=closing)


def _bound(
    factory: Factory, returned: Any, granted: frozenset[str]
) -> tuple[dict[str, Tool], dict[str, str]]:
    declared = {tool.name: tool for tool in factory.declared}
    tools: dict[str, Tool] = {}
    dropped: dict[str, str] = {}
    for tool in registry.each_tool(returned if returned is not None else [], like=factory.declared):
        why = _objection(tool, declared.get(tool.name), granted)
        if tool.name in tools:
            raise NotATool(f"{factory.where} returned two tools called {tool.name!r}.")
        if why:
            dropped[tool.name] = why
        else:
            tools[tool.name] = tool
    return tools, dropped


def _objection(tool: Tool, declared: Tool | None, granted: frozenset[str]) -> str:
    """The gate judges by the row, which was made from the declaration: whatever says more or other is left out."""
    if declared is None:
        return "it did not say that it may bring it"
    if tool.name not in granted:
        return "it is not granted to this persona"
    if tool.fingerprint != declared.fingerprint:
        return "it has other parameters than were declared; what narrows them is `prepare`"
    raised = [name for name in _RAISING if getattr(tool, name) and not getattr(declared, name)]
    if raised or set(tool.required_permissions) - set(declared.required_permissions):
        return "it is stricter than was declared, which only the row in the catalog can say"
    return ""


def _knowledge(returned: Any) -> tuple[Knowledge, ...]:
    found = (
        tuple(returned) if isinstance(returned, list | tuple) else (returned,) if returned is not None else ()
    )
    for each in found:
        if not isinstance(each, Knowledge):
            raise NotATool(f"{each!r:.100} cannot be searched: it has no search(query, limit).")
    return found


def _closing(factory: Factory, returned: Any) -> Iterable[Callable[[], Any]]:
    """Toolkits and knowledge close themselves; then the factory's own hook gets all it returned."""
    for each in _flat(returned):
        close = getattr(each, "close", None)
        if callable(close) and (toolkit.is_toolkit(each) or isinstance(each, Knowledge)):
            yield close
    if factory.close is not None:
        yield partial(factory.close, returned)


def _flat(given: Any) -> Iterable[Any]:
    if isinstance(given, list | tuple):
        for item in given:
            yield from _flat(item)
    else:
        yield given


def _closed(name: str, close: Callable[[], Any]) -> None:
    """Nothing depends on it any more, so a close that fails is told and forgotten."""
    try:
        outcome = _called(name, close)
        if inspect.iscoroutine(outcome):
            bridge.run(outcome, timeout=CLOSE_SECONDS)
    except Exception:
        log.exception("what the factory %s built could not be closed", name)


def _called(name: str, close: Callable[[], Any]) -> Any:
    try:
        begun = limited.Begun(close, name=f"close of {name}")
    except RuntimeError:
        # The process ends, and begins no more threads.
        return close()
    return begun.result(until=time.monotonic() + CLOSE_SECONDS)
