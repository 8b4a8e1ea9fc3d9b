"""Folders that belong to somebody: a conversation's workspace, a person's database. Nobody chooses their names.

A name is a keyed hash of whose it is, so it needs no row, cannot be guessed, and never holds a word that a person or a
model wrote. What lies in them was written by programs of tools: it is never followed, opened or run by the house.
"""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac

from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors.sandbox import cells, weighing

_HOUR = 3_600
# Files that are told after a use, and looked at to find out which changed.
_TOLD, _LOOKED_AT = 20, 2_000
Seen = dict[str, tuple[int, int]]


class NoWorkspace(ToolFailed):
    """This tool works in the workspace of a conversation, and there is no conversation here."""

    code = "no_conversation"
    status = 409


class _Sweeper:
    """When this process looked for old folders last."""

    last = 0.0


_sweeper = _Sweeper()


def of_conversation(context: ToolContext) -> Path:
    """The workspace of the conversation a call belongs to, made when it is used first."""
    session = str(context.get("session_id") or "")
    if not session:
        raise NoWorkspace
    return _ready(conversation_folder(str(context["org_id"]), session))


def of_person(context: ToolContext) -> Path:
    """The folder of the person's own database, in this organization."""
    return _ready(_folder("databases", str(context["org_id"]), str(context["user_id"])))


def conversation_folder(organization: str, session: str) -> Path:
    return _folder("workspaces", organization, session)


def _folder(kind: str, organization: str, whose: str) -> Path:
    # Lengths keep ("1", "2:3") and ("1:2", "3") apart.
    name = salted_hmac(f"toolroom.{kind}", f"{len(organization)}:{organization}:{whose}", algorithm="sha256")
    return Path(settings.DATA_DIR) / kind / name.hexdigest()[:40]


def _ready(place: Path) -> Path:
    _sweep_now_and_then()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if weighing.folder(place)[0] >= weighing.UNKNOWN:
        # Made so that nobody can look into it: then nobody can keep it in bounds either.
        discard(place)
    place.mkdir(mode=0o700, exist_ok=True)
    if os.getuid() == 0:
        os.chown(place, cells.NOBODY, cells.NOBODY)
    os.utime(place)
    return place


def discard(place: Path) -> None:
    """Remove a folder and whatever a program made of it: locked, or deeper than a path is long."""
    if not place.is_dir():
        return
    for words in (("chmod", "-R", "u+rwX", "--"), ("rm", "-rf", "--")):
        subprocess.run([*words, str(place)], check=False, capture_output=True)


def _sweep_now_and_then() -> None:
    if time.monotonic() - _sweeper.last > _HOUR or not _sweeper.last:
        _sweeper.last = time.monotonic()
        sweep()


def sweep() -> int:
    """Remove workspaces nobody has used for a long time; those of deleted conversations are gone already."""
    oldest = time.time() - settings.WORKSPACE_DAYS * 86_400
    old = [place for place in _children(Path(settings.DATA_DIR) / "workspaces") if _used_at(place) < oldest]
    for place in old:
        discard(place)
    return len(old)


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _used_at(place: Path) -> float:
    try:
        return place.stat(follow_symlinks=False).st_mtime
    except OSError:
        return time.time()


def seen(place: Path) -> Seen:
    """Size and time of the files in a workspace, by their relative name; of very many only the first."""
    return dict(_walked(place))


def _walked(place: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    count = 0
    for folder, names, files in os.walk(place):
        names.sort()
        for file in sorted(files):
            count += 1
            if count > _LOOKED_AT:
                return
            path = Path(folder) / file
            try:
                found = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode):
                yield str(path.relative_to(place)), (found.st_size, found.st_mtime_ns)


def changed(before: Seen, after: Seen) -> list[dict[str, object]]:
    """What is new or different, for the model and for people."""
    names = sorted(name for name, entry in after.items() if before.get(name) != entry)
    return [{"file": _shown(name), "bytes": after[name][0]} for name in names[:_TOLD]]


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
