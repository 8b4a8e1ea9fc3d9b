"""Pure rules about input schemas: what may be saved, and whether arguments fit. Fetches no reference."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn

import jsonschema_rs
import re2

from tools_app.schema import schema_tree, schema_weight

# Names by which the house says who acts; neither a model nor a definition may use them (S2.39-41, S2.85).
RESERVED = frozenset(
    {
        "__metadata",
        "auditingId",
        "auditing_id",
        "context",
        "ctx",
        "orgId",
        "org_id",
        "request_id",
        "session_id",
        "tenant_id",
        "userId",
        "user_id",
    }
)

MAX_BYTES = 65_536
MAX_DEPTH = 16
MAX_RAW_DEPTH = 64
MAX_PROBLEMS = 10
KINDS = frozenset({"argv", "bigint", "code", "command", "email", "host", "path", "sql", "text", "url"})
ACCESSES = frozenset({"list", "read", "write"})
DIALECTS = frozenset(
    {
        "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema",
    }
)
# What providers accept as the name of a parameter; one misfit makes them refuse each request of the persona.
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_UNSUPPORTED = (
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
)
_AT_THE_TOP = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Problem:
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


def check_schema(schema: Any) -> list[Problem]:
    """Everything that is wrong with a schema somebody wants to save; empty means it may be used."""
    found = list(_outline(schema))
    if found:
        return found
    found = [
        problem
        for pointer, depth, part in schema_tree.walk(schema)
        for problem in _part(part, pointer, depth)
    ]
    found += _references(schema)
    if found:
        return found[:MAX_PROBLEMS]
    if schema_weight.is_excessive(schema):
        return [Problem("", "the schema branches too much, or refers to itself without end")]
    return _compiles(schema)


def problems(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[Problem]:
    """Why these arguments do not fit; empty if they do. A schema that cannot be used fits nothing."""
    if misnamed := list(_misnamed(arguments)):
        return misnamed[:MAX_PROBLEMS]
    try:
        checker = _checker(json.dumps(schema, sort_keys=True, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return [Problem("", "the tool's own schema is broken; tell an administrator")]
    if checker.validator.is_valid(dict(arguments)):
        return []
    if not checker.explains:
        return [Problem("", "the arguments do not fit the schema")]
    errors = islice(checker.validator.iter_errors(dict(arguments)), MAX_PROBLEMS)
    return [Problem(_pointer(error.instance_path), _sentence(error)) for error in errors]


def _misnamed(arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Names that no parameter can have, not even one that a schema leaves open.

    On a card the house's own rows ("goes to", "acts as") stand among the arguments: what a model may name as it
    likes would be read as said by the house.
    """
    for name in arguments:
        if not is_parameter_name(name):
            wanted = "the name of a parameter has 1 to 64 letters, digits, _ . or -"
            yield Problem("", f"{json.dumps(name[:100])} cannot be used: {wanted}")


