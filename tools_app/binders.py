"""The door through which a worker learns which factories bind a call; personas choose them, further right."""

from __future__ import annotations

from collections.abc import Callable

from tools_app.calling.askers import Asked
from tools_app.facts import Gathered
from tools_app.models import Tool
from tools_app.run_context import Binding

BindingReader = Callable[[Asked, Tool], tuple[Binding, ...]]

_readers: list[BindingReader] = []


def register(reader: BindingReader) -> None:
    _readers[:] = [reader]


def of(found: Gathered, tool: Tool) -> tuple[Binding, ...]:
    """Read afresh for who asks; none for a persona without factories. Raises FactoryFailed."""
    if found.grant is None or not found.grant.factories or not _readers:
        return ()
    return _readers[0](found.asked, tool)
