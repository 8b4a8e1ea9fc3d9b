"""Parameters of tools that are described as data: flat specs (S2.23-28) and JSON Schema (S4.81-84), stored as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

from tools_app.exceptions import NotATool
from tools_app.schema import schema_tree, schemas


class ToolParameter(TypedDict, total=False):
    """One flat parameter. What JSON Schema says besides may be said too; without `required` it is required."""

    type: str
    description: str
    pattern: str
    required: bool
    default: Any
    enum: list[Any]


_EMPTY: Final[dict[str, Any]] = {"type": "object", "properties": {}, "required": []}


def schema_of(parameters: Any) -> dict[str, Any]:
    """The JSON Schema of either shape, checked, with patterns that match whole texts. Raises NotATool."""
    schema = _schema(parameters)
    found = [str(problem) for problem in schemas.check_schema(schema)] or _wrong_defaults(schema)
    if found:
        raise NotATool("Its parameters cannot be shown to a model: " + "; ".join(found))
    schema.setdefault("additionalProperties", False)
    return schemas.anchored(schema)


def with_defaults(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with the default of each parameter that is missing (S2.53), all of them copies."""
    defaults = {
        name: spec["default"]
        for name, spec in (schema.get("properties") or {}).items()
        if isinstance(spec, Mapping) and "default" in spec
    }
    return {**defaults, **arguments}


def _schema(parameters: Any) -> dict[str, Any]:
    if parameters is None:
        return dict(_EMPTY)
    if not isinstance(parameters, Mapping):
        raise NotATool("Its parameters must be a mapping of names, or a JSON Schema of type object.")
    # A flat parameter called "type" has a spec, never a text: the two shapes cannot be mistaken for each other.
    if isinstance(parameters.get("type"), str) or "$schema" in parameters:
        return schema_tree.mapped(parameters, dict)  # type: ignore[no-any-return]
    properties, required = {}, []
    for name, spec in parameters.items():
        properties[str(name)], is_required = _flat(str(name), spec)
        if is_required:
            required.append(str(name))
    return {"type": "object", "properties": properties, "required": required}


def _flat(name: str, spec: Any) -> tuple[dict[str, Any], bool]:
    if not isinstance(spec, Mapping):
        raise NotATool(
            f"Its parameter {name!r} must be described by a mapping, such as {{'type': 'string'}}."
        )
    described = dict(spec)
    is_required = True
    # A list is JSON Schema's word about what is inside an object; of the parameter itself it says nothing.
    if not isinstance(described.get("required"), list):
        is_required = described.pop("required", True)
    if not isinstance(is_required, bool):
        raise NotATool(f"Its parameter {name!r}: required must be true or false.")
    return described, is_required


def _wrong_defaults(schema: Mapping[str, Any]) -> list[str]:
    """A default goes to the function without having been checked: it must fit its own parameter (S2.27)."""
    properties = schema.get("properties") or {}
    wrong = []
    for name, spec in properties.items():
        if not isinstance(spec, Mapping) or "default" not in spec:
            continue
        alone = {**schema, "properties": {name: spec}, "required": []}
        if schemas.problems(alone, {name: spec["default"]}):
            wrong.append(f"/properties/{name}/default: does not fit the parameter itself")
    return wrong
