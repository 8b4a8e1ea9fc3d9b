"""The body of one operation: its fields as parameters of the tool, or one parameter that is the whole of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tools_app.openapi import references, values
from tools_app.openapi.parameters import Draft, with_description
from tools_app.openapi.problems import LeftOut, Note
from tools_app.schema import schema_tree

_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_KIND: Final = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+\Z")
_TEXTUAL: Final = re.compile(
    r"text/|application/(?:[a-z0-9.+-]*\+)?xml|application/(?:yaml|x-yaml|x-ndjson|graphql)"
)
_WIRE: Final = re.compile(r'[^\x00-\x20\x7f"\\]{1,128}\Z')
_MOST_FIELDS: Final = 100
# Besides these a schema says something that fields alone would not keep.
_FLAT: Final = frozenset(
    {"type", "properties", "required", "description", "title", "additionalProperties", "allOf", "nullable"}
    | {
        "example",
        "examples",
        "externalDocs",
        "xml",
        "deprecated",
        "default",
        "writeOnly",
        "$schema",
        "minProperties",
    }
)
_STYLES: Final = ("form", "spaceDelimited", "pipeDelimited", "deepObject")


def read(root: Mapping[str, Any], node: Any, method: str, draft: Draft) -> None:
    """Add what the body is made of to the draft. Raises LeftOut where it needs one that cannot be sent."""
    if node is None:
        return
    body = references.followed(root, node)
    content = values.mapping(body.get("content"))
    required = body.get("required") is True
    draft.translator.spend(len(content))
    kind = _chosen(content)
    if method in ("GET", "HEAD") or not kind:
        why = (
            f"{method} has no body"
            if kind
            else f"its body is none of text: {', '.join(content)[:200] or 'nothing'}"
        )
        if required:
            raise LeftOut(why)
        draft.tell(Note(f"{why}; it is sent without", "body"))
        return
    media = values.mapping(content[kind])
    plain = kind.partition(";")[0].strip().lower()
    if plain in (_FORM, _MULTIPART):
        _form(root, media, plain, draft)
    else:
        _json_or_text(root, body, media, plain, draft)


def _chosen(content: Mapping[str, Any]) -> str:
    """JSON before forms, forms before other texts; of several the first."""
    plain = {kind: kind.partition(";")[0].strip().lower() for kind in content}
    orders = (
        lambda kind: kind == "application/json",
        lambda kind: kind.endswith("json") and _KIND.match(kind),
        lambda kind: kind in ("*/*", "application/*"),
        lambda kind: kind == _FORM,
        lambda kind: kind == _MULTIPART,
        lambda kind: _TEXTUAL.match(kind) and _KIND.match(kind),
    )
    return next((kind for fits in orders for kind in plain if fits(plain[kind])), "")


def _json_or_text(
    root: Mapping[str, Any], body: Mapping[str, Any], media: Mapping[str, Any], kind: str, draft: Draft
) -> None:
    required = body.get("required") is True
    is_json = kind.endswith("json") or "*" in kind
    kind = "application/json" if "*" in kind else kind
    node = media.get("schema", {})
    flat = _flat(root, node, draft) if is_json else None
    if flat and (required or not flat.required) and len(flat.properties) <= _MOST_FIELDS:
        for wire, part in flat.properties.items():
            placed: dict[str, Any] = {"in": "json"} | _way(wire)
            _add(wire, part, placed, draft, required=required and wire in flat.required)
        if kind != "application/json":
            draft.headers["Content-Type"] = kind
        return
    schema = draft.translator.schema(node, "body") if is_json else {"type": "string"}
    if schema is False:
        raise LeftOut("no body fits what is said of it")
    placed = {"in": "body"} | ({} if kind == "application/json" else {"content_type": kind})
    told = with_description(schema, body)
    draft.add("body", told, "body" if len(placed) == 1 else placed, where="body", required=required)


def _way(wire: str) -> dict[str, Any]:
    if _WIRE.match(wire):
        return {"name": wire}
    return {"at": f"/{schema_tree.escaped(wire)}"}


def _add(wire: str, part: Any, placed: dict[str, Any], draft: Draft, *, required: bool) -> None:
    """Our name for it may be the service's own: then nothing has to be said."""
    schema = draft.translator.schema(part, wire)
    if schema is False:
        return
    told = with_description(schema, part if isinstance(part, Mapping) and "$ref" not in part else {})
    name = draft.add(wire, told, placed, where="body", required=required)
    if placed.get("name") == name:
        del placed["name"]
    if len(placed) == 1:
        draft.placements[name] = placed["in"]


class _Flat:
    """An object whose fields say everything: they can be parameters of their own."""

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []
        self.hints: list[str] = []


