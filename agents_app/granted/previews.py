"""What a person may do through a persona: each of its tools, allowed, asked about or refused, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from agents_app import toolset
from agents_app.models import AgentType
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from tools_app.approving.visible import visible_text
from tools_app.explain import explaining, powers
from tools_app.explain.explaining import Line
from tools_app.explain.powers import Carrier, Power

LEFT_OUT: Final = "Its own code leaves it out for this person."
NOTHING_LEFT: Final = "Its rules leave nothing of a parameter that each use needs, so it is not offered."


def of(agent: AgentType, who: Identity | None = None) -> list[Power]:
    """In the order of the grants; of tools that are not published yet nothing is told."""
    granted = [each for each in toolset.granted(agent) if not each.tool.is_draft]
    found = powers.of(
        [(each.tool, each.grant) for each in granted], Carrier(agent.organization_id, agent.pk, who)
    )
    shown, unusable = _shown(agent, who), {each.tool.pk for each in granted if each.forbidden}
    return [
        each if each.tool.pk in shown or each.decision == "refuse" else _left_out(each, unusable)
        for each in found
    ]


def _shown(agent: AgentType, who: Identity | None) -> set[int]:
    """What is offered once the tools' own code was asked, which may leave one out for somebody."""
    try:
        return {each.tool.pk for each in toolset.of(agent, who)}
    except HouseError:
        # A factory that fails fails the answer too; then nothing can be used.
        return set()


def _left_out(power: Power, unusable: set[int]) -> Power:
    why = NOTHING_LEFT if power.tool.pk in unusable else LEFT_OUT
    line = Line("tool", explaining.title_of("tool"), "refuse", why)
    return replace(power, decision="refuse", lines=(line,), whom="", by_self=False, sometimes=())


def in_short(agent: AgentType, who: Identity | None) -> dict[str, Any]:
    """By name, for the card of a persona: what it uses, what it asks before (and others), what is off."""
    found = of(agent, who)
    asks = [each for each in found if each.decision == "ask"]
    return {
        "uses": [each.tool.name for each in found if each.decision == "allow"],
        "asks": [each.tool.name for each in asks],
        "asks_others": [each.tool.name for each in asks if not each.by_self],
        "off": [
            {"name": each.tool.name, "reason": visible_text(each.why)}
            for each in found
            if each.decision == "refuse"
        ],
    }