def anchored(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Make every pattern match the whole text; for schemas written here, never for imported ones."""
    written: dict[str, Any] = schema_tree.mapped(schema, _anchored_part)
    return written


def reserved(names: Iterable[str]) -> list[str]:
    """Those of the names that belong to the house, in whatever spelling Python would fold into them."""
    return sorted(name for name in names if unicodedata.normalize("NFKC", name) in RESERVED)


def schema_hash(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _outline(schema: Any) -> Iterator[Problem]:
    """The checks that must pass before anything may walk through the schema."""
    if not isinstance(schema, Mapping):
        yield Problem("", "the schema must be a JSON object")
        return
    if unreadable := too_much(schema):
        yield Problem("", unreadable)
        return
    yield from _top(schema)


def too_much(schema: Mapping[str, Any]) -> str:
    """Why nobody should walk through this schema, or ""."""
    if _raw_depth(schema) > MAX_RAW_DEPTH:
        return f"the schema is nested deeper than {MAX_DEPTH} levels"
    try:
        size = len(json.dumps(schema, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError):
        return "the schema is not plain JSON"
    return f"the schema has {size} bytes, and at most {MAX_BYTES} are accepted" if size > MAX_BYTES else ""


def is_pattern(pattern: object) -> bool:
    """Whether RE2 can evaluate it, which takes no pattern that could run for ever."""
    try:
        _compiled(pattern)
    except (re2.error, TypeError, UnicodeError):
        return False
    return True


def is_parameter_name(name: str) -> bool:
    """Whether a model may be shown a parameter of this name."""
    return bool(_PARAMETER_NAME.match(name))


def _top(schema: Mapping[str, Any]) -> Iterator[Problem]:
    if schema.get("type") != "object":
        yield Problem("/type", 'the top level must be of type "object"')
    for keyword in _AT_THE_TOP:
        if keyword in schema:
            yield Problem(
                f"/{keyword}", "models do not accept alternatives at the top level; put them in a parameter"
            )
    names = schema.get("properties", {})
    if not isinstance(names, Mapping):
        yield Problem("/properties", "must be an object of parameters")
        return
    required = schema.get("required", [])
    wanted = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    for name in dict.fromkeys([*names, *wanted]):
        if reserved([name]):
            yield Problem(f"/properties/{schema_tree.escaped(name)}", "this name is reserved for the house")
        elif not is_parameter_name(name):
            yield Problem(f"/properties/{schema_tree.escaped(name)}", "use 1 to 64 letters, digits, _ . or -")
    missing = [] if schema.get("additionalProperties") else [name for name in wanted if name not in names]
    yield from (
        Problem("/required", f"{name!r} is required but is not among the properties") for name in missing
    )


def _part(schema: Any, pointer: str, depth: int) -> Iterator[Problem]:
    if depth > MAX_DEPTH:
        yield Problem(pointer, f"nested deeper than {MAX_DEPTH} levels")
    if not isinstance(schema, Mapping):
        return
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            yield Problem(f"{pointer}/{keyword}", "this keyword is not supported; use $defs and a local $ref")
    if "$id" in schema and pointer:
        yield Problem(f"{pointer}/$id", "only the top level may have an identifier")
    dialect = schema.get("$schema", "https://json-schema.org/draft/2020-12/schema")
    if not isinstance(dialect, str) or dialect.removesuffix("#") not in DIALECTS:
        yield Problem(f"{pointer}/$schema", "unknown dialect; use JSON Schema 2020-12")
    kind = schema.get("x-kind", "text")
    if not isinstance(kind, str) or kind not in KINDS:
        yield Problem(f"{pointer}/x-kind", f"unknown kind; use one of {', '.join(sorted(KINDS))}")
    access = schema.get("x-access", "read")
    if not isinstance(access, str) or access not in ACCESSES:
        yield Problem(f"{pointer}/x-access", f"unknown access; use one of {', '.join(sorted(ACCESSES))}")
    yield from _patterns(schema, pointer)


def _patterns(schema: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    by_name = schema.get("patternProperties")
    found = [("pattern", schema["pattern"])] if "pattern" in schema else []
    found += [("patternProperties", name) for name in by_name] if isinstance(by_name, Mapping) else []
    for keyword, pattern in found:
        if not is_pattern(pattern):
            yield Problem(f"{pointer}/{keyword}", f"RE2 does not accept the pattern {str(pattern)[:100]!r}")


def _references(schema: Mapping[str, Any]) -> list[Problem]:
    found = []
    for pointer, _, part in schema_tree.walk(schema):
        reference = part.get("$ref", "#") if isinstance(part, Mapping) else "#"
        try:
            local = isinstance(reference, str) and (reference == "#" or reference.startswith("#/"))
            if not local or not isinstance(schema_tree.target(schema, reference), Mapping | bool):
                raise LookupError(reference)
        except LookupError:
            found.append(
                Problem(f"{pointer}/$ref", "only references to a place inside this schema are followed")
            )
    return found


def _compiles(schema: Mapping[str, Any]) -> list[Problem]:
    errors = islice(_metaschema().iter_errors(_plain(schema)), MAX_PROBLEMS)
    if found := [Problem(_pointer(error.instance_path), error.message[:300]) for error in errors]:
        return found
    try:
        _compile(json.dumps(schema))
    except ValueError as broken:
        return [Problem("", str(broken)[:300])]
    return []


@dataclass(frozen=True, slots=True)
class _Checker:
    validator: jsonschema_rs.Validator
    explains: bool


@lru_cache(maxsize=1_024)
def _checker(text: str) -> _Checker:
    # Whether arguments fit is remembered inside the validator; listing every misfit is not, and would take
    # for ever with some schemas that refer to themselves: those get one sentence.
    return _Checker(_compile(text), explains=not schema_weight.is_heavy(json.loads(text)))


def _compile(text: str) -> jsonschema_rs.Validator:
    schema = _plain(json.loads(text))
    schema.setdefault("additionalProperties", False)
    return jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        retriever=_refuse_to_fetch,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=4_000_000),
    )


@lru_cache(maxsize=1)
def _metaschema() -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": "https://json-schema.org/draft/2020-12/schema"}, retriever=_refuse_to_fetch
    )


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without the words that would choose another dialect or base address."""
    return {keyword: value for keyword, value in schema.items() if keyword not in ("$schema", "$id")}


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"references are never fetched: {uri[:200]}")


@lru_cache(maxsize=1_024)
def _compiled(pattern: Any) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options=options)


def _anchored_part(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("pattern"), str):
        schema["pattern"] = _anchored(schema["pattern"])
    if isinstance(schema.get("patternProperties"), dict):
        by_name = schema["patternProperties"]
        schema["patternProperties"] = {_anchored(pattern): part for pattern, part in by_name.items()}
    return schema


def _anchored(pattern: str) -> str:
    if pattern.startswith("^(?:") and pattern.endswith(")$") and is_pattern(pattern[4:-2]):
        return pattern
    simple = "|" not in pattern and "(?" not in pattern and "\\" not in pattern[-2:]
    if simple and pattern.startswith("^") and pattern.endswith("$"):
        return pattern
    return f"^(?:{pattern})$"


def _raw_depth(schema: Any) -> int:
    level, depth = [schema], 0
    while level and depth <= MAX_RAW_DEPTH:
        below = [node.values() if isinstance(node, Mapping) else node for node in level]
        level = [item for group in below for item in group if isinstance(item, Mapping | list | tuple)]
        depth += 1
    return depth


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{schema_tree.escaped(str(step))}" for step in path)


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    """Leave long values out: the model knows what it sent."""
    message = error.message
    return message if len(message) <= 300 else f"{message[:120]} ... {message[-120:]}"
