"""Which factories a persona may choose, and what is wrong with a choice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from agents_app.models import AgentType

if TYPE_CHECKING:
    from tools_app.factories import Factory

DEFAULT_KEY = "user"


def problems(agent: AgentType) -> dict[str, list[str]]:
    """By field; nothing for a persona without factories, whatever else it says about keeping."""
    wrong: dict[str, list[str]] = {}
    if not isinstance(agent.factories, list) or not all(isinstance(each, str) for each in agent.factories):
        return {"factories": ["This must be a list of names."]}
    if not agent.factories and agent.callable_cache_key in ("", DEFAULT_KEY):
        return {}
    # Imported here: heavy, and most personas have no factory.
    from tools_app.factories import everything, keys

    if told := _problem(agent.factories, {each.name: each for each in everything()}):
        wrong["factories"] = [told]
    known = [each.name for each in keys.everything()]
    if agent.callable_cache_key not in ("", *known):
        wrong["callable_cache_key"] = [f"There is no such key. There are: {', '.join(known)}."]
    return wrong


def factories() -> list[tuple[str, str]]:
    """Name and label of each factory of this installation, for forms."""
    from tools_app.factories import everything

    kinds = {"tools": "Tools", "knowledge": "Knowledge"}
    return [(each.name, f"{kinds[each.kind]}: {each.name}{_about(each)}") for each in everything()]


def cache_keys() -> list[tuple[str, str]]:
    from tools_app.factories import keys

    return [(each.name, each.description) for each in keys.everything()]


def _problem(chosen: Iterable[str], known: dict[str, Any]) -> str:
    names = list(chosen)
    unknown = sorted(set(names) - set(known))
    if unknown:
        return f"This installation has no such factory: {', '.join(unknown)}."
    if len(set(names)) < len(names):
        return "A factory is named twice."
    brought = [tool.name for name in names for tool in known[name].declared]
    twice = sorted({name for name in brought if brought.count(name) > 1})
    return f"Two of these factories bring the same tool: {', '.join(twice)}." if twice else ""


def _about(factory: Factory) -> str:
    tools = f" ({', '.join(tool.name for tool in factory.declared)})" if factory.declared else ""
    return f"{tools}: {factory.description}" if factory.description else tools
