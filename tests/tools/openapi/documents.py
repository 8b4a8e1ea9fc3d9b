"""Small descriptions of APIs for tests."""

from __future__ import annotations

import json
from typing import Any

from tools_app.executors import problems
from tools_app.openapi import operations, proposals
from tools_app.openapi.description import Description, Operation
from tools_app.openapi.proposals import Choices

OK: dict[str, Any] = {"responses": {"200": {"description": "Done."}}}


def document(paths: dict[str, Any], openapi: str = "3.1.0", **more: Any) -> dict[str, Any]:
    return {
        "openapi": openapi,
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://api.example/v1"}],
        "paths": paths,
        **more,
    }


def read(paths: dict[str, Any], openapi: str = "3.1.0", **more: Any) -> Description:
    return operations.read(json.dumps(document(paths, openapi, **more)).encode())


def one(
    node: dict[str, Any], path: str = "/things", method: str = "post", openapi: str = "3.1.0", **more: Any
) -> Operation:
    """The only operation of a document; what it would be is accepted as an HTTP tool."""
    found = read({path: {method: {**OK, **node}}}, openapi, **more)
    assert found.skipped == ()
    [operation] = found.operations
    made = proposals.of(operation, found, Choices(), operation.name)
    assert made.problem == ""
    assert problems("http", made.fields["configuration"], operation.input_schema) == []
    return operation


def left_out(node: dict[str, Any], path: str = "/things", method: str = "post", **more: Any) -> str:
    """Why the only operation of a document cannot be a tool."""
    found = read({path: {method: {**OK, **node}}}, **more)
    assert found.operations == ()
    return found.skipped[0].why


def placed(operation: Operation) -> Any:
    return operation.configuration.get("parameters", {})


def said(operation: Operation) -> str:
    return "\n".join(map(str, operation.notes))


def body(
    schema: Any, kind: str = "application/json", *, required: bool = True, **more: Any
) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {kind: {"schema": schema, **more}}}}
