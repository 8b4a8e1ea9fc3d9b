"""Paths in rules: by whole segments, loosely for what is denied, exactly for what is allowed."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from tools_app.rules.values import loosened


def denies(rule: str, value: object, *, is_folder: bool) -> bool:
    """/etc hits /etc/passwd and /x/../ETC, not /etcetera. All that lies in a folder is looked through with it, so
    what is forbidden in it forbids it whole."""
    wanted, found = loosened(rule), loosened(value)
    return _is_beneath(found, wanted) or (is_folder and _is_beneath(wanted, found))


def allows(rule: str, real: Sequence[str]) -> bool:
    """Whether the real file, by the names it was opened under, lies beneath the rule's folder or is that file.

    A file nobody could open has no such name, and is not allowed: what a path will mean tomorrow is unknown.
    """
    names = [name for name in real if name.startswith("/") == rule.startswith("/")]
    wanted = posixpath.normpath(rule)
    return bool(names) and all(_is_within(name, wanted) for name in names)


def _is_within(name: str, folder: str) -> bool:
    if ".." in name.split("/"):
        return False
    return folder in (".", name) or name.startswith(folder.rstrip("/") + "/")


def _is_beneath(path: str, root: str) -> bool:
    path, root = _normal(path), _normal(root)
    if root == ".":
        return not path.startswith("/")
    return path == root or path.startswith(root.rstrip("/") + "/")


def _normal(path: str) -> str:
    bare = path.removeprefix("file://").replace("\\", "/")
    return posixpath.normpath("/" + bare.lstrip("/")) if bare.startswith("/") else posixpath.normpath(bare)