def _flat(root: Mapping[str, Any], node: Any, draft: Draft, depth: int = 0) -> _Flat | None:
    try:
        schema = references.followed(root, node)
    except LeftOut:
        return None
    found = _Flat()
    draft.translator.spend(1 + len(values.mapping(schema.get("properties"))))
    if depth > 20 or schema.get("type", "object") != "object" or not _is_closed(schema):
        return None
    for part in values.listed(schema.get("allOf")):
        inner = _flat(root, part, draft, depth + 1)
        if inner is None or set(inner.properties) & set(found.properties):
            return None
        found.properties |= inner.properties
        found.required += inner.required
    for wire, part in values.mapping(schema.get("properties")).items():
        if not (isinstance(part, Mapping) and part.get("readOnly") is True):
            found.properties[wire] = part
    found.required += values.texts(schema.get("required"))
    if depth == 0:
        found.required = [wire for wire in found.required if wire in found.properties]
        _tell_alternatives(schema, draft)
    return found if found.properties or depth else None


def _is_closed(schema: Mapping[str, Any]) -> bool:
    more = schema.get("additionalProperties", False)
    said = {keyword for keyword in schema if not keyword.startswith("x-")} - _FLAT
    # Alternatives that only say which fields are needed together can be told in words.
    said -= {keyword for keyword in ("anyOf", "oneOf") if _only_requires(schema.get(keyword))}
    return more is False and not said and "" not in values.mapping(schema.get("properties"))


def _only_requires(alternatives: Any) -> bool:
    return bool(values.listed(alternatives)) and all(
        isinstance(each, Mapping) and set(each) <= {"required", "type", "title", "description"}
        for each in alternatives
    )


def _tell_alternatives(schema: Mapping[str, Any], draft: Draft) -> None:
    for keyword in ("anyOf", "oneOf"):
        given = [values.texts(each.get("required")) for each in values.listed(schema.get(keyword))]
        if named := " or ".join(" and ".join(each) for each in given if each):
            draft.tell(Note(f"that {named[:200]} is needed is left to the service to check", "body"))


def _form(root: Mapping[str, Any], media: Mapping[str, Any], kind: str, draft: Draft) -> None:
    flat = _flat(root, _without_more(root, media.get("schema", {}), draft), draft)
    where = "form" if kind == _FORM else "multipart"
    if flat is None or len(flat.properties) > _MOST_FIELDS:
        raise LeftOut(f"its {where} body is not a plain list of fields")
    encoding = values.mapping(media.get("encoding"))
    for wire, part in flat.properties.items():
        if not _WIRE.match(wire):
            draft.tell(Note("the name of this field cannot be sent as it is", wire[:100]))
            continue
        said = values.mapping(encoding.get(wire))
        meant = _meant(root, part)
        placed: dict[str, Any] = {"in": where, "name": wire}
        if where == "form":
            placed |= _form_style(said, draft.translator.is_scalar(part))
        else:
            placed |= _part(wire, meant, said, draft)
        _add(wire, part, placed, draft, required=wire in flat.required)


def _without_more(root: Mapping[str, Any], node: Any, draft: Draft) -> Any:
    """Fields without a name cannot be placed in a form; those with a name still can."""
    schema = references.followed(root, node)
    if schema.get("additionalProperties", False) is False:
        return schema
    draft.tell(Note("fields that the description does not name cannot be sent", "body"))
    return {keyword: value for keyword, value in schema.items() if keyword != "additionalProperties"}


def _meant(root: Mapping[str, Any], part: Any) -> Mapping[str, Any]:
    try:
        return references.followed(root, part)
    except LeftOut:
        return {}


def _form_style(said: Mapping[str, Any], is_scalar: bool) -> dict[str, Any]:  # noqa: FBT001
    if is_scalar:
        return {}
    if "json" in str(said.get("contentType", "")):
        return {"style": "json"}
    style = said.get("style", "form")
    style = style if style in _STYLES else "form"
    explode = said.get("explode")
    default = style in ("form", "deepObject")
    return {"style": style} | (
        {"explode": explode} if isinstance(explode, bool) and explode != default else {}
    )


def _part(wire: str, meant: Mapping[str, Any], said: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    item = values.mapping(meant.get("items")) if meant.get("type") == "array" else meant
    kind = (
        str(said.get("contentType") or item.get("contentMediaType") or "").partition(",")[0].strip().lower()
    )
    if item.get("format") == "binary" or ("contentMediaType" in item and "json" not in kind):
        draft.tell(Note("files are sent as the text the model writes", wire))
        kind = kind if _KIND.match(kind) else "application/octet-stream"
        return {"filename": wire, "content_type": kind}
    if item.get("type") == "object" or "properties" in item:
        return {"content_type": "application/json"}
    return {"content_type": kind} if _KIND.match(kind) else {}
