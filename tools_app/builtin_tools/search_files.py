"""search_files: the lines of text files beneath a folder that hold a text or match a regular expression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tools_app.builtin_tools import globs
from tools_app.builtin_tools.base import BuiltinTool
from tools_app.builtin_tools.read_file import decoded
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors import folders, paths
from tools_app.executors.base import ToolResult, Work

DEFAULT_HITS = 100
MAX_HITS = 500
MAX_FILE_BYTES = 5 * 2**20
MAX_TOTAL_BYTES = 200 * 2**20
SHOWN_CHARACTERS = 300
# One step of the search, after which the clock is looked at. A longer line is searched in parts.
_STEP = 65_536
_SKIPPED = {
    "binary_file": "are no text",
    "too_large": f"are larger than {MAX_FILE_BYTES} bytes",
    "path_refused": "may not be read",
}

DEFINITION = ToolDefinition(
    name="search_files",
    description=(
        "Searches the text files beneath a folder for a text or a regular expression and returns the lines "
        "with path and line number. Use it to find where something is, then read_file to see it in full. Only "
        "folders opened for this installation are searched; . is the whole shared folder. Binary and very large "
        "files are left out, and the result says so."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "path": {
                "type": "string",
                "description": "Folder or file to search, relative to the shared folder. A dot for all.",
                "minLength": 1,
                "maxLength": 1_024,
                "x-kind": "path",
                "x-access": "list",
            },
            "query": {
                "type": "string",
                "description": "What to look for, within one line.",
                "minLength": 1,
                "maxLength": 500,
            },
            "regex": {
                "type": "boolean",
                "description": "Whether the query is a regular expression (RE2 syntax). Default: false.",
            },
            "ignore_case": {
                "type": "boolean",
                "description": "Whether upper and lower case are the same. Default: false.",
            },
            "pattern": {
                "type": "string",
                "description": "Search only files of such a name, such as *.py, or path, such as src/**/*.py.",
                "minLength": 1,
                "maxLength": 200,
            },
            "limit": {
                "type": "integer",
                "description": f"How many lines to return at most. Default: {DEFAULT_HITS}.",
                "minimum": 1,
                "maximum": MAX_HITS,
            },
        },
        "required": ["path", "query"],
        "additionalProperties": False,
    },
    category="filesystem",
    examples=({"input": {"path": "notes", "query": "paint"}, "output": "notes/todo.txt:1: Buy paint"},),
)


@dataclass(slots=True)
class Search:
    """One search: what it looks for, what it has found, and what it left out."""

    wanted: Any
    names: Any
    walk: folders.Walk
    limit: int
    hits: list[dict[str, Any]] = field(default_factory=list)
    files: int = 0
    octets: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def over(self) -> bool:
        if len(self.hits) >= self.limit:
            self.walk.stopped = f"There may be more: only the first {self.limit} lines are shown."
        elif self.octets > MAX_TOTAL_BYTES:
            self.walk.stopped = f"More than {MAX_TOTAL_BYTES} bytes: this is only a part. Search less."
        return self.walk.is_over()

    def through_folder(self) -> None:
        for entry in self.walk:
            is_wanted = self.names is None or self.names.search(folders.shown(entry.below).encode())
            if entry.is_file and is_wanted:
                try:
                    octets = folders.read(entry, self.walk.place.root, max_bytes=MAX_FILE_BYTES)
                    self.through(entry.relative, octets)
                except ToolFailed as refused:
                    self.skipped[refused.code] += 1
            if self.over():
                return

    def through(self, relative: str, octets: bytes) -> None:
        text, _ = decoded(octets)
        self.files += 1
        self.octets += len(octets)
        with closing(_hits(self.wanted, text.encode())) as found:
            for hit in found:
                if hit is not None:
                    number, line = hit
                    self.hits.append({"path": folders.shown(relative), "line": number, "text": line})
                if self.over():
                    return

    def notes(self) -> list[str]:
        left_out = [
            f"{count} files {_SKIPPED.get(code, 'cannot be read')} and were not searched."
            for code, count in sorted(self.skipped.items())
        ]
        return [*self.walk.notes, *left_out]


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    wanted = globs.of_lines(
        str(arguments["query"]),
        is_regex=arguments.get("regex") is True,
        ignore_case=arguments.get("ignore_case") is True,
    )
    names = globs.of_names(str(arguments["pattern"])) if arguments.get("pattern") else None
    path, target = str(arguments["path"]), work.targets.get("path")
    with folders.opened(path, target=target) as place:
        search = Search(wanted, names, folders.Walk(place), int(arguments.get("limit") or DEFAULT_HITS))
        if place.is_folder:
            search.through_folder()
        else:
            search.through(place.relative, paths.read(path, max_bytes=MAX_FILE_BYTES, target=target).octets)
    notes, files = search.notes(), "1 file" if search.files == 1 else f"{search.files} files"
    lines = [f"{hit['path']}:{hit['line']}: {hit['text']}" for hit in search.hits]
    return ToolResult(
        text="\n".join([*(lines or [f"[Nothing found in {files}.]"]), *(f"[{note}]" for note in notes)]),
        data={"hits": search.hits, "files": search.files, "complete": not notes},
    )


def _hits(wanted: Any, text: bytes) -> Generator[tuple[int, str] | None, None, None]:
    """Line by line that holds it; None now and then, so that the one who asks may look at the clock."""
    at, number = 0, 1
    while at < len(text):
        step = text[at : _end_of_step(text, at)]
        place = 0
        while place < len(step) and (match := wanted.search(step, place)) is not None:
            start = match.start()
            if start == len(step) and step.endswith(b"\n"):
                break
            number += step.count(b"\n", place, start)
            end = step.find(b"\n", start)
            end = len(step) if end < 0 else end
            begin = step.rfind(b"\n", 0, start) + 1
            yield number, _cut(step[begin:end], start - begin)
            number += end < len(step)
            place = end + 1
        number += step.count(b"\n", place)
        at += len(step)
        yield None


def _end_of_step(text: bytes, at: int) -> int:
    """After the last whole line that fits into a step; within a line only if it is longer than a step."""
    if at + _STEP >= len(text):
        return len(text)
    return text.rfind(b"\n", at, at + _STEP) + 1 or at + _STEP


def _cut(line: bytes, at: int) -> str:
    """What stands around the hit, if the line is long."""
    start = max(0, at - SHOWN_CHARACTERS // 3)
    part = line[start : start + SHOWN_CHARACTERS].decode(errors="ignore").strip("\r\n")
    return f"{'…' if start else ''}{part}{'…' if start + SHOWN_CHARACTERS < len(line) else ''}"


TOOL = BuiltinTool(
    definition=DEFINITION,
    run=run,
    icon="🔦",
    is_dangerous=True,
    requires_approval=True,
    idempotent=True,
    tags=("filesystem", "read"),
)
