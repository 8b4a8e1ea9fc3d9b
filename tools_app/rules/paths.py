"""Paths in rules: by whole segments, loosely for what is denied, exactly for what is allowed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache

from tools_app.rules.values import loosened

# Where some programs do not go where the text says: home folders, variables, addresses; patterns, encoded separators.
_STARTS = re.compile(r"[~$%]|file:|[a-z][a-z0-9+.-]+:[/\\]")
_HOLDS = re.compile(r"[*?\x00]|%(?:25)*(?:2f|5c|2e)")
# Folders of the system through which every other one can be reached.
_ELSEWHERE = ("/proc", "/dev/fd")


def denies(rule: str, value: object, *, is_folder: bool) -> bool:
    """/etc hits /etc/passwd and /x/../ETC, not /etcetera. All that lies in a folder is looked through with it, so
    what is forbidden in it forbids it whole. A rule may end in `/*` or `/**`."""
    wanted, found = _denied(rule), loosened(value)
    return _is_beneath(found, wanted) or (is_folder and _is_beneath(wanted, found))


@lru_cache(maxsize=64)
def leads_elsewhere(text: str, *, must_be_read: bool = True) -> bool:
    """Whether only the program that opens it knows where a path leads: above its start, to a home folder, through
    /proc. Such a one is hit by whatever is denied. Where any text may stand (`must_be_read` is false) it must look
    like a path. Remembered: a long one is looked at by one matcher after the other.
    """
    loose = loosened(text)
    if not must_be_read and ("/" not in loose.replace("\\", "/") or any(map(str.isspace, loose))):
        return False
    path = _normal(loose)
    if _climbs(path) or any(_is_beneath(path, folder) for folder in _ELSEWHERE):
        return True
    return any(_STARTS.match(each) or _HOLDS.search(each) for each in (text, loose))


def can_hit(rule: str, *, allowing: bool) -> bool:
    """Whether a rule means a folder or a file: stars and variables in it are not expanded."""
    bare = rule if allowing else _denied(rule).removeprefix("file://")
    starts_plainly = not bare.startswith(("~", "$", "file:"))
    has_strange = any(char in bare for char in ("*?" if allowing else "*?["))
    return bool(bare.strip()) and starts_plainly and not has_strange and not _climbs(_normal(bare))


def allows(rule: str, real: Sequence[str]) -> bool:
    """Whether the real file, by the names it was opened under, lies beneath the rule's folder or is that file.

    A file nobody could open has no such name, and is not allowed: what a path will mean tomorrow is unknown.
    """
    names = [name for name in real if name.startswith("/") == rule.startswith("/")]
    wanted = posixpath.normpath(rule)
    return bool(names) and all(_is_within(name, wanted) for name in names)


def _denied(rule: str) -> str:
    loose = loosened(rule)
    return loose.rpartition("/")[0] or "/" if loose.endswith(("/*", "/**")) else loose


def _climbs(path: str) -> bool:
    return path.partition("/")[0] == ".."


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
