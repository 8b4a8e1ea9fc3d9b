"""What a path means to the gate: the real file or folder behind it, by what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools_app.executors import folders, paths, writing
from tools_app.executors.paths import FileMissing


@dataclass(frozen=True, slots=True)
class Meant:
    """What approvals are bound to (None if there is nothing), and by which other names rules may call it."""

    target: list[object] | None = None
    names: list[str] = field(default_factory=list)


def meant(path: str, access: str) -> Meant:
    """Raises ToolFailed for what may not be reached at all; `access` is the `x-access` of the parameter."""
    if access == "write":
        aim = writing.aim_at(path)
        return Meant(aim.target, _names(str(aim.root.path), aim.relative))
    if access == "list":
        return _folder(path)
    identity = paths.identify(path)
    return Meant(identity.target, _names(identity.root, identity.relative)) if identity else Meant()


def _folder(path: str) -> Meant:
    try:
        with folders.opened(path) as place:
            return Meant(place.target, _names(str(place.root.path), place.relative))
    except FileMissing:
        return Meant()


def _names(root: str, relative: str) -> list[str]:
    return [relative, f"{root}/{relative}"]
