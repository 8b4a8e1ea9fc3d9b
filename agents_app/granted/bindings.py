"""The factories of a persona for one run: what each is given, and every version its result depends on.

Read from the database at each use, in the process that uses it: what was kept for older versions is found no more.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from agents_app.answering.desk import desk
from agents_app.granted import grants
from agents_app.models import AgentToolConfig, AgentType, Run
from audit_app import records
from project.accounts import identity as identities
from project.accounts import pooled
from project.accounts.identity import Identity
from tools_app.availability import Brought
from tools_app.calling.askers import Asked
from tools_app.calling.contexts import Asking
from tools_app.models import CacheGeneration, Tool
from tools_app.run_context import Agent, Binding, Keeping, RunContext

if TYPE_CHECKING:
    from tools_app.factories import Built, Factory

# The built-in tool that searches what knowledge factories bring.
SEARCHING: Final = (Tool.Executor.BUILTIN, "search_knowledge")


def asking(agent: AgentType, who: Identity, run: Run | None) -> Asking:
    """What is known before a call is made: the persona's values, and those that came with the message."""
    return Asking(
        who,
        session_id=run.conversation.session_id if run else "",
        context=agent.tool_context,
        acts_as=grants.acts_as(agent),
        run_level=run.tool_context if run else {},
    )


def declared(agent: AgentType) -> frozenset[str]:
    """The names of the tools that the persona's factories may bring, whether or not they do."""
    if not agent.factories:
        return frozenset()
    # Imported here and below: heavy, and most personas have no factory.
    from tools_app import factories

    chosen = [each for each in factories.everything() if each.name in agent.factories]
    return frozenset(tool.name for each in chosen for tool in each.declared)


@contextmanager
def brought(agent: AgentType, who: Identity, run: Run | None) -> Iterator[Brought]:
    """The tools that the persona's factories bring for this run, alive until the block is left.

    Without a run none is asked. Raises FactoryFailed.
    """
    names = declared(agent)
    if run is None or not agent.factories:
        yield Brought(names)
        return
    with ExitStack() as stack:
        built = _lent(of_run(agent, asking(agent, who, run), run), stack)
        for each in built:
            _tell(agent, each, run)
        yield Brought(names, {name: tool for each in built for name, tool in each.tools.items()})


def _lent(wanted: Iterable[Binding], stack: ExitStack) -> list[Built]:
    """Those that bring tools. One that is built now may take its time: others have the seat and the connection."""
    from tools_app import factories

    tools = [each for each in wanted if factories.named(each.factory).kind == "tools"]
    with desk.away():
        pooled.give_back()
        return [stack.enter_context(factories.lent(each)) for each in tools]


def of_call(asked: Asked, tool: Tool) -> tuple[Binding, ...]:
    """Those a worker needs for one call: the one that brings the tool, or all that can be searched."""
    agent = AgentType.objects.get(pk=asked.agent_type_id, organization_id=asked.organization_id)
    needed = frozenset(each.name for each in _chosen(agent) if _is_needed(each, tool))
    if not needed:
        return ()
    run = Run.objects.select_related("conversation").filter(pk=asked.run_id or 0).first()
    known = Asking(asked.identity, asked.session_id, agent.tool_context, grants.acts_as(agent), asked.context)
    return tuple(of_run(agent, known, run, only=needed))


def _is_needed(factory: Factory, tool: Tool) -> bool:
    if tool.executor == Tool.Executor.PYTHON:
        return any(each.name == tool.name for each in factory.declared)
    return factory.kind == "knowledge" and (tool.executor, tool.name) == SEARCHING


def of_run(
    agent: AgentType, known: Asking, run: Run | None, *, only: Container[str] | None = None
) -> list[Binding]:
    """One for each factory the persona has chosen, or for some of them, in that order. Raises FactoryFailed."""
    chosen = _chosen(agent)
    # Of all of them, whichever are asked for: the key of an entry is the same for everybody who needs it.
    rows = _rows(agent, {tool.name for each in chosen for tool in each.declared})
    wanted = [each.name for each in chosen if only is None or each.name in only]
    return [_kept(_binding(agent, known, run, name, rows)) for name in wanted]


def _chosen(agent: AgentType) -> list[Factory]:
    from tools_app import factories

    return [factories.named(name) for name in agent.factories]


def _rows(agent: AgentType, names: Iterable[str]) -> list[AgentToolConfig]:
    rows = AgentToolConfig.objects.filter(agent_type=agent, tool__executor=Tool.Executor.PYTHON)
    return list(rows.filter(tool__name__in=list(names)).select_related("tool", "agent_type").order_by("pk"))


def _binding(
    agent: AgentType, known: Asking, run: Run | None, factory: str, rows: list[AgentToolConfig]
) -> Binding:
    who = known.who
    return Binding(
        factory=factory,
        run=_run_context(known, run),
        agent=Agent(agent.pk, agent.name, agent.display_name, agent.model),
        organization_id=agent.organization_id,
        person=who.user_id if _is_person(who) else "",
        personal=(who.membership_version, who.role, tuple(sorted(who.permissions))),
        versions=(
            agent.content_hash(),
            *((row.tool.content_hash(), row.tool.enabled, grants.of(row).grant_hash) for row in rows),
        ),
        granted=frozenset(row.tool.name for row in rows if row.enabled_for_agent and row.allow_use),
        keeping=Keeping(
            agent.cache_callables,
            agent.callable_cache_key or "user",
            agent.cache_seconds or settings.CALLABLE_CACHE_SECONDS,
        ),
    )


def _run_context(known: Asking, run: Run | None) -> RunContext:
    """A use outside of a conversation is a run of its own, so both ids are always there (S0.16, S0.17)."""
    who = known.who
    alone = f"alone-{uuid4().hex}"
    return RunContext(
        run_id=str(run.pk) if run else alone,
        session_id=known.session_id or alone,
        user_id=who.user_id if _is_person(who) else None,
        session_state=run.conversation.session_state if run else None,
        dependencies=known.deps(),
    )


def _is_person(who: Identity) -> bool:
    """There is no stand-in for nobody: what is built for them is kept for nobody (S0.7, S0.48)."""
    return who.user_id.isdigit() and bool(who.role)


def _kept(binding: Binding) -> Binding:
    """With the numbers of clearings as they are now; read before anything is built, so that none is missed."""
    from tools_app.factories import caching, keys

    caching.shared().reader = CacheGeneration.objects.numbers
    names = keys.generation_names(binding, keys.own_key(binding))
    numbers = CacheGeneration.objects.numbers(names)
    return replace(binding, generations=tuple((name, numbers.get(name, 0)) for name in names))


def _tell(agent: AgentType, built: Built, run: Run) -> None:
    """Put on record, once, what a factory wanted to bring and may not: for the administrator who can mend it."""
    dropped = built.to_tell()
    if not dropped:
        return
    subject = records.Subject("persona", str(agent.pk), agent.name)
    facts = {"factory": built.factory, "left_out": dict(dropped), "run": run.pk}
    with transaction.atomic():
        records.record(
            "factory.narrowed", by=identities.system(agent.organization_id), subject=subject, facts=facts
        )
