"""Names: legal for the catalog and for models, short enough, and each only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from tools_app.schema import schemas

LONGEST = 64


def tool_name(operation_id: str, method: str, path: str) -> str:
    """`listPetsByID` becomes list_pets_by_id; without an id the method and the path say it."""
    return _snake(operation_id) or _snake(f"{method} {path}") or method.lower()


def _snake(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")[:LONGEST].strip("_")


def prefixed(prefix: str, name: str) -> str:
    """`prefix` begins the name unless it does already."""
    whole = name if not prefix or name.startswith(f"{prefix}_") else f"{prefix}_{name}"
    return whole[:LONGEST].rstrip("_")


def unique(name: str, taken: Container[str], *, first: int = 2) -> str:
    """The name, or the name with the first number that is free."""
    number, found = first, name
    while found in taken:
        found = f"{name[: LONGEST - len(str(number)) - 1]}_{number}"
        number += 1
    return found


def parameter_name(wire: str, taken: Container[str], *, where: str) -> str:
    """What a model calls a parameter: as the service does if that is legal; the service's name is kept beside it."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", wire).strip("_")[:LONGEST] or where
    if name in schemas.RESERVED:
        # The house uses this name to say who acts; here it means something of the service's.
        name = f"{name}_"
    return unique(name, taken) if name not in taken else unique(f"{where}_{name}"[:LONGEST], taken)
