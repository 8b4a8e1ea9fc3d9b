"""Factories: Python functions that build the tools, or the knowledge, of one run (contract S0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tools_app.factories import building, caching, keys
from tools_app.factories.building import Built
from tools_app.factories.caching import Wanted
from tools_app.factories.keys import cache_key, register_cache_key
from tools_app.factories.knowledge import Knowledge, Passage
from tools_app.factories.registry import (
    Factory,
    declared,
    everything,
    knowledge_factory,
    named,
    names,
    register_factory,
    register_knowledge,
    tool_factory,
)
from tools_app.factories.toolkit import Toolkit, tool_method
from tools_app.run_context import Agent, Binding, RunContext

__all__ = [
    "Agent",
    "Binding",
    "Built",
    "Factory",
    "Knowledge",
    "Passage",
    "RunContext",
    "Toolkit",
    "cache_key",
    "declared",
    "everything",
    "knowledge_factory",
    "knowledge_of",
    "lent",
    "named",
    "names",
    "register_cache_key",
    "register_factory",
    "register_knowledge",
    "tool_factory",
    "tool_method",
]

# A run's own entry, where nothing is to be kept: long enough for its next step, in this process.
RUN_SECONDS = 60.0


@contextmanager
def lent(binding: Binding) -> Iterator[Built]:
    """What the factory brought for this run, kept or built now; not closed before the block is left.

    Raises FactoryFailed.
    """
    own = keys.own_key(binding)
    seconds = float(binding.keeping.seconds) if own is not None else RUN_SECONDS
    wanted = Wanted(keys.whole(binding, own), seconds, binding.generations, renewed=own is None)
    told = keys.told(binding, own)
    with caching.shared().lent(wanted, partial(building.build, binding, told)) as built:
        yield built


@contextmanager
def knowledge_of(bindings: Iterable[Binding]) -> Iterator[list[Knowledge]]:
    """All that the knowledge factories of a persona let be searched in this run. Raises FactoryFailed."""
    with ExitStack() as stack:
        built = [
            stack.enter_context(lent(each)) for each in bindings if named(each.factory).kind == "knowledge"
        ]
        yield [found for each in built for found in each.knowledge]
