"""edit_file: replaces one exact piece of text in a file, which is the very file that was judged and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools_app.builtin_tools import changes
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.read_file import decoded
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders, writing
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.paths import FileMissing

DEFINITION = ToolDefinition(
    name="edit_file",
    description=(
        "Replaces an exact piece of text in a text file by another one and returns the difference. Read the "
        "file first: the old text must be copied exactly, with its blanks and line breaks, and must occur only "
        "once, so take in as many lines around it as make it unique. The file must be UTF-8 text; its line "
        "endings and its rights stay as they are."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "description": "Path of the file to change, relative to the shared folder.",
                "minLength": 1,
                "maxLength": 1_024,
                "x-kind": "path",
                "x-access": "write",
            },
            "old_text": {
                "type": "string",
                "description": "The exact text to replace.",
                "minLength": 1,
                "maxLength": writing.MAX_WRITE_BYTES,
            },
            "new_text": {
                "type": "string",
                "description": "What to put in its place. Empty to delete the old text.",
                "maxLength": writing.MAX_WRITE_BYTES,
            },
            "replace_all": {
                "type": "boolean",
                "description": "Replace the text wherever it occurs, instead of once. Default: false.",
            },
        },
        "required": ["path", "old_text", "new_text"],
        "additionalProperties": False,
    },
    category="filesystem",
    examples=(
        {
            "input": {"path": "notes/todo.txt", "old_text": "Call Ana", "new_text": "Call Ana at 5"},
            "output": "Replaced 1 place in notes/todo.txt.",
        },
    ),
)


class CannotEdit(ToolFailed):
    """This edit does not fit the file."""

    code = "cannot_edit"
    status = 409


@dataclass(frozen=True, slots=True)
class Edit:
    before: str
    after: bytes
    places: int


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    with writing.held(str(arguments["path"]), target=work.targets.get("path")) as file:
        name = folders.shown(file.aim.relative)
        edit = _edited(file.octets, arguments)
        file.write(edit.after)
    places = "1 place" if edit.places == 1 else f"{edit.places} places"
    return ToolResult(
        text=f"Replaced {places} in {name}.\n{_difference(name, edit)}",
        data={"path": name, "places": edit.places, "bytes": len(edit.after)},
    )


def preview(work: Work, arguments: Mapping[str, Any]) -> str:
    aim = writing.aim_at(str(arguments["path"]))
    return _difference(folders.shown(aim.relative), _edited(aim.octets, arguments))


def _difference(name: str, edit: Edit) -> str:
    return changes.unified(name, edit.before, edit.after.decode("utf-8-sig"))


def _edited(octets: bytes | None, arguments: Mapping[str, Any]) -> Edit:
    if octets is None:
        raise FileMissing(f"There is no file {arguments['path']!r} that could be changed.")
    before, encoding = decoded(octets)
    if encoding != "utf-8":
        raise CannotEdit(f"This file is no UTF-8 text (it looks like {encoding}) and cannot be edited.")
    old, new = (_fitted(str(arguments[name]), octets) for name in ("old_text", "new_text"))
    if old == new:
        raise CannotEdit("The old and the new text are the same.")
    places = _places(octets, old, everywhere=arguments.get("replace_all") is True)
    after = octets.replace(old, new)
    if len(after) > writing.MAX_WRITE_BYTES:
        raise CannotEdit(f"The file would become larger than {writing.MAX_WRITE_BYTES} bytes.")
    return Edit(before, after, places)


def _fitted(text: str, octets: bytes) -> bytes:
    """With the line endings of the file, if all of them are CR LF: models write a bare LF."""
    written = text.encode()
    breaks = octets.count(b"\n")
    if breaks and octets.count(b"\r\n") == breaks:
        written = written.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return written


def _places(octets: bytes, old: bytes, *, everywhere: bool) -> int:
    first = octets.find(old)
    if first < 0:
        raise CannotEdit("The old text does not occur in the file. Read the file again and copy it exactly.")
    if everywhere:
        return octets.count(old)
    # From the next byte on, not from the end: of two that overlap nobody could say which one is meant.
    if octets.find(old, first + 1) >= 0:
        raise CannotEdit(
            "The old text occurs more than once. Take in more of the lines around it, or replace all of them."
        )
    return 1


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="✏️",
    is_dangerous=True,
    requires_approval=True,
    tags=("filesystem", "security-critical"),
    preview=preview,
)
