"""Walks through a document and makes of each operation what a tool needs, or says why it cannot be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from tools_app.openapi import (
    bodies,
    document,
    fitting,
    naming,
    parameters,
    references,
    security,
    servers,
    values,
)
from tools_app.openapi.description import Description, Operation, Skipped
from tools_app.openapi.parameters import Draft
from tools_app.openapi.problems import InvalidDocument, LeftOut, Note
from tools_app.openapi.translation import MOST_OF_ALL, Source

METHODS: Final = ("get", "put", "post", "delete", "patch", "head")
_NO_TOOLS: Final = ("options", "trace", "query")
MOST_OPERATIONS: Final = 5_000
_DESCRIPTION: Final = 1_000
_PAGES: Final = ("page", "cursor", "page_token", "pageToken", "after", "since", "offset", "start")
Found = Operation | Skipped


def read(octets: bytes, *, location: str = "", most: int = MOST_OF_ALL) -> Description:
    """Read a whole description. `location` completes relative servers. Raises InvalidDocument."""
    root = document.read(octets)
    dialect = _dialect(root)
    source = Source(root, is_30=dialect == "3.0", left=most)
    found = list(_operations(source))
    _require_some(root, found)
    told = values.mapping(root.get("info"))
    return Description(
        title=values.text(told.get("title"), 200) or "An API without a title",
        version=values.text(str(told.get("version", "")), 50),
        dialect=dialect,
        servers=servers.named(root.get("servers"), location) or servers.named([{"url": "/"}], location),
        schemes=security.schemes(root),
        operations=tuple(each for each in found if isinstance(each, Operation)),
        skipped=tuple(each for each in found if isinstance(each, Skipped)),
        notes=tuple(_notes(root)),
    )


def _dialect(root: Mapping[str, Any]) -> str:
    if "swagger" in root:
        raise InvalidDocument(
            f"This is Swagger {str(root['swagger'])[:10]}, the format before OpenAPI 3. Convert it to OpenAPI 3.0 or "
            "3.1 first (most publishers offer both); then import it.",
            code="swagger_2",
        )
    said = str(root.get("openapi", ""))
    if not said:
        raise InvalidDocument(
            'This is no OpenAPI description: it has no "openapi" with a version at its top.'
        )
    if said.startswith("3.0"):
        return "3.0"
    if said.startswith(("3.1", "3.2")):
        return said[:3]
    raise InvalidDocument(f"OpenAPI {said[:20]} is not known here; 3.0 and 3.1 are.", code="unknown_version")


def _require_some(root: Mapping[str, Any], found: list[Found]) -> None:
    if "paths" in root and not isinstance(root["paths"], Mapping):
        raise InvalidDocument('The "paths" of the document are not an object.')
    if not found:
        more = " Its webhooks are calls the service makes, not calls to it." if root.get("webhooks") else ""
        raise InvalidDocument(f"The document describes no operation.{more}", code="no_operations")


def _notes(root: Mapping[str, Any]) -> Iterator[Note]:
    if hooks := values.mapping(root.get("webhooks")):
        yield Note(
            f"{len(hooks)} webhooks are left out: the service makes these calls, nobody makes them to it"
        )
    if str(root.get("openapi", "")).startswith("3.2"):
        yield Note("OpenAPI 3.2 is read as 3.1; what is new in it is left out")
    if isinstance(root.get("jsonSchemaDialect"), str) and "oas" not in root["jsonSchemaDialect"]:
        yield Note("its own dialect of JSON Schema is read as 2020-12")


def _operations(source: Source) -> Iterator[Found]:
    number = 0
    for path, node in values.mapping(source.root.get("paths")).items():
        if path.startswith("x-"):
            continue
        try:
            item = references.followed(source.root, node)
        except LeftOut as why:
            yield Skipped(values.text(path, 300), f"{why}.")
            continue
        for method in item:
            if method not in METHODS and method not in _NO_TOOLS:
                continue
            number += 1
            if number > MOST_OPERATIONS:
                yield Skipped(
                    f"{method.upper()} {path}"[:300], f"more than {MOST_OPERATIONS:,} are not read."
                )
                return
            yield _operation(source, path, method, item)


def _operation(source: Source, path: str, method: str, item: Mapping[str, Any]) -> Found:
    key = f"{method.upper()} {values.text(path, 500)}"
    try:
        if method in _NO_TOOLS:
            raise LeftOut(f"{method.upper()} is no call a tool makes")
        if not path.startswith("/") or "#" in path:
            raise LeftOut("its path is no part of an address")
        return _drawn(source, path, method, item)
    except LeftOut as why:
        return Skipped(key, f"{str(why)[:1].upper()}{str(why)[1:]}.")


def _drawn(source: Source, path: str, method: str, item: Mapping[str, Any]) -> Operation:
    root, node = source.root, item[method]
    if not isinstance(node, Mapping):
        raise LeftOut("it is not an object")
    draft = Draft(source)
    parameters.read(
        root, [*values.listed(item.get("parameters")), *values.listed(node.get("parameters"))], path, draft
    )
    bodies.read(root, node.get("requestBody"), method.upper(), draft)
    if callbacks := values.mapping(node.get("callbacks")):
        draft.tell(
            Note("calls the service makes back are left out", ", ".join(map(str, islice(callbacks, 5)))[:100])
        )
    schema = fitting.fitted(_schema(draft), draft.tell)
    operation_id = values.text(node.get("operationId"), 200)
    tags = tuple(values.text(tag, 100) for tag in values.texts(values.listed(node.get("tags"))[:10]))
    return Operation(
        key=f"{method.upper()} {values.text(path, 500)}",
        method=method.upper(),
        path=draft.path,
        operation_id=operation_id,
        name=naming.tool_name(operation_id, method, path),
        description=_description(node, item, f"{method.upper()} {path}"),
        category=tags[0] if tags and tags[0] else "",
        tags=tags,
        is_deprecated=node.get("deprecated") is True,
        input_schema=schema,
        configuration=_configuration(root, node, draft),
        servers=servers.named(node.get("servers") or item.get("servers"), ""),
        security=security.needed(root, node),
        notes=tuple(draft.notes),
    )


def _schema(draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": draft.properties, "required": draft.required}
    found["additionalProperties"] = False
    if draft.translator.definitions:
        found["$defs"] = draft.translator.definitions
    return found


def _description(node: Mapping[str, Any], item: Mapping[str, Any], otherwise: str) -> str:
    """Summary and description, without saying the same thing twice."""
    summary = values.text(node.get("summary") or item.get("summary"), 300)
    said = values.text(node.get("description") or item.get("description"), _DESCRIPTION)
    if summary and said and not said.startswith(summary.rstrip(".")):
        said = values.text(f"{summary.rstrip('.')}. {said}", _DESCRIPTION)
    found = said or summary or otherwise
    return f"Deprecated. {found}" if node.get("deprecated") is True else found


def _configuration(root: Mapping[str, Any], node: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draft.placements:
        found["parameters"] = {name: placed for name, placed in draft.placements.items() if placed != "path"}
    if draft.headers:
        found["headers"] = draft.headers
    if following := _next_page(root, node, draft):
        found["response"] = {"next": following}
    return {name: value for name, value in found.items() if value}


def _next_page(root: Mapping[str, Any], node: Mapping[str, Any], draft: Draft) -> dict[str, Any]:
    """Where an answer is said to have a Link header, and the query has a parameter for pages."""
    by_wire = {wire: name for name, wire in draft.query.items()}
    name = next((by_wire[wire] for wire in _PAGES if wire in by_wire), "")
    for status, given in islice(values.mapping(node.get("responses")).items(), 50):
        if not name or not str(status).startswith("2"):
            continue
        try:
            headers = values.mapping(references.followed(root, given).get("headers"))
        except LeftOut:
            continue
        if any(str(header).lower() == "link" for header in headers):
            return {"parameter": name, "header": "Link"}
    return {}
