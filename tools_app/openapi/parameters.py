"""The parameters of one operation: what a model calls them, their schemas, and where each of them goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app.executors import network
from tools_app.openapi import naming, references, values
from tools_app.openapi.problems import LeftOut, Note
from tools_app.openapi.translation import Source, Translator

# What the standard says to ignore: these are the business of the body and of the security schemes.
_IGNORED = frozenset({"accept", "content-type", "authorization"})
_PLACES = ("path", "query", "header", "cookie")
_HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_WIRE = re.compile(r'[^\x00-\x20\x7f"\\]{1,128}\Z')
_HOLE = re.compile(r"\{([^{}]*)\}")
_DEFAULT_STYLE = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_DESCRIPTION = 600


@dataclass(slots=True)
class Draft:
    """A tool while it is put together."""

    source: Source
    translator: Translator = field(init=False)
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    placements: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    # What the service calls the parameters of the query, by our names.
    query: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def __post_init__(self) -> None:
        self.translator = Translator(self.source, self.tell)

    def tell(self, note: Note) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def add(
        self, wire: str, schema: Any, placed: Mapping[str, Any] | str, *, where: str, required: bool
    ) -> str:
        name = naming.parameter_name(wire, self.properties, where=where)
        self.properties[name] = schema
        if required:
            self.required.append(name)
        self.placements[name] = placed
        return name


def read(root: Mapping[str, Any], given: list[Any], path: str, draft: Draft) -> None:
    """Add every parameter to the draft, and write its path with our names. Raises LeftOut."""
    holes = _HOLE.findall(path)
    if twice := next((wire for wire in holes if holes.count(wire) > 1), ""):
        raise LeftOut(f"its path names {{{twice[:100]}}} more than once")
    in_path = dict[str, str]()
    for parameter in _each_once(root, given, draft):
        wire, where = parameter["name"], parameter["in"]
        if where == "path":
            if wire in holes:
                in_path[wire] = _add_to_path(root, parameter, draft)
            else:
                draft.tell(Note("it is said to be in the path, and is not", wire))
        elif why := _unfit(where, wire):
            if parameter.get("required") is True and wire.lower() not in _IGNORED:
                raise LeftOut(f"the parameter {wire[:100]!r}, which it needs, cannot be sent: {why}")
            draft.tell(Note(why, wire))
        else:
            _add(root, parameter, draft)
    for wire in dict.fromkeys(holes):
        if wire not in in_path:
            draft.tell(Note("it stands in the path and is not described; any text is accepted", wire))
            in_path[wire] = draft.add(wire, {"type": "string"}, "path", where="path", required=True)
    draft.path = _HOLE.sub(lambda hole: f"{{{in_path[hole[1]]}}}", path)


def _each_once(root: Mapping[str, Any], given: list[Any], draft: Draft) -> Iterator[Mapping[str, Any]]:
    """What the operation says of a parameter stands for what its path says of it."""
    found = dict[tuple[str, str], Mapping[str, Any]]()
    for node in given:
        draft.translator.spend(1)
        parameter = references.followed(root, node)
        wire, where = parameter.get("name"), parameter.get("in")
        if not isinstance(wire, str) or not wire or not isinstance(where, str):
            raise LeftOut("one of its parameters has no name or no place")
        if where not in _PLACES:
            draft.tell(Note(f"{where[:40]} is no place of a parameter", wire[:100]))
            continue
        found[where, wire] = parameter
    yield from found.values()


def _unfit(where: str, wire: str) -> str:
    if where == "header":
        if wire.lower() in _IGNORED:
            return "the standard says to leave this header to body and security"
        if wire.lower() == "cookie" or not network.may_set_header(wire):
            return "a tool may not set this header"
        return "" if _HEADER.match(wire) else "this is no name of a header"
    return "" if _WIRE.match(wire) else "its name cannot be sent as it is"


def _add_to_path(root: Mapping[str, Any], parameter: Mapping[str, Any], draft: Draft) -> str:
    schema, placed = _described(root, parameter, draft)
    if placed.get("style") == "json":
        raise LeftOut(f"the parameter {parameter['name'][:100]!r} would stand in the path as JSON")
    if parameter.get("x-multi-segment") is True:
        draft.tell(
            Note("a value with / in it is refused: a value stays one step of the path", parameter["name"])
        )
    name = naming.parameter_name(parameter["name"], draft.properties, where="path")
    simple = len(placed) == 1 and name == parameter["name"]
    return draft.add(parameter["name"], schema, "path" if simple else placed, where="path", required=True)


def _add(root: Mapping[str, Any], parameter: Mapping[str, Any], draft: Draft) -> None:
    wire, where = parameter["name"], parameter["in"]
    schema, placed = _described(root, parameter, draft)
    name = naming.parameter_name(wire, draft.properties, where=where)
    if name != wire:
        placed["name"] = wire
    required = parameter.get("required") is True
    added = draft.add(wire, schema, where if len(placed) == 1 else placed, where=where, required=required)
    if where == "query":
        draft.query[added] = wire


def _described(
    root: Mapping[str, Any], parameter: Mapping[str, Any], draft: Draft
) -> tuple[Any, dict[str, Any]]:
    """The schema of a parameter, and how it is written where it goes."""
    where, wire = parameter["in"], parameter["name"]
    placed: dict[str, Any] = {"in": where}
    if "content" in parameter:
        node = _of_content(parameter["content"], wire)
        placed["style"] = "json"
    else:
        node = parameter.get("schema", {"type": "string"})
        placed |= _style(parameter, draft.translator.is_scalar(node), draft)
    schema = draft.translator.schema(node, wire)
    return with_description(schema, parameter), placed


def with_description(schema: Any, about: Mapping[str, Any]) -> Any:
    """What is said of the parameter goes before what is said of its type."""
    said = values.text(about.get("description"), _DESCRIPTION)
    if about.get("deprecated") is True:
        said = f"Deprecated. {said}".strip()
    if not said or not isinstance(schema, dict):
        return schema if isinstance(schema, dict) else {"description": said} if said else {}
    return {**schema, "description": said}


def _of_content(content: Any, wire: str) -> Any:
    for kind, media in values.mapping(content).items():
        if "json" in kind:
            return values.mapping(media).get("schema", {})
    raise LeftOut(f"the parameter {wire[:100]!r} is described in a form that is not JSON")


def _style(parameter: Mapping[str, Any], is_scalar: bool, draft: Draft) -> dict[str, Any]:  # noqa: FBT001
    where = parameter["in"]
    style = parameter.get("style", _DEFAULT_STYLE[where])
    if style not in _STYLES[where]:
        draft.tell(
            Note(
                f"the style {str(style)[:40]} does not belong there; {_DEFAULT_STYLE[where]} is used",
                parameter["name"],
            )
        )
        style = _DEFAULT_STYLE[where]
    if is_scalar and style not in ("label", "matrix"):
        return {}
    explode = parameter.get("explode")
    default = style in ("form", "deepObject")
    found = {"style": style}
    return found | ({"explode": explode} if isinstance(explode, bool) and explode != default else {})
