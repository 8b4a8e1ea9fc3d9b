"""What is wrong with rules that somebody wants to save, said by the code that will evaluate them.

For what a grant or a tool says about the parameters of one tool; rules about many tools are checked in `layer_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tools_app import arguments, policy, rules
from tools_app.governing import faults, meanings
from tools_app.models import Tool
from tools_app.policy import Layer
from tools_app.rules import places
from tools_app.schema import schema_kinds
from tools_app.schema.schemas import KINDS

RULES: Final = ("allowed_parameters", "denied_parameters", "ask_when")
VALUES: Final = ("parameter_defaults", "fixed_parameters")
ADVISED: Final = (
    "Texts of commands can be written otherwise and protect nothing: also let a person approve each use."
)
_SAY_THE_KIND: Final = (
    "Give the parameter a kind on the page of the tool (a path, an address, free text …), or write what you mean: "
    '{"equals": "…"}.'
)


def of(row: Any, tool: Tool) -> dict[str, list[str]]:
    """What is wrong with the rules and values of a grant or a tool, by field; `row` has them under these names."""
    wrong: dict[str, list[str]] = {}
    for name in RULES:
        if problem := _rule(getattr(row, name), tool, allowing=name == "allowed_parameters"):
            wrong[name] = [problem]
    if "allowed_parameters" not in wrong and (problem := _meets_no_list(row.allowed_parameters, tool)):
        wrong["allowed_parameters"] = [problem]
    for name in VALUES:
        if problem := _values(getattr(row, name), tool):
            wrong[name] = [problem]
    return wrong


def _meets_no_list(allowed: Any, tool: Tool) -> str:
    """Plain values for a parameter that is a list: nothing would be allowed by them."""
    known = tool.input_schema.get("properties") or {}
    names = [
        name
        for name, wanted in (allowed.items() if isinstance(allowed, Mapping) else ())
        if isinstance(known.get(name), dict) and known[name].get("type") == "array"
        if isinstance(wanted, list) and wanted and not any(isinstance(each, Mapping) for each in wanted)
    ]
    told = 'holds a list, which no single value allows: for its elements, write {"each": […]}.'
    return f"{', '.join(names)} {told}" if names else ""


def of_kinds(tool: Tool) -> list[str]:
    """What is wrong with the kinds somebody gave to parameters of a tool."""
    given, known = tool.parameter_kinds, tool.input_schema.get("properties") or {}
    if not isinstance(given, dict) or not all(isinstance(kind, str) for kind in given.values()):
        return ["This must be an object of parameter and kind."]
    found = [f"There is no parameter {name}." for name in given if name not in known]
    found += [
        f"{name} cannot be of the kind {kind}: there are {', '.join(sorted(KINDS))}."
        for name, kind in given.items()
        if kind not in KINDS
    ]
    described = [name for name in given if isinstance(known.get(name), dict) and "x-kind" in known[name]]
    return found + [f"The description of {name} says its kind already." for name in described]


def twice(row: Any) -> str:
    both = sorted(set(row.parameter_defaults or {}) & set(row.fixed_parameters or {}))
    return f"Either a default or a fixed value, not both: {', '.join(both)}." if both else ""


def conflict(tool: Tool, found: tuple[Layer, ...]) -> str:
    """Values that policy fills in must pass every layer, or each single call would be refused. Raises UnknownRule."""
    values = policy.layering.filled(found)
    subject = meanings.subject_of(tool, values)
    refused = {
        name
        for layer in found
        for name in (*rules.denied(layer.denied, subject), *rules.not_allowed(layer.allowed, subject))
    }
    return f"The rules refuse the values filled in for: {', '.join(sorted(refused))}." if refused else ""


def overruled(tool: Tool, fixed: Iterable[str]) -> str:
    """What a grant sets although the tool itself does: it would never have an effect."""
    both = sorted(set(tool.fixed_parameters or {}) & set(fixed))
    return f"The tool itself sets: {', '.join(both)}." if both else ""


def only_advised(tool: Tool, own: Layer, wider: tuple[Layer, ...] = (), *, waived: bool = False) -> bool:
    """Whether forbidden texts are all that a layer puts before a command: nobody is asked about each use."""
    if tool.is_dangerous or (tool.requires_approval and not waived):
        return False
    if any(layer.requires_approval for layer in (own, *wider)):
        return False
    return any(policy.layering.advisory(meanings.kinds_of(tool), (own,)))


def unclear(row: Any, tool: Tool, names: Iterable[str] = RULES) -> dict[str, list[str]]:
    """Bare texts about values whose kind nobody has said: they are compared as a whole, and seldom meant so."""
    kinds, known = meanings.kinds_of(tool), tool.input_schema.get("properties") or {}
    wrong = {}
    for field in names:
        rule = getattr(row, field)
        bare = sorted(
            name
            for name, wanted in (rule.items() if isinstance(rule, Mapping) else ())
            if _has_bare_text(wanted) and _is_unclear(name, kinds, known, tool)
        )
        if bare:
            wrong[field] = [f"Say what kind of value this is: {', '.join(bare)}. {_SAY_THE_KIND}"]
    return wrong


def _is_unclear(name: str, kinds: Mapping[str, str], known: Mapping[str, Any], tool: Tool) -> bool:
    if not places.is_pointer(name):
        return name in known and name not in kinds and _may_be_free(known[name])
    meant = [
        place
        for place in schema_kinds.places(meanings.schema_of(tool))
        if places.meet(places.steps(name), place.path)
    ]
    if not meant:
        # Nothing is said of such a place: it may hold anything.
        return not kinds.get(places.names(name))
    return any(place.is_free and not place.kind and not kinds.get(place.path[0]) for place in meant)


def _rule(rule: Any, tool: Tool, *, allowing: bool) -> str:
    told = faults.told(rule, allowing=allowing, kinds=meanings.kinds_of(tool))
    return told or _strangers(rule or (), tool)


def _values(values: Any, tool: Tool) -> str:
    """Each value must fit its parameter; which others a call must have is the call's affair."""
    if values is None:
        return ""
    if not isinstance(values, dict):
        return "This must be an object of parameter and value."
    if problem := _strangers(values, tool):
        return problem
    schema = {**tool.input_schema, "required": []}
    return "; ".join(str(problem) for problem in arguments.problems(schema, values))


def _strangers(names: Iterable[Any], tool: Tool) -> str:
    known = tool.input_schema.get("properties") or {}
    tops = [places.names(name) if places.is_pointer(name) else name for name in map(str, names)]
    unknown = [name for name in tops if places.is_plain(name) and name not in known]
    if not unknown or tool.input_schema.get("additionalProperties"):
        return ""
    return f"{tool.name} has no such parameter: {', '.join(unknown)}."


def _may_be_free(spec: Any) -> bool:
    """Whether a parameter may hold any text; one of a list, or of another type, has no kind to be said."""
    if not isinstance(spec, dict) or "enum" in spec or "const" in spec:
        return False
    inner = spec.get("items") if spec.get("type") == "array" else spec
    return isinstance(inner, dict) and inner.get("type", "string") == "string" and "enum" not in inner


def _has_bare_text(wanted: Any) -> bool:
    return isinstance(wanted, list) and any(isinstance(each, str) for each in wanted)
