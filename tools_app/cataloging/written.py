"""What people may write into the catalog: the fields, the definition JSON, and what must agree in both."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError

from project.accounts.identity import Identity
from project.accounts.roles import ALL_PERMISSIONS
from tools_app import arguments, builtin_tools, credentials, executors
from tools_app.approving import groups
from tools_app.cataloging import differences
from tools_app.exceptions import InvalidArguments, InvalidTool, OperatorOnly, UnknownTool
from tools_app.governing import layers, lowered, rule_problems
from tools_app.models import Tool, ToolDraft

# The stricter of the database's format and the providers' limit (S4.11, S4.232).
NAME: Final = re.compile(r"[a-z0-9_-]{1,64}\Z")
WRONG_NAME: Final = "Use 1 to 64 lower-case letters, digits, _ or -."
MAX_BYTES: Final = 262_144
_DEFINITION: Final = frozenset(
    {"name", "description", "input_schema", "category", "requires_approval", "is_dangerous", "examples"}
)
_SPREAD: Final = ("input_schema", "examples")
_SAME: Final = ("name", "description", "category")
_RAISING: Final = ("requires_approval", "is_dangerous")
_LASTING: Final = ("name", "tool_type", "executor")
_EXECUTORS: Final[dict[str, tuple[str, ...]]] = {
    Tool.Type.BUILTIN: (Tool.Executor.BUILTIN,),
    Tool.Type.CUSTOM: (Tool.Executor.HTTP, Tool.Executor.AGENT, Tool.Executor.PYTHON),
    Tool.Type.MCP: (Tool.Executor.MCP,),
}
_OPERATORS: Final = frozenset({Tool.Executor.PYTHON, Tool.Executor.MCP})


def checked(
    given: Mapping[str, Any], *, allowed: Collection[str], by: Identity, tool: Tool | None = None
) -> dict[str, Any]:
    """The columns to write, out of what somebody sent; `tool` is the row to change, None for a new one."""
    _require_known(given, allowed)
    _require_plain(given)
    fields = _of_built_in(dict(given), by, tool)
    _require_reviewed(fields, by, tool)
    fields = _with_definition(fields, tool)
    if tool is None:
        fields.setdefault("tool_type", Tool.Type.CUSTOM)
        fields.setdefault("executor", _EXECUTORS.get(str(fields["tool_type"]), ("",))[0])
        fields = {**_unsaid(fields, by), **fields}
    else:
        _require_lasting(fields, tool)
    _require_kind(fields, by)
    return fields


def _unsaid(fields: Mapping[str, Any], by: Identity) -> dict[str, bool]:
    """The flags that nobody has said anything about. What seeds a built-in tool says all of them."""
    kind = str(fields["executor"])
    if kind == Tool.Executor.BUILTIN and by.via == "system":
        return {}
    return lowered.of_kind(kind, str(fields.get("name", "")))


def check_row(tool: Tool, *, awaited: Collection[str] = ()) -> None:
    """Check each column by its own rule, and that the row can be hashed, before it is stored.

    Of the secrets in `awaited` it does not ask yet that they are there; until they are, no call is let through.
    """
    wrong: dict[str, list[str]] = {}
    try:
        tool.clean_fields(exclude=["organization", "definition"])
    except ValidationError as broken:
        wrong |= {name: list(messages) for name, messages in broken.message_dict.items()}
    if not NAME.match(tool.name):
        wrong["name"] = [WRONG_NAME]
    wrong |= _wrong_lists(tool)
    wrong |= groups.problems(tool.organization_id, count=tool.approvals_needed, named=tool.approver_groups)
    if told := _wrong_configuration(tool, awaited):
        wrong["configuration"] = told
    wrong |= _wrong_rules(tool) if not wrong else {}
    if wrong:
        raise InvalidTool(details=wrong)
    tool.content_hash()


def _wrong_rules(tool: Tool) -> dict[str, list[str]]:
    """What the tool says about its own arguments, judged by the code that will evaluate it."""
    if told := rule_problems.of_kinds(tool):
        return {"parameter_kinds": told}
    if wrong := rule_problems.of(tool, tool):
        return wrong
    own = layers.of_tool(tool)
    if own is None:
        return {}
    if problem := rule_problems.twice(tool) or rule_problems.conflict(tool, (own,)):
        return {"parameter_defaults": [problem]}
    return {"denied_parameters": [rule_problems.ADVISED]} if rule_problems.only_advised(tool, own) else {}


def _wrong_configuration(tool: Tool, awaited: Collection[str]) -> list[str]:
    """What its executor says about it, and whether its secrets may go where it always goes."""
    if not isinstance(tool.configuration, dict):
        return ["This must be an object."]
    found = executors.problems(tool.executor, tool.configuration, tool.input_schema, tool.name)
    if found:
        return found
    goal = executors.lasting_reach(tool.executor, tool.configuration, tool.name)
    return credentials.obstacles(tool, goal, awaited=awaited)


def _require_known(given: Mapping[str, Any], allowed: Collection[str]) -> None:
    unknown = sorted(str(name) for name in given if name not in allowed and name not in _SPREAD)
    if unknown:
        raise InvalidTool(
            details={name: ["There is no such field, or it cannot be written."] for name in unknown}
        )


def _require_plain(given: Mapping[str, Any]) -> None:
    """Refuse what a database could not store or two readers could understand differently."""
    try:
        arguments.parse(json.dumps(dict(given)), max_bytes=MAX_BYTES)
    except InvalidArguments as broken:
        raise InvalidTool(
            broken.message.replace("The arguments are", "The description is"), code=broken.code
        ) from None
    except (TypeError, ValueError, RecursionError):
        raise InvalidTool("The description is not plain JSON.") from None


def _of_built_in(fields: dict[str, Any], by: Identity, tool: Tool | None) -> dict[str, Any]:
    """The schema of a built-in tool is part of the program: rules and paths rely on its parameters."""
    is_built_in = (tool.tool_type if tool else fields.get("tool_type")) == Tool.Type.BUILTIN
    if not is_built_in or by.via == "system":
        return fields
    known = tool.input_schema if tool else _schema_of_built_in(fields.get("name", ""))
    definition = fields.get("definition")
    sent = fields.get(
        "input_schema", definition.get("input_schema") if isinstance(definition, dict) else None
    )
    if sent is None and tool is None:
        return {**fields, "input_schema": known}
    if sent is not None and sent != known:
        raise InvalidTool(details={"input_schema": ["The parameters of a built-in tool cannot be changed."]})
    return fields


def _require_reviewed(fields: Mapping[str, Any], by: Identity, tool: Tool | None) -> None:
    """What an MCP server takes, and who that server is, comes in by a sync and a review alone.

    Otherwise whoever may edit a tool could name a launcher or a server that is not theirs.
    """
    if tool is None or tool.executor != Tool.Executor.MCP or by.via == "system":
        return
    definition = fields.get("definition")
    within = definition if isinstance(definition, dict) else {}
    sent = {name: within[name] for name in ("input_schema",) if name in within}
    sent |= {name: fields[name] for name in ("input_schema", "configuration") if name in fields}
    changed = {
        name: value for name, value in sent.items() if not differences.is_kept(getattr(tool, name), value)
    }
    if changed and not _is_proposed(changed, tool):
        told = "This is what its MCP server takes. It changes with a sync and a review, not by hand."
        raise InvalidTool(details={name: [told] for name in changed})


def _is_proposed(changed: Mapping[str, Any], tool: Tool) -> bool:
    """Whether a sync proposed exactly this: then it is published, by whoever has reviewed it."""
    draft = ToolDraft.objects.filter(tool=tool, source=ToolDraft.Source.MCP).first()
    return draft is not None and all(draft.changes.get(name) == value for name, value in changed.items())


def _schema_of_built_in(name: str) -> dict[str, Any]:
    try:
        return dict(builtin_tools.named(name).definition.input_schema)
    except UnknownTool:
        known = ", ".join(sorted(builtin_tools.names()))
        told = f"Built-in tools are part of the program: {known}. Use the type custom."
        raise InvalidTool(details={"tool_type": [told]}) from None


def _with_definition(fields: dict[str, Any], tool: Tool | None) -> dict[str, Any]:
    """Draw columns and definition JSON together: columns are the source, the JSON must agree (S4.234)."""
    spread = {name: fields.pop(name) for name in _SPREAD if name in fields}
    if tool is not None and "definition" not in fields and not spread:
        return fields
    definition = _require_definition(fields.pop("definition", None) or {}) | spread
    columns = {name: getattr(tool, name) for name in _SAME} if tool else {}
    _require_agreement({**columns, **fields}, definition)
    for name in _SAME:
        if name in definition:
            fields.setdefault(name, definition[name])
    for name in _RAISING:
        if definition.get(name):
            fields[name] = True
    is_foreign = (tool.executor if tool else fields.get("executor")) == Tool.Executor.MCP
    stored = _stored({**(tool.definition if tool else {}), **definition})
    # People who write a pattern here expect it to match the whole value; a server means what JSON Schema says.
    fields["definition"] = (
        stored if is_foreign else {**stored, "input_schema": arguments.anchored(stored["input_schema"])}
    )
    return fields


def _require_definition(definition: Any) -> dict[str, Any]:
    if not isinstance(definition, dict):
        raise InvalidTool(
            details={"definition": ["This must be an object with name, description and input_schema."]}
        )
    unknown = sorted(set(definition) - _DEFINITION)
    if unknown:
        raise InvalidTool(details={"definition": [f"Unknown: {', '.join(unknown)}."]})
    unreadable = [name for name in _RAISING if not isinstance(definition.get(name, False), bool)]
    if unreadable:
        raise InvalidTool(details={name: ["This must be true or false."] for name in unreadable})
    return dict(definition)


def _require_agreement(fields: Mapping[str, Any], definition: Mapping[str, Any]) -> None:
    differing = [
        name for name in _SAME if name in fields and definition.get(name, fields[name]) != fields[name]
    ]
    if differing:
        told = f"It says something else than the tool about: {', '.join(differing)}."
        raise InvalidTool(details={"definition": [told]}, code="definition_mismatch")


def _stored(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Only what no column holds."""
    if "input_schema" not in definition:
        raise InvalidTool(details={"definition": ["input_schema is missing."]})
    schema = definition["input_schema"]
    problems = arguments.check_schema(schema)
    if problems:
        raise InvalidTool(
            details={"input_schema": [str(problem) for problem in problems]}, code="invalid_schema"
        )
    return {
        "input_schema": schema,
        "examples": _examples(definition.get("examples") or [], schema),
    }


