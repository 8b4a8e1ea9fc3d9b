"""What the arguments of a tool mean outside of this process: kinds of parameters, real files, addresses, secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app import builtin_tools, credentials, executors, policy, rules
from tools_app.exceptions import ToolFailed
from tools_app.executors import network, targets
from tools_app.executors.tables import reading
from tools_app.models import Tool
from tools_app.rules import places
from tools_app.schema import schema_kinds


def kinds_of(tool: Tool) -> dict[str, str]:
    """The kind of each parameter by its name, and of each place within by its pointer: what bare texts there mean.

    What an administrator says of a parameter holds where its description says nothing: it comes from elsewhere.
    """
    given = {name: str(kind) for name, kind in (tool.parameter_kinds or {}).items()}
    told = schema_kinds.of(schema_of(tool))
    return {**given, **told}


def subject_of(tool: Tool, values: Mapping[str, Any]) -> rules.Subject:
    """Values that policy is to fill in, as its rules will look at them; a file that is not there yet by its name."""
    meant = real(tool, values)
    kinds = kinds_of(tool)
    named = {name: [value] for name, value in values.items() if kinds.get(name) in ("path", "folder")}
    return rules.Subject(
        values, kinds, {**named, **{name: also for name, also in meant.also.items() if also}}
    )


def parameters_of(tool: Tool) -> dict[str, dict[str, Any]]:
    """Of a built-in tool as the program has them: what it does to a file does not depend on an older row."""
    properties = schema_of(tool).get("properties") or {}
    return {name: spec for name, spec in properties.items() if isinstance(spec, dict)}


def schema_of(tool: Tool) -> Mapping[str, Any]:
    is_ours = tool.executor == Tool.Executor.BUILTIN and tool.name in builtin_tools.names()
    return builtin_tools.named(tool.name).definition.input_schema if is_ours else tool.input_schema


def names_of(tool: Tool) -> frozenset[str] | None:
    """The names of its parameters, as its row or the program has them; None where it takes others as well."""
    schema = tool.input_schema
    if schema.get("additionalProperties") or schema.get("patternProperties"):
        return None
    return frozenset(schema.get("properties") or {}) | frozenset(parameters_of(tool))


def canonical(tool: Tool, effective: Mapping[str, Any]) -> dict[str, Any]:
    """The same arguments with each address as it would be asked for: rules, card, digest and executor see one text.

    Only where a use is proposed: what was once shown to a person stays what it was. An address nobody can read stays
    as it is, and is refused as that.
    """
    change = _own_url if tool.executor == Tool.Executor.BUILTIN else _url
    kinds = kinds_of(tool)
    return {name: places.rewritten(name, value, kinds, "url", change) for name, value in effective.items()}


def _own_url(text: str) -> str:
    try:
        return network.parse_url(text).text
    except ToolFailed:
        return text


def _url(text: str) -> str:
    """What stands behind # never leaves our own client; to others, such as a browser, it may be the page."""
    before, mark, page = text.partition("#")
    return _own_url(before) + mark + page


@dataclass(frozen=True, slots=True)
class Real:
    """What arguments mean outside of this process: files, how else they are called, and what is out of bounds."""

    targets: dict[str, Any] = field(default_factory=dict)
    reach: dict[str, Any] = field(default_factory=dict)
    also: dict[str, list[str]] = field(default_factory=dict)
    beyond: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)


def real(tool: Tool, effective: Mapping[str, Any]) -> Real:
    """Which real files the path parameters mean now, and what the installation forbids (`security.md` 2.1 step 6).

    The files are part of what an approval is bound to. The executor enforces the same limits on the real object.
    """
    found, kinds = Real(), kinds_of(tool)
    for name, spec in parameters_of(tool).items():
        value = effective.get(name)
        try:
            kind, access = schema_kinds.said(spec, schema_of(tool))
            if isinstance(value, str) and kind == "path":
                meant = targets.meant(value, access or "read")
                found.targets[name], found.also[name] = meant.target, meant.names
            elif name in effective:
                # Each address for itself: whoever opens it, it must lie where the installation lets calls go.
                places.rewritten(name, value, kinds, "url", _vetted)
        except ToolFailed as refused:
            found.beyond.append(refused.message)
    _add_reach(found, tool, effective)
    return found


def _vetted(text: str) -> str:
    return network.vet(text).text


def _add_reach(found: Real, tool: Tool, effective: Mapping[str, Any]) -> None:
    """Where the call would go, and with which secrets: shown to the person, and part of what they approve."""
    try:
        goal = executors.reach(tool.executor, tool.configuration, effective, tool.name)
    except ToolFailed as refused:
        found.beyond.append(refused.message)
        return
    if goal is None:
        return
    found.reach.update(to=goal.shown, secrets=credentials.versions(tool))
    found.obstacles.extend(credentials.obstacles(tool, goal))


def classes_of_sql(
    tool: Tool, effective: Mapping[str, Any], found: tuple[policy.Layer, ...]
) -> dict[str, str]:
    """What the engine makes of each statement: read, write or unreadable; asked only where a rule wants to know.

    Only of the built-in tool is it known which engine that is.
    """
    told = (layer_rule for layer in found for layer_rule in (layer.allowed, layer.denied, layer.ask_when))
    if not any(rules.uses(each, "sql_read_only") for each in told):
        return {}
    named = [name for name, kind in kinds_of(tool).items() if kind == "sql" and name in effective]
    foreign = tool.executor != Tool.Executor.BUILTIN
    return {name: reading.class_of(str(effective[name]), foreign=foreign) for name in named}
