"""ToolContext: who is asking and which call this is. Never infrastructure: tools close over that."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import Any

# Called with (current, total, message); may return something to await.
ProgressCallback = Callable[[int, int, str], Any]

# Set by the server alone: a default of an agent or a key of a request never decides these (S3.93, S3.94).
SERVER_KEYS = frozenset(
    {
        "auditing_id",
        "auth_claims",
        "metadata",
        "org_id",
        "permissions",
        "request_id",
        "requested_by",
        "role",
        "roles",
        "session_id",
        "tenant_id",
        "user_id",
    }
)

# What a persona that acts under an identity of its own may say of itself; its organization is never its to say.
ACTING_KEYS = frozenset({"permissions", "role", "roles", "user_id"})


class MissingContextKey(KeyError):
    """A tool asked its context for a key that is not there.

    A KeyError for the tool; whoever runs the tool turns it, and no other one, into ToolContextError (S3.91).
    """

    def __init__(self, key: str, tool_name: str | None = None) -> None:
        super().__init__(key)
        self.key = key
        self.tool_name = tool_name


class Done:
    """Already over: may be awaited by an asynchronous tool and ignored by a synchronous one."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


@dataclass(slots=True)
class ToolContext:
    """Identity is read like a dictionary, out of `deps`; what a tool writes stays in its own call."""

    tool_name: str | None = None
    tool_call_id: str | None = None
    deps: dict[str, Any] = field(default_factory=dict)
    progress_callback: ProgressCallback | None = None

    def __post_init__(self) -> None:
        self.progress_callback = awaitable(self.progress_callback)

    def __getitem__(self, key: str) -> Any:
        if key not in self.deps:
            raise MissingContextKey(key, self.tool_name)
        return self.deps[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.deps[key] = value

    def __contains__(self, key: object) -> bool:
        return key in self.deps

    def __iter__(self) -> Iterator[str]:
        return iter(self.deps)

    def __len__(self) -> int:
        return len(self.deps)

    def __bool__(self) -> bool:
        """A context without a key is still a context; its length must not make it look absent (S3.104)."""
        return True

    def get(self, key: str, default: Any = None) -> Any:
        return self.deps.get(key, default)

    def keys(self) -> KeysView[str]:
        return self.deps.keys()

    def items(self) -> ItemsView[str, Any]:
        return self.deps.items()

    def values(self) -> ValuesView[Any]:
        return self.deps.values()

    def report_progress(self, current: int, total: int, message: str = "") -> Awaitable[None]:
        """Tell the person how far the tool is; the result may be awaited, and need not be."""
        if self.progress_callback is None:
            return Done()
        reported: Awaitable[None] = self.progress_callback(current, total, message)
        return reported

    def for_call(
        self, tool_name: str, tool_call_id: str, progress: ProgressCallback | None = None
    ) -> ToolContext:
        """A copy of its own for one call, so that nothing written by one tool reaches the next (S3.96)."""
        return ToolContext(
            tool_name=tool_name,
            tool_call_id=tool_call_id,
            deps=copied(self.deps),
            progress_callback=progress or self.progress_callback,
        )


def merged(agent_level: Mapping[str, Any] | None, run_level: Mapping[str, Any] | None) -> dict[str, Any]:
    """Join an agent's default context with a run's: shallow, the run wins, lists are replaced (S3.29-33)."""
    return {key: copied(value) for key, value in {**(agent_level or {}), **(run_level or {})}.items()}


def secured(context: Mapping[str, Any], server: Mapping[str, Any]) -> dict[str, Any]:
    """Apply what the server knows last; a server key it does not set is dropped, not believed (S3.94)."""
    ordinary = {key: value for key, value in context.items() if key not in SERVER_KEYS}
    return {key: copied(value) for key, value in {**ordinary, **server}.items()}


def acting(context: Mapping[str, Any] | None) -> dict[str, Any]:
    """The identity a persona's own context gives it, out of the keys it may set (S3.26-28)."""
    return {key: copied(value) for key, value in (context or {}).items() if key in ACTING_KEYS}


def require_identity(context: ToolContext | Mapping[str, Any], *keys: str) -> None:
    """Raise ValueError naming every key that the context lacks."""
    missing = [key for key in keys if key not in context]
    if missing:
        raise ValueError(f"Missing required identity: {', '.join(missing)}")


def awaitable(callback: ProgressCallback | None) -> ProgressCallback | None:
    """Make a plain callback usable from synchronous and asynchronous tools alike (S3.9)."""
    if callback is None or inspect.iscoroutinefunction(callback):
        return callback

    def report(current: int, total: int, message: str = "") -> Awaitable[None]:
        outcome = callback(current, total, message)
        return outcome if inspect.isawaitable(outcome) else Done()

    return report


def copied(value: Any) -> Any:
    """Copy containers all the way down and share the rest: a live object in `deps` cannot be copied."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    if isinstance(value, set):
        return set(value)
    return value
