"""What a tool says of its parameters: type, kind of value, and whether it must be there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents_app.providers.scripted.words import stems

# Kinds that a value shows by its shape; the others ("text", "code") are taken from the words around it.
SHAPED = frozenset({"url", "path", "expression", "zone", "date", "email"})
BY_FORMAT = {"uri": "url", "url": "url", "iri": "url", "date": "date", "date-time": "date", "email": "email"}
BY_NAME = (
    ("zone", frozenset({"timezone", "tz", "zone"})),
    ("url", frozenset({"url", "uri", "href"})),
    ("path", frozenset({"path", "file", "filename", "filepath", "directory"})),
    ("expression", frozenset({"expression", "formula", "equation", "calculat", "term"})),
    ("email", frozenset({"email", "recipient"})),
    ("date", frozenset({"date", "since", "until", "deadline"})),
    ("code", frozenset({"run", "cmd", "code", "script", "sql", "statement", "program"})),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def type(self) -> str:
        declared = self.schema.get("type", "string")
        if isinstance(declared, list):
            return next((one for one in declared if one != "null"), "string")
        return str(declared)

    @property
    def kind(self) -> str:
        return _kind(self.name, self.schema) if self.type == "string" else self.type

    @property
    def item(self) -> "Parameter":
        return Parameter(self.name, self.schema.get("items") or {}, required=True)

    @property
    def described(self) -> str:
        return str(self.schema.get("description", ""))

    @property
    def is_shaped(self) -> bool:
        return self.kind in SHAPED


def parameters_of(tool: Mapping[str, Any]) -> list[Parameter]:
    schema = tool.get("input_schema") or {}
    required = set(schema.get("required", ()))
    found = [Parameter(name, _plain(sub, schema), name in required) for name, sub in _properties(schema)]
    # Required ones choose first among the values of a request.
    return sorted(found, key=lambda parameter: not parameter.required)


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        yield from properties.items()


def _plain(sub: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a local reference and take the first alternative that is not null."""
    for _ in range(8):
        if not isinstance(sub, Mapping):
            return {}
        if isinstance(sub.get("$ref"), str):
            sub = {**_referred(sub["$ref"], root), **{k: v for k, v in sub.items() if k != "$ref"}}
            continue
        choices = sub.get("anyOf") or sub.get("oneOf") or sub.get("allOf")
        if not choices:
            return sub
        rest = {k: v for k, v in sub.items() if k not in ("anyOf", "oneOf", "allOf")}
        real = next((c for c in choices if isinstance(c, Mapping) and c.get("type") != "null"), {})
        sub = {**real, **rest}
    return sub if isinstance(sub, Mapping) else {}


def _referred(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _kind(name: str, schema: Mapping[str, Any]) -> str:
    if (noted := schema.get("x-kind")) in SHAPED:
        return str(noted)
    if (by_format := BY_FORMAT.get(str(schema.get("format", "")))) is not None:
        return by_format
    named = set(stems(name)) | {name.lower().replace("_", "")}
    for kind, words in BY_NAME:
        if named & words:
            return kind
    described = set(stems(str(schema.get("description", ""))))
    if "iana" in described or {"time", "zone"} <= described:
        return "zone"
    return "expression" if "expression" in described and {"calculat", "calculator"} & described else "text"
