"""register_dynamic_tool: tools made at run time out of a definition and a function, without a decorator (S2)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Protocol

from pydantic import BaseModel

from tools_app.context import ToolContext, copied
from tools_app.definition import ToolDefinition
from tools_app.exceptions import NotATool
from tools_app.functions import parameters
from tools_app.functions.parameters import ToolParameter
from tools_app.functions.signatures import Signature
from tools_app.functions.wrapper import Tool, require_function, require_name
from tools_app.schema import schemas


@dataclass(frozen=True, slots=True)
class DynamicToolContext:
    """Who uses the tool and under which entry of the record (S2.29-31). Set by the house, never by a caller.

    Identifiers of people are text everywhere in the house; a number is taken and becomes text (S2.81).
    """

    userId: str = ""  # noqa: N815  (the contract's own name)
    auditingId: int = 0  # noqa: N815
    metadata: Mapping[str, Any] = field(default_factory=dict)
    context: ToolContext = field(default_factory=ToolContext, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "userId", str(self.userId))

    @property
    def user_id(self) -> str:
        return self.userId

    @property
    def auditing_id(self) -> int:
        return self.auditingId

    def report_progress(self, current: int, total: int, message: str = "") -> Awaitable[None]:
        return self.context.report_progress(current, total, message)

    @classmethod
    def of(cls, context: ToolContext) -> DynamicToolContext:
        return cls(
            userId=str(context.get("user_id") or ""),
            auditingId=int(context.get("auditing_id") or 0),
            metadata=copied(dict(context.get("metadata") or {})),
            context=context,
        )


# What does the work: cleaned parameters and the context; its result, or something to await for it (S2.38).
DynamicToolExecute = Callable[[dict[str, Any], DynamicToolContext], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicToolDefinition:
    """What is registered. `parameters` is flat or a JSON Schema; the flags are what its row begins with."""

    name: str
    description: str
    execute: DynamicToolExecute
    parameters: Mapping[str, ToolParameter] | Mapping[str, Any] | None = None
    category: str | None = None
    tags: Sequence[str] | None = None
    requires_auth: bool | None = None
    rate_limit: int | None = None
    version: str | None = None
    examples: Sequence[Mapping[str, Any]] = ()
    icon: str = ""
    is_dangerous: bool = False
    requires_approval: bool = False
    required_permissions: Sequence[str] = ()
    idempotent: bool = False
    open_world: bool = False
    # Slugs of the organizations whose catalog it belongs to; none named means all of them (S2.47).
    organizations: Sequence[str] = ()


class Registry(Protocol):
    def keep(self, tool: Tool) -> None: ...


@dataclass(eq=False, slots=True)
class DynamicTool(Tool):
    """A definition as a tool beside the functions: the same row, the same gate, the same executor."""

    rate_limit: int | None = None
    version: str = ""
    organizations: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signature = Signature(self.schema, BaseModel, {}, None)
        self.remarks = ()
        self.definition = ToolDefinition(
            self.name, self.description, self.schema, self.category, tuple(self.examples)
        )

    def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        """Parameters as copies, defaults filled in, none of the house's names among them (S2.34-41, S2.53)."""
        reserved = set(schemas.reserved(arguments))
        given = {name: value for name, value in arguments.items() if name not in reserved}
        cleaned = copied(parameters.with_defaults(self.schema, given))
        return self.function(cleaned, DynamicToolContext.of(context))


def register_dynamic_tool(registry: Registry, definition: DynamicToolDefinition | Mapping[str, Any]) -> None:
    """Make a tool of a definition and put it into the registry; it is there at once (S2.6-8, S2.55).

    A mapping may spell its keys as the contract does (`requiresAuth`, `rateLimit`) or as Python does, and may say
    `input_schema` instead of `parameters`. Raises NotATool for anything wrong, here and now, and keeps nothing.
    """
    said = definition if isinstance(definition, DynamicToolDefinition) else _read(definition)
    try:
        tool = _made(said)
    except NotATool as unfit:
        raise NotATool(f"The tool {str(said.name)[:100]!r} cannot be registered. {unfit.message}") from unfit
    registry.keep(tool)


