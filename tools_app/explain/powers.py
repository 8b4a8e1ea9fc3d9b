"""What a person may do with tools before any arguments are known: tool by tool allowed, asked about or refused.

For whoever wonders beforehand. It is asked of the gate itself, with no arguments, so that it can say nothing else than
what the gate will say: only what arguments decide is told as a condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from project.accounts.identity import Identity
from project.accounts.roles import ALL_PERMISSIONS, DECIDE, DECIDE_OWN
from tools_app import doors, facts, served
from tools_app.approving import deciders, demands
from tools_app.approving.deciders import Demand
from tools_app.calling import askers, information, quotas
from tools_app.calling.askers import Asked
from tools_app.explain import explaining
from tools_app.explain.explaining import Line
from tools_app.governing import halts, layers
from tools_app.governing.layer_rules import Rule
from tools_app.models import Tool
from tools_app.policy import Call, Facts, Grant, layering

# Steps that need arguments: they say nothing beforehand.
_LATER = frozenset({"arguments", "secrets"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """Whose hands the tools are in: a persona and who asks it; nobody in particular where `who` is None."""

    organization_id: int
    agent_type_id: int
    who: Identity | None = None

    @property
    def asked(self) -> Asked:
        if self.who is None:
            raise ValueError("nobody in particular has used nothing")
        return Asked(self.who, self.organization_id, self.agent_type_id)


@dataclass(frozen=True, slots=True)
class Power:
    """`lines` say why it is refused or asked about, `whom` who decides then; `sometimes` is what values decide."""

    tool: Tool
    decision: str
    lines: tuple[Line, ...] = ()
    whom: str = ""
    by_self: bool = False
    sometimes: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        return " ".join(dict.fromkeys(line.text for line in self.lines))


@dataclass(frozen=True, slots=True)
class _Readings:
    """What holds for all tools of one carrier, read once."""

    carrier: Carrier
    rules: tuple[Rule, ...] | None
    withheld: frozenset[int]
    stopped: dict[int, str]
    ours: Demand
    leaks: bool


def of(granted: Sequence[tuple[Tool, Grant]], carrier: Carrier) -> list[Power]:
    """In the order given. A handful of statements, and for each tool with a limit per day what is used of it."""
    tools = [tool for tool, _ in granted]
    readings = _Readings(
        carrier=carrier,
        rules=_rules(carrier.organization_id),
        withheld=frozenset(served.withheld(tools)),
        stopped=halts.stopped(carrier.organization_id, carrier.agent_type_id, [tool.pk for tool in tools]),
        ours=demands.of_organization(carrier.organization_id),
        leaks=any(map(information.can_carry_out, tools))
        and bool(
            doors.private_tools(agent_type_id=carrier.agent_type_id, organization_id=carrier.organization_id)
        ),
    )
    return [_power(tool, grant, readings) for tool, grant in granted]


def _rules(organization_id: int) -> tuple[Rule, ...] | None:
    """None where they cannot be read: then the gate refuses everything."""
    try:
        return layers.rules_of(organization_id)
    except Exception:  # noqa: BLE001  As the gate itself: whatever cannot be read is a refusal.
        return None


def _power(tool: Tool, grant: Grant, readings: _Readings) -> Power:
    known = _facts(tool, grant, readings)
    told = [
        line
        for line in explaining.lines(Call(arguments={}), known)
        if line.outcome != "pass" and line.check not in _LATER
    ]
    refusing = tuple(line for line in told if line.outcome == "refuse")
    if refusing:
        return Power(tool, "refuse", refusing)
    sometimes = tuple(_sometimes(tool, known, readings))
    if not told:
        return Power(tool, "allow", sometimes=sometimes)
    whom, by_self = _whom(tool, grant, known, readings)
    return Power(tool, "ask", tuple(told), whom, by_self, sometimes)


def _facts(tool: Tool, grant: Grant, readings: _Readings) -> Facts:
    who = readings.carrier.who
    try:
        if readings.rules is None:
            raise ValueError("the rules cannot be read")
        server = "Its MCP server cannot be used now." if tool.pk in readings.withheld else ""
        return Facts(
            tool=facts.tool_facts(tool, readings.carrier.organization_id, server_off=server),
            grant=grant,
            requester_active=who is None or who.role != "",
            requester_signed_in=who is None or who.user_id.isdigit(),
            permissions=frozenset(ALL_PERMISSIONS) if who is None else who.permissions,
            used=tuple(quotas.used(tool, grant, readings.carrier.asked)) if who is not None else (),
            # Nobody in particular is taken to be there.
            attended=who is None or askers.is_attended(who),
            halted=readings.stopped.get(tool.pk, ""),
            layers=layers.with_rules(tool, readings.rules),
            demands=demands.of(tool, grant, readings.ours),
        )
    except Exception:  # noqa: BLE001  What cannot be read refuses, here as at the gate.
        return Facts(tool=None, grant=None, readable=False)


def _whom(tool: Tool, grant: Grant, known: Facts, readings: _Readings) -> tuple[str, bool]:
    """Who decides, in words, and whether that can be who asks."""
    if known.tool is not None and known.tool.asks_person:
        return "", True
    if told := deciders.told(known.demands):
        return told, False
    who = readings.carrier.who
    if who is None or who.may(DECIDE) or who.may(DECIDE_OWN):
        return "Who asks may approve it.", True
    return "Somebody who may approve has to.", False


def _sometimes(tool: Tool, known: Facts, readings: _Readings) -> Iterable[str]:
    """What arguments and the answer so far will decide."""
    speaking = layering.all_of(known)
    if any(layer.allowed is not None or layer.denied is not None for layer in speaking):
        yield "Only with certain values."
    if any(layer.ask_when is not None for layer in speaking):
        yield "Asks at certain values."
    if readings.leaks and information.can_carry_out(tool):
        yield "Asks once the answer has read something from outside."
    limit = known.grant.usage_limit if known.grant else None
    if limit is not None and limit > 0:
        yield f"At most {limit} times in a conversation."
