"""What an executor is told, what it returns, and its one method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tools_app.context import ToolContext


@dataclass(frozen=True, slots=True)
class Work:
    """What an executor is told of a Tool; no rows, so that it can be carried to another process.

    `targets` holds, by parameter name, the real file the gate judged: [relative, device, inode], or None.
    """

    name: str
    executor: str
    definition: Mapping[str, Any]
    settings: Mapping[str, Any]
    targets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The text goes to the model; the data is stored beside it, as JSON."""

    text: str
    data: Any = None


class Executor(Protocol):
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Do the work; raises ToolFailed with a sentence for the model, and nothing else."""
        ...

    def readiness(self, name: str) -> str:
        """Why a tool of this name cannot be carried out here, or "" if it can."""
        ...
