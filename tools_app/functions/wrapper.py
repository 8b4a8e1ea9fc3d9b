"""Tool: a Python function with what a model is shown of it, and the flags its row in the catalog begins with."""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
import re
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import NotATool
from tools_app.functions import docstrings, signatures
from tools_app.functions.docstrings import Documentation, PoorDocstring
from tools_app.functions.signatures import Signature
from tools_app.schema import schemas

_UNTYPED: Final = inspect.Parameter.empty
NAME: Final = re.compile(r"[a-z0-9_-]{1,64}\Z")

# Called for each answer: the definition, another one, or None to leave the tool out (S1.28-33).
Prepare = Callable[[ToolContext, ToolDefinition], ToolDefinition | Awaitable[ToolDefinition | None] | None]


@dataclass(eq=False, slots=True)
class Tool:
    """A function as a tool. Everything is looked at here and now: a wrong one raises NotATool (S1.38).

    Name and description take the place of the function's own (S1.37). The flags are what the catalog is seeded
    with; the row in the catalog decides from then on. `retries` is how often a model may correct arguments that do
    not fit, in one answer (S1.41); `timeout_seconds` how long a call may take. Both are the installation's unless set.
    """

    function: Callable[..., Any]
    name: str = ""
    description: str = ""
    prepare: Prepare | None = None
    category: str = "custom"
    icon: str = ""
    is_dangerous: bool = False
    requires_approval: bool = False
    requires_auth: bool = False
    required_permissions: tuple[str, ...] = ()
    idempotent: bool = False
    open_world: bool = False
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    retries: int | None = None
    timeout_seconds: float | None = None
    # Of a function made anew for each person: what is poor about it was said once, where it was declared.
    quiet: bool = field(default=False, repr=False)
    definition: ToolDefinition = field(init=False, repr=False)
    signature: Signature = field(init=False, repr=False)
    remarks: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        require_function(self.function)
        self.name = self.name or str(getattr(self.function, "__name__", ""))
        documentation = docstrings.read(self.function)
        try:
            require_name(self.name)
            _require_prepare(self.prepare)
            self.signature = signatures.read(self.function, documentation.parameters)
            _require_numbers(self)
            _require_examples(self.examples, self.signature)
        except NotATool as unfit:
            raise NotATool(f"{self.where} cannot be a tool. {unfit.message}") from unfit
        self.remarks = tuple(_remarks(self, documentation))
        self.definition = ToolDefinition(
            name=self.name,
            description=self.description or documentation.text or _stand_in(self.name),
            input_schema=self.signature.schema,
            category=self.category,
            examples=tuple(self.examples),
        )
        if self.remarks and not self.quiet:
            warnings.warn(f"{self.where}: {'; '.join(self.remarks)}.", PoorDocstring, stacklevel=3)

    @property
    def where(self) -> str:
        """Where the function stands, for people and to tell two functions of one name apart."""
        source = docstrings.source(self.function)
        name = getattr(source, "__qualname__", type(source).__name__)
        return f"{getattr(source, '__module__', None) or '?'}:{name}"

    @property
    def is_of_a_module(self) -> bool:
        """Whether there is one such function only: not a method of an object, nor made anew by another function."""
        return inspect.isfunction(self.function) and "<locals>" not in self.function.__qualname__

    @property
    def is_asynchronous(self) -> bool:
        return inspect.iscoroutinefunction(docstrings.source(self.function))

    @property
    def fingerprint(self) -> str:
        """Of the parameters as the code has them now; the row in the catalog remembers the one it was made for."""
        written = json.dumps(self.signature.schema, sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()

    def over(self, function: Callable[..., Any]) -> Tool | None:
        """This tool with another function behind it that was made by the same code, or None if it was not.

        Reading a function takes milliseconds and keeps a model of its arguments: for each person anew, too much.
        """
        if _made_by(function) != _made_by(self.function) or inspect.isclass(function):
            return None
        made = copy.copy(self)
        made.function, made.quiet = function, True
        return made

    def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        """What the function returns; for an asynchronous one a coroutine that nobody has begun yet.

        Raises InvalidArguments, and whatever the function raises.
        """
        values = self.signature.values(arguments)
        first, named = self.signature.placed(context)
        return self.function(*first, **named, **values)


def require_function(given: Any) -> None:
    if isinstance(given, Mapping):
        raise NotATool(
            "A dictionary is not a tool. Definitions as data become tools by register_dynamic_tool, or in the catalog."
        )
    if inspect.isclass(given) or not callable(given):
        raise NotATool(f"{given!r:.100} is not a function. Give a function, a method or Tool(...).")
    source = docstrings.source(given)
    if inspect.isgeneratorfunction(source) or inspect.isasyncgenfunction(source):
        raise NotATool(f"{given!r:.100} yields instead of returning; a tool returns one result.")


def require_name(name: str) -> None:
    if not NAME.match(name):
        raise NotATool(
            f"{name!r} is no name for a tool: use 1 to 64 lower-case letters, digits, _ or -, "
            "if need be with Tool(function, name=...)."
        )


def _require_prepare(prepare: Any) -> None:
    if prepare is None:
        return
    try:
        inspect.signature(prepare).bind(None, None)
    except (TypeError, ValueError):
        raise NotATool("Its prepare must be a function of two: the context and the definition.") from None


def _made_by(function: Any) -> tuple[Any, ...]:
    """The same code may carry other hints or defaults, where these were worked out when it was made."""
    plain = getattr(function, "__func__", function)
    if not inspect.isfunction(plain):
        return (id(function),)
    hints = tuple(sorted((name, repr(hint)) for name, hint in plain.__annotations__.items()))
    defaults = (repr(plain.__defaults__), repr(plain.__kwdefaults__))
    return (plain.__code__, inspect.ismethod(function), hints, *defaults, plain.__doc__)


def _require_numbers(tool: Tool) -> None:
    retries: Any = tool.retries
    seconds: Any = tool.timeout_seconds
    if retries is not None and (isinstance(retries, bool) or not isinstance(retries, int) or retries < 0):
        raise NotATool("Its retries must be a whole number, 0 or more.")
    if seconds is not None and (
        isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0
    ):
        raise NotATool("Its timeout_seconds must be a number above 0.")


def _require_examples(examples: Iterable[Any], signature: Signature) -> None:
    """An example that does not fit would teach the model to call it wrongly."""
    for number, example in enumerate(examples, start=1):
        if not isinstance(example, Mapping) or set(example) != {"input", "output"}:
            raise NotATool(f"Its example {number} must be a dictionary of input and output.")
        if not isinstance(example["input"], Mapping) or schemas.problems(signature.schema, example["input"]):
            raise NotATool(f"The input of its example {number} does not fit its parameters.")


def _remarks(tool: Tool, documentation: Documentation) -> Iterable[str]:
    """What a model would miss (S1.19); shown once, when the tool is made."""
    if not tool.description and not documentation.text:
        yield "no docstring says when to use it"
    properties: Mapping[str, Mapping[str, Any]] = tool.signature.schema["properties"]
    bare = [name for name, described in properties.items() if not _is_described(described)]
    if bare:
        yield f"not described: {', '.join(bare)}"
    context = tool.signature.context
    known = {*tool.signature.names.values(), *([context.name] if context else [])}
    strangers = sorted(set(documentation.parameters) - known)
    if strangers:
        yield f"described, but no parameters: {', '.join(strangers)}"
    written = inspect.signature(tool.function).parameters
    untyped = [name for name in tool.signature.names.values() if written[name].annotation is _UNTYPED]
    if untyped:
        yield f"without a type hint: {', '.join(untyped)}"


def _is_described(described: Mapping[str, Any]) -> bool:
    return "description" in described or any("description" in each for each in described.get("anyOf", ()))


def _stand_in(name: str) -> str:
    return f"{re.sub('[_-]+', ' ', name).strip().capitalize() or name}."