def _examples(examples: Any, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(examples, list):
        raise InvalidTool(details={"examples": ["This must be a list."]})
    for number, example in enumerate(examples, 1):
        given = (
            example.get("input")
            if isinstance(example, dict) and set(example) == {"input", "output"}
            else None
        )
        if not isinstance(given, dict):
            raise InvalidTool(
                details={"examples": [f"Example {number} must be an object with input and output."]}
            )
        if arguments.problems(schema, given):
            raise InvalidTool(
                details={"examples": [f"The input of example {number} does not fit the schema."]}
            )
    return examples


def _require_lasting(fields: dict[str, Any], tool: Tool) -> None:
    changed = [name for name in _LASTING if fields.get(name, getattr(tool, name)) != getattr(tool, name)]
    if changed:
        told = "This cannot be changed later: history and approvals name it. Register a new tool."
        raise InvalidTool(details={name: [told] for name in changed})


def _require_kind(fields: Mapping[str, Any], by: Identity) -> None:
    if "executor" not in fields or "tool_type" not in fields:
        return
    kind, executor = fields["tool_type"], fields["executor"]
    if kind in _EXECUTORS and executor not in _EXECUTORS[kind]:
        possible = ", ".join(_EXECUTORS[kind])
        raise InvalidTool(details={"executor": [f"A tool of the type {kind} is carried out by: {possible}."]})
    if executor in _OPERATORS and by.via != "system":
        raise OperatorOnly(details={"executor": executor})


def _wrong_lists(tool: Tool) -> dict[str, list[str]]:
    wrong = {}
    if not _are_texts(tool.tags):
        wrong["tags"] = ["This must be a list of texts."]
    if not _are_texts(tool.required_permissions) or set(tool.required_permissions) - set(ALL_PERMISSIONS):
        wrong["required_permissions"] = [f"This must be a list of: {', '.join(ALL_PERMISSIONS)}."]
    return wrong


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
