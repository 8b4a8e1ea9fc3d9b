"""current_time: the date and time now, in a time zone the model names."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

from tools_app.builtin_tools.base import BuiltinTool
from tools_app.context import ToolContext
from tools_app.definition import ToolDefinition
from tools_app.exceptions import ToolFailed
from tools_app.executors.base import ToolResult, Work

DEFINITION = ToolDefinition(
    name="current_time",
    description=(
        "Tells the current date, weekday and time. Use it whenever the answer depends on what day or time it "
        "is now; you do not know that by yourself. Without a time zone it answers in UTC."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "timezone": {
                "type": "string",
                "description": "IANA name of a zone, such as Europe/Berlin or Asia/Tokyo. Default: UTC.",
                "maxLength": 64,
            }
        },
        "required": [],
        "additionalProperties": False,
    },
    category="time",
    examples=(
        {
            "input": {"timezone": "Europe/Berlin"},
            "output": "2026-11-21T09:30:00+01:00 (Saturday, Europe/Berlin)",
        },
        {"input": {}, "output": "2026-11-21T08:30:00+00:00 (Saturday, UTC)"},
    ),
)


def run(work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    name = str(arguments.get("timezone") or "UTC").strip() or "UTC"
    now = datetime.now(UTC).astimezone(_zone(name)).replace(microsecond=0)
    return ToolResult(
        text=f"{now.isoformat()} ({now:%A}, {name})",
        data={
            "iso": now.isoformat(),
            "date": f"{now:%Y-%m-%d}",
            "time": f"{now:%H:%M:%S}",
            "weekday": f"{now:%A}",
            "timezone": name,
            "unix": int(now.timestamp()),
        },
    )


def _zone(name: str) -> tzinfo:
    """A name may lead to a folder or a file that is no zone; each of these fails in its own way."""
    if name in ("UTC", "Z"):
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ToolFailed(
            f"There is no time zone {name[:64]!r}.{_advice(name)}", code="unknown_timezone"
        ) from unknown


def _advice(name: str) -> str:
    known = _known()
    wanted = name.strip().replace(" ", "_").casefold()
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.7)
    return (
        f" Did you mean {' or '.join(known[key] for key in near)}?"
        if near
        else " Use a name such as Europe/Paris."
    )


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """Every zone under its whole name and under its city alone."""
    zones = sorted(zoneinfo.available_timezones())
    return {zone.rpartition("/")[2].casefold(): zone for zone in zones} | {
        zone.casefold(): zone for zone in zones
    }


TOOL = BuiltinTool(definition=DEFINITION, run=run, icon="🕒", idempotent=True, tags=("time",))
