"""read_file: shows the lines of a text file beneath the installation's configured folders."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import paths
from tools_app.executors.base import ToolResult, Work

DEFAULT_LINES = 1_000
MAX_LINES = 5_000

DEFINITION = ToolDefinition(
    name="read_file",
    description=(
        "Reads a text file and returns its lines as they are. Only files inside the folders opened for this "
        "installation can be read; give the path relative to them. Long files are read in parts: the result "
        "says where to go on. Images and other binary files cannot be read."
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
            },
            "offset": {
                "type": "integer",
                "description": "First line to return; lines are counted from 1. Default: 1.",
                "minimum": 1,
            },
            "limit": {
                "type": "integer",
                "description": f"How many lines to return at most. Default: {DEFAULT_LINES}.",
                "minimum": 1,
                "maximum": MAX_LINES,
            },
        },
        "required": ["path"],
        "additionalProperties": False,
    },
    category="filesystem",
    examples=({"input": {"path": "notes/todo.txt", "limit": 2}, "output": "Buy paint\nCall Ana\n"},),
)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    path = str(arguments["path"])
    content = paths.read(path, target=work.targets.get("path"))
    text, encoding = decoded(content.octets)
    lines = text.splitlines(keepends=True)
    first = int(arguments.get("offset") or 1)
    last = min(first - 1 + int(arguments.get("limit") or DEFAULT_LINES), len(lines))
    return ToolResult(
        text=_shown(lines, first, last),
        data={
            "path": content.identity.relative,
            "encoding": encoding,
            "bytes": content.identity.size,
            "lines": len(lines),
            "first": first,
            "last": last,
        },
    )


def decoded(octets: bytes) -> tuple[str, str]:
    """Text and the name of its encoding; raises ToolFailed for what is not text."""
    for mark, encoding in _MARKS:
        if octets.startswith(mark):
            return octets.decode(encoding, errors="replace"), encoding.removesuffix("-sig")
    if _looks_binary(octets):
        raise ToolFailed("This is a binary file, and only text can be read.", code="binary_file")
    try:
        return octets.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        # Every byte means something in this family; what it leaves open becomes a visible mark.
        return octets.decode("cp1252", errors="replace"), "cp1252"


def _looks_binary(octets: bytes) -> bool:
    sample = octets[:65_536]
    control = sum(octet in _CONTROL for octet in sample)
    return b"\x00" in octets or control * 50 > len(sample)


def _shown(lines: list[str], first: int, last: int) -> str:
    if not lines:
        return "[The file is empty.]"
    if first > len(lines):
        return f"[The file ends before line {first}: it has {len(lines)} lines.]"
    text = "".join(lines[first - 1 : last])
    if last == len(lines) and first == 1:
        return text
    more = f" Go on with offset {last + 1}." if last < len(lines) else ""
    return f"{text.rstrip(chr(10))}\n[Lines {first} to {last} of {len(lines)}.{more}]"


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="📄",
    is_dangerous=True,
    requires_approval=True,
    tags=("filesystem", "read"),
)
