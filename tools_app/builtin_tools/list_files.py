"""list_files: the names in a folder beneath the installation's configured folders."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools import globs
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders
from tools_app.executors.base import ToolResult, Work

DEFAULT_NAMES = 500
MAX_NAMES = 2_000

DEFINITION = ToolDefinition(
    name="list_files",
    description=(
        "Lists the names in a folder: files with their size, folders with a slash, links marked as such. Only "
        "the folders opened for this installation can be listed; . is the whole shared folder. Links are shown "
        "and never followed. Use depth to look into folders within the folder, and pattern to see only some names."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "description": "Folder to list, relative to the shared folder, such as reports. A dot for all.",
                "minLength": 1,
                "maxLength": 1_024,
                "x-kind": "path",
                "x-access": "list",
            },
            "depth": {
                "type": "integer",
                "description": "How many levels of folders to look into. Default: 1, only the folder itself.",
                "minimum": 1,
                "maximum": folders.MAX_DEPTH,
            },
            "pattern": {
                "type": "string",
                "description": (
                    "Show only files of such a name, such as *.md, or of such a path, such as src/**/test_*.py."
                ),
                "minLength": 1,
                "maxLength": 200,
            },
            "limit": {
                "type": "integer",
                "description": f"How many names to show at most. Default: {DEFAULT_NAMES}.",
                "minimum": 1,
                "maximum": MAX_NAMES,
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    category="filesystem",
    examples=({"input": {"path": "notes"}, "output": "notes/old/\nnotes/todo.txt (20 bytes)"},),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    limit = int(arguments.get("limit") or DEFAULT_NAMES)
    pattern = globs.of_names(str(arguments["pattern"])) if arguments.get("pattern") else None
    with folders.opened(str(arguments["path"]), target=work.targets.get("path")) as place:
        if not place.is_folder:
            raise ToolFailed("This is a file, not a folder. Use read_file.", code="not_a_folder")
        walk = folders.Walk(place, depth=int(arguments.get("depth") or 1))
        lines = []
        for entry in walk:
            if pattern is None or (
                not entry.is_folder and pattern.search(folders.shown(entry.below).encode())
            ):
                lines.append(_line(entry))
            if len(lines) > limit:
                walk.stopped = f"There are more than {limit} names: this is only a part."
                break
    notes = walk.notes
    shown = lines[:limit] or ["[Nothing is there.]" if pattern is None else "[No file has such a name.]"]
    return ToolResult(
        text="\n".join([*shown, *(f"[{note}]" for note in notes)]),
        data={"path": folders.shown(place.relative), "names": lines[:limit], "complete": not notes},
    )


def _line(entry: folders.Entry) -> str:
    name = folders.shown(entry.relative)
    if entry.is_folder:
        return f"{name}/"
    if entry.is_file:
        return f"{name} ({entry.size} bytes)"
    # Where a link leads to is not told: it may name folders of the machine.
    return f"{name} ({_OTHERS.get(stat.S_IFMT(entry.mode), 'device')})"


_OTHERS = {stat.S_IFLNK: "link", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}

TOOL = BuiltinTool(definition=DEFINITION, run=run, icon="📂", idempotent=True, tags=("filesystem", "read"))
