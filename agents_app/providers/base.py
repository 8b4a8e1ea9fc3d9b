"""What a Provider is given and what it answers with; values only, no vendor."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers. `options`: `trusted` (the operator's own, may be local), `region`, `project_id`,
    `resource`, `keyless`, and the limits of `limits.py`. `max_connections`: streams at once in one process; 0 for any
    number."""

    kind: str
    key: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    max_connections: int = 0


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One turn asked of a model; messages and tools in the form of the Messages API.

    Tools marked `defer_loading` are not to be read before they were found with the tool named `search` (`fitting.py`).
    `tries` is what the run has left of its attempts: the caller subtracts every `Pausing` it saw.
    """

    endpoint: Endpoint
    model: str
    system: str
    messages: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]] = ()
    search: str = ""
    max_output_tokens: int = 4096
    temperature: float | None = None
    effort: str = ""
    thinking: Mapping[str, Any] | None = None
    end_user: str = ""
    tries: int = 5
    # Said after everything else of the system's text: it changes from turn to turn, and what is before it is cached.
    note: str = ""
    # The tools stay in sight, as the conversation has used them; none of them may be used any more.
    without_tools: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextPiece:
    text: str


@dataclass(frozen=True, slots=True)
class ThinkingPiece:
    text: str


@dataclass(frozen=True, slots=True)
class Pausing:
    """Nothing came yet; the provider waits `seconds` before its next attempt, whose number is `attempt`."""

    seconds: float
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A finished request for a tool; `arguments` is the raw JSON text, to be parsed strictly by whoever runs
    it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """`content` is what the next request repeats as the assistant's turn."""

    stop_reason: str
    content: list[dict[str, Any]]
    usage: Usage
    request_id: str
    model: str


ModelEvent = TextPiece | ThinkingPiece | Pausing | ToolUse | TurnEnded


class Provider(Protocol):
    """Speaks to one kind of endpoint.

    `stream` is an async generator to be read to its end or closed (`contextlib.aclosing`); cancelling the
    reading task closes the connection at once. It ends with exactly one TurnEnded, ToolUse events just
    before, or raises a ProviderError.
    """

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]: ...
