"""Rules about many tools, as the installation's file and an organization's rows write them: read, checked, applied.

Pure. The same code says what is wrong when one is saved, and evaluates it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools_app import rules
from tools_app.governing import faults, selecting
from tools_app.governing.selecting import Selected, Selector
from tools_app.policy import Layer, Source
from tools_app.rules import UnknownRule

SELECTING: Final = ("for_tools", "for_categories", "for_executors", "for_flags")
EFFECTS: Final = ("forbids", "requires_approval", "denied_parameters", "allowed_parameters", "ask_when")
FIELDS: Final = (*SELECTING, *EFFECTS, "message")
_RULES: Final = ("denied_parameters", "allowed_parameters", "ask_when")
_FLAGS: Final = ("forbids", "requires_approval")
_MESSAGE_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Rule:
    """What it says, and about which tools."""

    selector: Selector
    layer: Layer


def made(given: Mapping[str, Any], source: Source) -> Rule:
    """The rule these fields are. Raises UnknownRule for what cannot be evaluated.

    A text that nothing could ever meet does not keep it from being one: only uses of the tools it is about are refused.
    """
    if wrong := problems(given, lenient=True):
        raise UnknownRule("; ".join(f"{name}: {' '.join(told)}" for name, told in wrong.items()))
    layer = Layer(
        source=source,
        allowed=given.get("allowed_parameters"),
        denied=given.get("denied_parameters"),
        ask_when=given.get("ask_when"),
        requires_approval=given.get("requires_approval") or False,
        forbids=given.get("forbids") or False,
        message=given.get("message") or "",
    )
    return Rule(selecting.read(given), layer)


def problems(given: Mapping[str, Any], *, lenient: bool = False) -> dict[str, list[str]]:
    """What keeps these fields from being a rule, by field; empty if nothing does."""
    wrong: dict[str, list[str]] = {}
    for name in SELECTING:
        try:
            selecting.read({name: given.get(name)})
        except UnknownRule as unknown:
            wrong[name] = [f"This cannot be read: {unknown}."]
    for name in _RULES:
        if told := faults.told(given.get(name), allowing=name == "allowed_parameters", lenient=lenient):
            wrong[name] = [told]
    for name in _FLAGS:
        if not isinstance(given.get(name, False), bool):
            wrong[name] = ["This must be true or false."]
    message = given.get("message") or ""
    if not isinstance(message, str) or len(message) > _MESSAGE_CHARS:
        wrong["message"] = [f"This must be a text of at most {_MESSAGE_CHARS} characters."]
    if not wrong and not any(given.get(name) not in (None, False, {}) for name in EFFECTS):
        wrong[""] = ["It says nothing: forbid something, list what is allowed, or let it ask."]
    return wrong


def unmet(layer: Layer, kinds: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with texts in it that nothing could meet in a tool with these kinds of parameters, by field."""
    wrong = {}
    for name, rule in zip(_RULES, (layer.denied, layer.allowed, layer.ask_when), strict=True):
        try:
            rules.check(rule, allowing=name == "allowed_parameters", kinds=kinds)
        except UnknownRule as unknown:
            wrong[name] = f"This rule cannot be evaluated: {unknown}."
    return wrong


def of(found: tuple[Rule, ...], tool: Selected) -> tuple[Layer, ...]:
    """The layers that speak of this tool, in their order."""
    return tuple(rule.layer for rule in found if rule.selector.covers(tool))
