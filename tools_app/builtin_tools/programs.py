"""What the tools that run programs have in common: the workspace they run in, and how an ending is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from tools_app.builtin_tools.network_settings import hosts
from tools_app.context import ToolContext
from tools_app.exceptions import ToolFailed
from tools_app.executors import sandbox, workspaces
from tools_app.executors.base import ToolResult, Work
from tools_app.executors.sandbox import Bind, Limits, Program, Ran
from tools_app.executors.sandbox.cells import ATTACHMENTS

DEFAULT_SECONDS = 60
TAGS = ("code", "security-critical")
# Said in each description, since a model cannot look it up.
SURROUNDINGS = (
    "It runs in a sandbox: without network (unless https hosts were granted, through https_proxy), the system "
    "read-only, in a folder of this conversation where files stay for the next use. Files the person attached are in "
    "attachments/, read-only. Time, memory, disk and output are limited, and whatever is still running at the end is "
    "ended."
)
TIMEOUT: Mapping[str, Any] = {
    "type": "integer",
    "description": f"Seconds after which it is ended. Default: {DEFAULT_SECONDS}; the installation may allow less.",
    "minimum": 1,
    "maximum": 3_600,
}
_CUT = {
    "time": ("timeout", "It was ended after {seconds} seconds, its time limit."),
    "memory": (
        "memory_limit",
        "It was ended because its processes together held more memory than is allowed.",
    ),
    "disk": (
        "disk_full",
        "It was ended because the workspace is full, or too deep to look through. Delete what is not needed.",
    ),
    "output": ("output_limit", "It was ended because it printed without end."),
}
_LAST_WORDS = 2_000


def run(words: tuple[str, ...], work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    """Run it in the conversation's workspace. A failing program is a result; one that had to be ended is not."""
    place = workspaces.of_conversation(context)
    before = workspaces.seen(place)
    limits = Limits.of(
        min(int(arguments.get("timeout_seconds", DEFAULT_SECONDS)), settings.SANDBOX_MAX_SECONDS)
    )
    program = Program(
        words,
        workspace=place,
        workspace_bytes=settings.WORKSPACE_MB * 2**20,
        binds=tuple(Bind(file.path, f"{ATTACHMENTS}/{file.name}") for file in work.attachments),
        wishes=((ATTACHMENTS, "attachments"),) if work.attachments else (),
        hosts=hosts(work.settings),
        limits=limits,
    )
    ran = sandbox.run(program, report=context.report_progress)
    if ran.cut:
        raise _ended(ran, limits)
    return _told(ran, workspaces.changed(before, workspaces.seen(place)))


def _ended(ran: Ran, limits: Limits) -> ToolFailed:
    code, sentence = _CUT[ran.cut]
    said = (ran.stdout + ran.stderr).strip()[-_LAST_WORDS:]
    last = f"\nThe end of what it printed:\n{said}" if said else ""
    return ToolFailed(sentence.format(seconds=round(limits.seconds)) + last, code=code)


def _told(ran: Ran, files: list[dict[str, object]]) -> ToolResult:
    parts = [ran.stdout.rstrip("\n")] if ran.stdout.strip() else []
    if ran.stderr.strip():
        parts.append(f"[printed as errors]\n{ran.stderr.rstrip()}")
    if files:
        parts.append(
            "[new or changed files] " + ", ".join(f"{file['file']} ({file['bytes']} bytes)" for file in files)
        )
    if ran.reached:
        parts.append(f"[connected to] {', '.join(ran.reached)}")
    parts.append(f"[{_ending(ran.code)}, {ran.seconds:.1f} s]")
    data = {
        "exit_code": ran.code,
        "stdout": ran.stdout,
        "stderr": ran.stderr,
        "seconds": round(ran.seconds, 3),
        "files": files,
    }
    return ToolResult("\n".join(parts), data)


def _ending(code: int) -> str:
    if code == 152:
        return "ended: it used up its processor time"
    return f"exit code {code}"
