"""Follows references inside a document. Nothing outside of it is ever fetched: that is said, and left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app.openapi.problems import LeftOut
from tools_app.schema import schema_tree

_LONGEST_CHAIN = 50
_LONGEST_REFERENCE = 4_000


def is_local(reference: Any) -> bool:
    return isinstance(reference, str) and (reference == "#" or reference.startswith("#/"))


def target(root: Mapping[str, Any], reference: Any) -> Any:
    """What a reference names; raises LeftOut with the reason why it cannot be followed."""
    if not isinstance(reference, str):
        raise LeftOut("a $ref that is not a text")
    if len(reference) > _LONGEST_REFERENCE:
        raise LeftOut("a $ref that is longer than any address")
    if not is_local(reference):
        told = "another document, and none is fetched" if not reference.startswith("#") else "an anchor"
        raise LeftOut(f"it refers to {reference[:200]!r}: {told}")
    try:
        return schema_tree.target(root, reference)
    except LookupError:
        raise LeftOut(f"it refers to {reference[:200]!r}, which is not in the document") from None


def followed(root: Mapping[str, Any], node: Any) -> Mapping[str, Any]:
    """A node with its own reference, or a chain of them, replaced by what is meant. Raises LeftOut."""
    for _ in range(_LONGEST_CHAIN):
        if not isinstance(node, Mapping):
            raise LeftOut("something else than an object stands where one is needed")
        if "$ref" not in node:
            return node
        node = target(root, node["$ref"])
    raise LeftOut("its references lead in a circle")
