"""Lint over rows of the catalog: one tool, or all of them with their look-alikes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet

from project.accounts.identity import Identity
from tools_app import credentials, factories, functions
from tools_app.cataloging import alike, lint
from tools_app.cataloging.lint import Hint
from tools_app.governing import layer_rules, layers, meanings, strays
from tools_app.governing.strays import Stray
from tools_app.models import Secret, Tool


@dataclass(frozen=True, slots=True)
class Linted:
    tool: Tool
    hints: tuple[Hint, ...]


def of(tool: Tool) -> tuple[Hint, ...]:
    """The hints of a tool as it is, or as it would be after a change that is not saved."""
    return lint.hints(_subject(tool, look_alikes(tool), _known_secrets([tool]), strays.of(tool)))


def of_rows(tools: Sequence[Tool], others: Mapping[str, Sequence[str]]) -> Iterator[Linted]:
    """For a page of the catalog; `others` are the look-alikes of all of it, found once."""
    known, stray = _known_secrets(tools), strays.of_rows(tools)
    for tool in tools:
        similar = others.get(tool.name, ())
        yield Linted(tool, lint.hints(_subject(tool, similar, known, stray.get(tool.pk, ()))))


def rows(identity: Identity) -> QuerySet[Tool]:
    return Tool.objects.visible_to(identity).current().order_by("name")


def all_look_alikes(organization_id: int) -> Mapping[str, Sequence[str]]:
    return _pairs(tuple(sorted(_names(organization_id))))


@lru_cache(maxsize=16)
def _pairs(names: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    """Of 5,000 names they take a third of a second to find, and names seldom change."""
    return alike.pairs(names)


def look_alikes(tool: Tool) -> list[str]:
    names = [*_names(tool.organization_id), tool.name]
    return alike.like(tool.name, names)


def _names(organization_id: int) -> list[str]:
    current = Tool.objects.current().filter(organization_id=organization_id)
    return list(current.order_by().values_list("name", flat=True))


def _known_secrets(tools: Sequence[Tool]) -> Collection[tuple[int, str]]:
    """Which of the secrets these tools name there are, each with its organization; one question for all of them."""
    wanted = {name for tool in tools for name in _secrets(tool)}
    if not wanted:
        return frozenset()
    rows = Secret.objects.filter(
        organization_id__in={tool.organization_id for tool in tools}, name__in=wanted
    )
    return set(rows.values_list("organization_id", "name"))


def _secrets(tool: Tool) -> tuple[str, ...]:
    return credentials.names(tool) if isinstance(tool.configuration, dict) else ()


def _subject(
    tool: Tool, others: Sequence[str], known: Collection[tuple[int, str]], stray: Sequence[Stray]
) -> lint.Subject:
    return lint.Subject(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        executor=tool.executor,
        configuration=tool.configuration if isinstance(tool.configuration, dict) else {},
        is_dangerous=tool.is_dangerous,
        requires_approval=tool.requires_approval,
        is_open_world=tool.is_open_world,
        remarks=_remarks(tool),
        look_alikes=others,
        unread_rules=_unread_rules(tool),
        stray_rules=[each.told for each in stray],
        missing_secrets=[each for each in _secrets(tool) if (tool.organization_id, each) not in known],
    )


def _unread_rules(tool: Tool) -> Mapping[str, str]:
    layer = layers.of_tool(tool)
    return layer_rules.unmet(layer, meanings.kinds_of(tool)) if layer else {}


def _remarks(tool: Tool) -> tuple[str, ...]:
    """What the installation's code remarked about the function behind it, when it was loaded."""
    if tool.executor != Tool.Executor.PYTHON:
        return ()
    if tool.name in functions.names():
        return tuple(functions.named(tool.name).remarks)
    brought = factories.declared().get(tool.name)
    return tuple(brought.remarks) if brought else ()
