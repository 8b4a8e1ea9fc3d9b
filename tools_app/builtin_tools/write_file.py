"""write_file: makes a text file, or puts a new content in the place of the whole old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools import changes
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.read_file import decoded
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders, paths, writing
from tools_app.executors.base import ToolResult, Work

DEFINITION = ToolDefinition(
    name="write_file",
    description=(
        "Writes a whole text file: a new one, or in the place of one that exists, whose old content is then "
        "gone. To change a part of a file use edit_file instead. The text is stored as UTF-8, exactly as given. "
        "Folders on the way must exist, unless create_parents is true."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "description": "Path of the file, relative to the shared folder, such as reports/2026.md.",
                "minLength": 1,
                "maxLength": 1_024,
                "x-kind": "path",
                "x-access": "write",
            },
            "content": {
                "type": "string",
                "description": "The whole text of the file. End it with a line break.",
                "maxLength": writing.MAX_WRITE_BYTES,
            },
            "create_parents": {
                "type": "boolean",
                "description": "Make the folders on the way that are missing. Default: false.",
            },
        },
        "required": ["path", "content"],
        "additionalProperties": False,
    },
    category="filesystem",
    examples=(
        {
            "input": {"path": "notes/new.txt", "content": "Buy paint\n"},
            "output": "Made notes/new.txt: 10 bytes.",
        },
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    octets = _octets(arguments)
    parents = arguments.get("create_parents") is True
    target = work.targets.get("path")
    with writing.held(str(arguments["path"]), target=target, create_parents=parents) as file:
        name, old = folders.shown(file.aim.relative), file.octets
        file.write(octets)
    done = f"Made {name}" if old is None else f"Wrote {name} anew"
    return ToolResult(
        text=f"{done}: {len(octets)} bytes.",
        data={"path": name, "created": old is None, "bytes": len(octets)},
    )


def preview(work: Work, arguments: Mapping[str, Any]) -> str:
    octets, aim = _octets(arguments), writing.aim_at(str(arguments["path"]))
    if aim.new_folders and arguments.get("create_parents") is not True:
        raise paths.FileMissing("The folder for this file does not exist.")
    name = folders.shown(aim.relative)
    if aim.octets is None:
        return "\n".join([*_made(aim.new_folders), changes.unified(name, None, octets.decode())])
    try:
        before, encoding = decoded(aim.octets)
    except ToolFailed:
        return f"{name}: a binary file of {len(aim.octets)} bytes is replaced by this text."
    if encoding != "utf-8":
        return f"{name}: a file of {len(aim.octets)} bytes ({encoding}) is replaced by this text, as UTF-8."
    return changes.unified(name, before, octets.decode()) or f"{name}: the text stays the same."


def _made(new_folders: list[str]) -> list[str]:
    return [f"New folders: {'/'.join(map(folders.shown, new_folders))}"] if new_folders else []


def _octets(arguments: Mapping[str, Any]) -> bytes:
    octets = str(arguments["content"]).encode("utf-8", "backslashreplace")
    if len(octets) > writing.MAX_WRITE_BYTES:
        raise paths.too_large(len(octets), writing.MAX_WRITE_BYTES)
    return octets


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="📝",
    is_dangerous=True,
    requires_approval=True,
    tags=("filesystem", "security-critical"),
    preview=preview,
)
