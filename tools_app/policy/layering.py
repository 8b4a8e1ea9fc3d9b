"""The layers that narrow what a call may do: the installation, the organization, the tool and the grant. Pure.

Each of them must let a call pass: one that denies, denies; one that lists what is allowed, lists all that is. So a
layer can only narrow what the others leave, and it makes no difference in which order they are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tools_app import rules
from tools_app.policy.values import Call, Facts, Grant, Layer, Refuse, Source, ToolFacts

# Whose rule it is, as the model is told.
_WHOSE: Final = {
    "installation": "A rule of this installation",
    "organization": "A rule of the organization",
    "tool": "A rule of the tool",
    "grant": "Policy",
}


_OF_ONE_TOOL: Final = frozenset({"tool", "grant"})


class BrokenRule(rules.UnknownRule):
    """A rule that cannot be evaluated, with whose it is: whoever keeps the rules has to find it."""

    def __init__(self, source: Source, why: object) -> None:
        super().__init__(f"{source.layer} {source.name}: {why}")
        self.source, self.why = source, str(why)


@contextmanager
def _named(source: Source) -> Iterator[None]:
    try:
        yield
    except rules.TooMuch:
        raise
    except rules.UnknownRule as unknown:
        raise BrokenRule(source, unknown) from None


def all_of(facts: Facts) -> tuple[Layer, ...]:
    """Every layer that speaks of this use, from the widest to the narrowest; the grant is the last."""
    return (*facts.layers, of_grant(facts.grant)) if facts.grant else facts.layers


def of_grant(grant: Grant) -> Layer:
    return Layer(
        source=Source("grant", grant.id, grant.agent_name),
        allowed=grant.allowed,
        denied=grant.denied,
        ask_when=grant.ask_when,
        requires_approval=grant.forces_approval,
        defaults=grant.defaults,
        fixed=grant.fixed,
    )


def subject_of(call: Call, tool: ToolFacts, budget: rules.Budget | None = None) -> rules.Subject:
    """The arguments as rules look at them; all that is looked at with it is paid from one budget."""
    return rules.Subject(call.arguments, tool.kinds, call.also, call.sql, budget or rules.Budget())


def fixed(layers: tuple[Layer, ...]) -> dict[str, Any]:
    """The values policy sets whatever the model says; where two layers set the same one, the wider has its way."""
    return {name: value for layer in reversed(layers) for name, value in (layer.fixed or {}).items()}


def filled(layers: tuple[Layer, ...]) -> dict[str, Any]:
    """What policy fills in where the model says nothing, and what it sets: defaults of the narrowest layer first."""
    defaults = {name: value for layer in layers for name, value in (layer.defaults or {}).items()}
    return {**defaults, **fixed(layers)}


def require_known(tool: ToolFacts, layers: tuple[Layer, ...]) -> None:
    """Raise BrokenRule where what is said about this one tool speaks of a parameter that it does not have any more.

    Wider rules are about many tools. A list of what is allowed is safe by itself.
    """
    if tool.parameters is None:
        return
    for layer in layers:
        if layer.source.layer not in _OF_ONE_TOOL:
            continue
        for said in (layer.denied, layer.ask_when, layer.fixed, layer.defaults):
            if isinstance(said, list | Mapping) and (names := rules.strangers(said, tool.parameters)):
                why = f"it speaks of {', '.join(names)}, and {tool.name} has no such parameter"
                raise BrokenRule(layer.source, why)


def denied(subject: rules.Subject, tool: ToolFacts, layers: tuple[Layer, ...]) -> Iterator[Refuse]:
    for layer in layers:
        whose, more = _WHOSE[layer.source.layer], _more(layer)
        if layer.forbids:
            yield Refuse("forbidden", f"{whose} forbids every use of {tool.name}.{more}", layer.source)
        for name in _hit(layer.denied, subject, layer.source):
            told = f"{whose} forbids this value or use of the parameter {name}.{more}"
            yield Refuse("denied_parameter", told, layer.source)


def denied_address(
    parameter: str, address: str, call: Call, tool: ToolFacts, layers: tuple[Layer, ...]
) -> Iterator[Refuse]:
    """The same for what the host in the call turned out to stand for when it was connected to."""
    kind, subject = tool.kinds.get(parameter, ""), subject_of(call, tool)
    for layer in layers:
        if rules.denies_address(layer.denied, parameter, kind, address):
            told = (
                f"{_WHOSE[layer.source.layer]} forbids what the host of {parameter} stands for.{_more(layer)}"
            )
            yield Refuse("denied_parameter", told, layer.source)
        asks = rules.denies_address(layer.ask_when, parameter, kind, address)
        if asks and not any(rules.denied(layer.ask_when, subject)):
            told = f"{_WHOSE[layer.source.layer]} has a person asked about what the host of {parameter} stands for."
            yield Refuse("denied_parameter", told + _more(layer), layer.source)


def unasked(subject: rules.Subject, layers: tuple[Layer, ...]) -> Iterator[Refuse]:
    """What a person has to be asked about and cannot be any more, since the use that came to it is running."""
    for layer in layers:
        for name in rules.denied(layer.ask_when, subject):
            told = (
                f"{_WHOSE[layer.source.layer]} has a person asked about this value of the parameter {name}."
            )
            yield Refuse("denied_parameter", f"{told} Ask for it itself.{_more(layer)}", layer.source)


def allowed(subject: rules.Subject, layers: tuple[Layer, ...]) -> Iterator[Refuse]:
    for layer in layers:
        with _named(layer.source):
            names = list(rules.not_allowed(layer.allowed, subject))
        for name in names:
            told = f"{_WHOSE[layer.source.layer]} does not allow the parameter {name} with this value."
            yield Refuse("parameter_not_allowed", told + _more(layer), layer.source)


def asking(subject: rules.Subject, layers: tuple[Layer, ...]) -> Iterator[tuple[str, Source]]:
    """Why rules of layers ask a person, each with whose rule it is. What the tool itself says is not among them."""
    for layer in layers:
        if layer.requires_approval:
            yield f"{layer.source.layer}_requires_approval", layer.source
        if any(_hit(layer.ask_when, subject, layer.source)):
            code = "condition" if layer.source.layer == "grant" else f"{layer.source.layer}_condition"
            yield code, layer.source


def advisory(kinds: Mapping[str, str], layers: tuple[Layer, ...]) -> Iterator[tuple[Source, list[str]]]:
    """Rules that look like limits and are none: texts forbidden within commands and code, and patterns allowed."""
    for layer in layers:
        if names := rules.advisory(layer.denied, kinds) + rules.loosely_allowed(layer.allowed, kinds):
            yield layer.source, names


def _more(layer: Layer) -> str:
    return f" {layer.message}" if layer.message else ""


def _hit(rule: Any, subject: rules.Subject, source: Source) -> list[str]:
    with _named(source):
        return list(rules.denied(rule, subject))