_SPELLED: Final = {"requiresAuth": "requires_auth", "rateLimit": "rate_limit", "input_schema": "parameters"}
_MOST_PER_MINUTE: Final = 1_000_000
_KNOWN: Final = tuple(each.name for each in fields(DynamicToolDefinition))


def _read(given: Any) -> DynamicToolDefinition:
    if not isinstance(given, Mapping):
        raise NotATool("A definition is a mapping or a DynamicToolDefinition.")
    wanted: dict[str, Any] = {}
    for key, value in given.items():
        name = _SPELLED.get(key, key)
        if name not in _KNOWN:
            raise NotATool(f"A definition has no {str(key)[:100]!r}. It may say: {', '.join(_KNOWN)}.")
        if name in wanted:
            raise NotATool(f"The definition says {name!r} twice, in two spellings.")
        wanted[name] = value
    missing = [name for name in ("name", "description", "execute") if name not in wanted]
    if missing:
        raise NotATool(f"The definition of {str(given.get('name'))[:100]!r} lacks: {', '.join(missing)}.")
    return DynamicToolDefinition(**wanted)


def _made(said: DynamicToolDefinition) -> DynamicTool:
    """Everything is checked before anything is made: types first, then what they say."""
    name: Any = said.name
    require_name(name if isinstance(name, str) else repr(name))
    _require_texts(said)
    _require_flags(said)
    _require_execute(said.execute)
    schema = parameters.schema_of(said.parameters)
    return DynamicTool(
        said.execute,
        said.name,
        said.description,
        category=said.category or "custom",
        icon=said.icon,
        is_dangerous=said.is_dangerous,
        requires_approval=said.requires_approval,
        requires_auth=bool(said.requires_auth),
        required_permissions=tuple(said.required_permissions),
        idempotent=said.idempotent,
        open_world=said.open_world,
        tags=tuple(said.tags or ()),
        rate_limit=_rate(said.rate_limit),
        version=said.version or "",
        organizations=tuple(said.organizations),
        examples=_examples(said.examples, schema),
        schema=schema,
    )


def _require_texts(said: DynamicToolDefinition) -> None:
    description: Any = said.description
    if not isinstance(description, str) or not description.strip():
        raise NotATool("It needs a description that tells a model when to use it.")
    for name, longest in (("category", 100), ("version", 20), ("icon", 16)):
        value = getattr(said, name)
        if value is not None and (not isinstance(value, str) or len(value) > longest):
            raise NotATool(f"Its {name} must be a text of at most {longest} characters.")
    for name in ("tags", "required_permissions", "organizations"):
        value = getattr(said, name)
        listed = value is None or isinstance(value, list | tuple)
        if not listed or not all(isinstance(item, str) for item in value or ()):
            raise NotATool(f"Its {name} must be a list of texts.")


def _require_flags(said: DynamicToolDefinition) -> None:
    for name in ("requires_auth", "is_dangerous", "requires_approval", "idempotent", "open_world"):
        if not isinstance(getattr(said, name), bool | None):
            raise NotATool(f"Its {name} must be true or false.")


def _require_execute(execute: Any) -> None:
    require_function(execute)
    try:
        inspect.signature(execute).bind({}, DynamicToolContext())
    except (TypeError, ValueError):
        raise NotATool("Its execute must be a function of two: the parameters and the context.") from None


def _rate(value: Any) -> int | None:
    """Calls per minute; a whole number however it is written."""
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _MOST_PER_MINUTE or not float(value).is_integer():
        raise NotATool(
            f"Its rate limit must be a whole number of calls per minute, up to {_MOST_PER_MINUTE}."
        )
    return int(value)


def _examples(given: Any, schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    for number, example in enumerate(given, 1):
        if not isinstance(example, Mapping) or set(example) != {"input", "output"}:
            raise NotATool(f"Its example {number} must have input and output.")
        if not isinstance(example["input"], Mapping) or schemas.problems(schema, example["input"]):
            raise NotATool(f"The input of its example {number} does not fit its parameters.")
    return tuple(copied(dict(example)) for example in given)
