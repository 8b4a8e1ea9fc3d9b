"""A function's parameters: the schema a model is shown of them, and typed values out of what the model sends."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, NoReturn, Optional, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import SchemaError, to_jsonable_python

from tools_app.context import ToolContext
from tools_app.exceptions import InvalidArguments, NotATool
from tools_app.schema import schema_tree, schemas

CONTEXT_NAMES: Final = ("ctx", "context")
MAX_PROBLEMS: Final = 10
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Signature:
    """`model` checks and types the arguments; `names` leads from its fields to the function's own parameters."""

    schema: Mapping[str, Any]
    model: type[BaseModel]
    names: Mapping[str, str]
    context: inspect.Parameter | None

    def values(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Models, dates and the like as the function expects them, each anew; absent ones stay absent.

        Raises InvalidArguments: a type can ask for more than a schema can say.
        """
        try:
            read = self.model.model_validate_json(json.dumps(arguments))
        except ValidationError as wrong:
            problems = [_problem(error) for error in wrong.errors(include_url=False, include_input=False)]
            told = "; ".join(problems[:MAX_PROBLEMS])
            raise InvalidArguments(f"The arguments do not fit: {told}", problems[:MAX_PROBLEMS]) from None
        return {self.names[field]: getattr(read, field) for field in read.model_fields_set}

    def placed(self, context: ToolContext) -> tuple[list[Any], dict[str, Any]]:
        """The context where the function wants it: first, by position or by name, or nowhere."""
        if self.context is None:
            return [], {}
        if self.context.kind is inspect.Parameter.KEYWORD_ONLY:
            return [], {self.context.name: context}
        return [context], {}


def read(function: Callable[..., Any], documented: Mapping[str, str]) -> Signature:
    """Raises NotATool for whatever a model could not be shown or could not fill in."""
    parameters = _parameters(function)
    context = parameters[0] if parameters and _is_context(parameters[0]) else None
    wanted = parameters[1:] if context else parameters
    for parameter in wanted:
        _require_usable(parameter)
    if len({shown_name(parameter.name) for parameter in wanted}) < len(wanted):
        raise NotATool("Two of its parameters would be shown under one name; call them something else.")
    model = _model(function, wanted)
    schema = _schema(model, wanted, documented)
    problems = schemas.check_schema(schema)
    if problems:
        raise NotATool("Its parameters cannot be shown to a model: " + "; ".join(map(str, problems)))
    return Signature(schema, model, {f"p{at}": each.name for at, each in enumerate(wanted)}, context)


def shown_name(parameter: str) -> str:
    """A `context` that is not first is the model's own parameter; the house's word gets another ending (S3.99)."""
    return f"{parameter}_" if parameter in CONTEXT_NAMES else parameter


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function, eval_str=True).parameters.values())
    except (NameError, TypeError, ValueError, AttributeError, SyntaxError) as broken:
        raise NotATool(
            f"Its type hints cannot be read: {broken}. They need names known to the module."
        ) from broken


def _is_context(parameter: inspect.Parameter) -> bool:
    """By name or by annotation, in the first place only (S3.34-37, S3.99)."""
    if parameter.kind in _VARIADIC:
        return False
    return parameter.name in CONTEXT_NAMES or _means_context(parameter.annotation)


def _means_context(hint: Any) -> bool:
    return hint is ToolContext or any(_means_context(part) for part in get_args(hint))


def _require_usable(parameter: inspect.Parameter) -> None:
    if parameter.kind in _VARIADIC:
        _refuse(parameter, "takes any number of arguments, which no schema can list")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        _refuse(parameter, "can only be given by its position; models give arguments by name")
    if parameter.name in ("self", "cls"):
        _refuse(parameter, "has no object yet; give the method of an object")
    if _means_context(parameter.annotation):
        _refuse(parameter, "is a ToolContext and must come first")
    if isinstance(parameter.default, FieldInfo):
        _refuse(parameter, "has a Field as its default; write Annotated[<type>, Field(...)] instead")
    if parameter.name not in CONTEXT_NAMES and schemas.reserved([parameter.name]):
        _refuse(parameter, "is a name of the house; read who asks from a first parameter `ctx`")


def _refuse(parameter: inspect.Parameter, why: str) -> NoReturn:
    raise NotATool(f"Its parameter {parameter.name!r} {why}.")


def _model(function: Callable[..., Any], wanted: list[inspect.Parameter]) -> type[BaseModel]:
    # The fields have names of their own: a parameter may be called `copy` or `_x`, a field of a model may not.
    fields: dict[str, Any] = {
        f"p{at}": (_hint(parameter), _field(parameter)) for at, parameter in enumerate(wanted)
    }
    module = getattr(function, "__module__", None) or __name__
    try:
        return create_model("Arguments", __config__=ConfigDict(extra="forbid"), __module__=module, **fields)
    except (PydanticUserError, SchemaError, NameError, TypeError, ValueError) as broken:
        raise NotATool(f"Its type hints cannot be turned into a schema: {_first_line(broken)}") from broken


def _hint(parameter: inspect.Parameter) -> Any:
    if parameter.annotation is inspect.Parameter.empty:
        return Any
    # `x: str = None` means that it may be left out, and then also that it may be null.
    if parameter.default is None:
        return Optional[parameter.annotation]  # noqa: UP045 - not every hint can be joined by `|`
    return parameter.annotation


def _field(parameter: inspect.Parameter) -> Any:
    name = shown_name(parameter.name)
    if parameter.default is inspect.Parameter.empty:
        return Field(alias=name)
    # The function fills its own defaults in: here only that it may be left out.
    return Field(alias=name, default_factory=_nothing)


def _nothing() -> None:
    return None


def _schema(
    model: type[BaseModel], wanted: list[inspect.Parameter], documented: Mapping[str, str]
) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = schema_tree.mapped(model.model_json_schema(), _tidied)
    except (PydanticUserError, RecursionError) as broken:
        raise NotATool(f"Its type hints cannot be turned into a schema: {_first_line(broken)}") from broken
    properties = schema.setdefault("properties", {})
    for parameter in wanted:
        described = properties[shown_name(parameter.name)]
        text = _noted(parameter.annotation) or documented.get(parameter.name, "")
        if text:
            described.setdefault("description", text)
        if parameter.default is not inspect.Parameter.empty:
            described |= _default(parameter.default)
    return schema


def _tidied(schema: dict[str, Any]) -> dict[str, Any]:
    """Without titles made of names, and with objects that say what they have not."""
    if isinstance(schema.get("title"), str):
        del schema["title"]
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return schema


def _noted(hint: Any) -> str:
    """The text in `Annotated[str, "The city."]`."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((note for note in notes if isinstance(note, str)), "")


def _default(value: Any) -> dict[str, Any]:
    """Shown where JSON can say it; the function knows its own default either way."""
    try:
        shown = to_jsonable_python(value)
        json.dumps(shown, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return {}
    return {"default": shown}


def _problem(error: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in error["loc"])
    return f"{where or 'arguments'}: {error['msg']}"[:300]


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:300]
