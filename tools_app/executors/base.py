"""What an executor is told, what it returns, and its methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tools_app.approving.answers import Form
from tools_app.context import ToolContext
from tools_app.executors import network
from tools_app.run_context import Binding


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret as a worker holds it for one call: its value, and the hosts it may be sent to."""

    value: str = field(repr=False)
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the conversation that a tool may read: its name there, and where its content is."""

    name: str
    path: Path
    size: int
    media_type: str


class Judge(Protocol):
    """The rules of the grant for one more value of a parameter, such as the address another one redirects to."""

    def __call__(self, parameter: str, value: str, /) -> str:
        """Why this value is forbidden, for the model, or ""."""
        ...

    def address(self, parameter: str, address: str, named: str, /) -> str:
        """The same for an address of the network that the host in `named` stands for."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What an executor is told of a Tool; no rows, so that it can be carried to another process.

    `targets` holds, by parameter name, the real file the gate judged: [relative, device, inode], with the
    hash of its content where it is to be changed; or None.
    `credentials` holds the secrets its configuration names, and shows in no representation.
    `attachments` are the files of the conversation, for tools that take files.
    `judge` is asked about addresses that nobody has judged yet.
    `answer` is what the person answered, where the use is a question to them.
    """

    name: str
    executor: str
    definition: Mapping[str, Any]
    settings: Mapping[str, Any]
    targets: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)
    # The factories of the persona that this call needs, with everything they depend on.
    bindings: tuple[Binding, ...] = ()
    is_idempotent: bool = False
    judge: Judge | None = None
    attachments: tuple[Attached, ...] = ()
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The text goes to the model; the data is stored beside it, as JSON.

    `blocks` say more than a text can, in the form of the Messages API, to models that understand them: a
    `tool_reference` or a `search_result` then stands for the text, an `image` beside it. The text must do alone.
    """

    text: str
    data: Any = None
    blocks: Sequence[Mapping[str, Any]] = ()


class Executor(Protocol):
    def execute(self, work: Work, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        """Do the work; raises ToolFailed with a sentence for the model, and nothing else."""
        ...

    def readiness(self, name: str) -> str:
        """Why a tool of this name cannot be carried out here, or "" if it can."""
        ...


@runtime_checkable
class Configured(Protocol):
    """An executor whose tools carry a configuration of their own, which says where a call goes."""

    def unready(self, settings: Mapping[str, Any]) -> str:
        """Why nothing can be carried out under this configuration, or "" if it can; asked often, so cheap."""
        ...

    def problems(self, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
        """Everything wrong with a configuration somebody wants to save for a tool with these parameters."""
        ...

    def secrets(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the secrets it needs."""
        ...

    def reach(self, settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Reach | None:
        """What this call reaches; None if nothing outside. Raises ToolFailed where it may not."""
        ...

    def lasting_reach(self, settings: Mapping[str, Any]) -> Reach | None:
        """What every call reaches, whatever its arguments; None if they decide."""
        ...


class ByTool:
    """An executor whose tools are configured each in its own way, or not at all."""

    def configured(self, tool_name: str) -> Configured | None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a call goes: as a person is shown it, and the address by which its secrets are judged."""

    shown: str
    url: network.Url


@runtime_checkable
class Asking(Protocol):
    """An executor some of whose tools are questions to the person who asked."""

    def asks(self, name: str) -> bool:
        """Whether a use of the tool of this name is such a question."""
        ...

    def form(self, name: str, arguments: Mapping[str, Any]) -> Form:
        """What the person is asked by a use with these arguments."""
        ...


@runtime_checkable
class Personal(Protocol):
    """An executor some of whose tools act for the person who asked: with what is theirs, or told who they are."""

    def acts_for_person(self, name: str, settings: Mapping[str, Any]) -> bool:
        """Whether the tool of this name is such a one: the same arguments do another thing for somebody else."""
        ...


@runtime_checkable
class Foretelling(Protocol):
    """An executor that can say beforehand what a use would change."""

    def preview(self, work: Work, arguments: Mapping[str, Any]) -> str:
        """Text for the person who is asked, or ""; changes nothing itself."""
        ...


@runtime_checkable
class Reviewed(Protocol):
    """An executor of tools that somebody else describes: they are used as they were reviewed, or not at all."""

    def drift(self, settings: Mapping[str, Any]) -> str:
        """Why it would not be what was reviewed, or ""; asked at every decision, so cheap."""
        ...
