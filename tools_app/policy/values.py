"""What the gate may know, and what it may say. Values only: no database, no clock, no disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools_app.approving.deciders import Demand


@dataclass(frozen=True, slots=True)
class Source:
    """Whose rule it is: the layer, and its row there (of the installation the number of the rule in its file)."""

    layer: str
    id: int = 0
    name: str = ""

    def __str__(self) -> str:
        return f"{self.layer}:{self.id}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one rule of the installation, one of the organization, the tool or the grant says about a use.

    `allowed`, `denied` and `ask_when` are rules as `tools_app.rules` reads them; None has no opinion.
    """

    source: Source
    allowed: Any = None
    denied: Any = None
    ask_when: Any = None
    requires_approval: bool = False
    # No use at all, whatever the arguments.
    forbids: bool = False
    # What the model is told besides, when this layer refuses.
    message: str = ""
    defaults: Mapping[str, Any] | None = None
    fixed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolFacts:
    id: int
    name: str
    content_hash: str
    enabled: bool = True
    archived: bool = False
    # Why it is held back until an administrator has reviewed it; empty if it is not.
    quarantine: str = ""
    # Never published: a definition that is only being written.
    draft: bool = False
    same_organization: bool = True
    executor_ready: bool = True
    unready_reason: str = ""
    is_dangerous: bool = False
    requires_approval: bool = False
    # A use is a question to the person who asked, and needs their answer.
    asks_person: bool = False
    requires_auth: bool = False
    required_permissions: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    # The names of its parameters; None where it takes any.
    parameters: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What one persona may do with one tool, as the database has it at this moment."""

    id: int
    agent_type_id: int
    agent_name: str
    agent_hash: str
    agent_enabled: bool = True
    offered: bool = True
    may_use: bool = True
    forces_approval: bool = False
    waives_approval: bool = False
    usage_limit: int | None = None
    person_daily_limit: int | None = None
    daily_limit: int | None = None
    allowed: Any = None
    denied: Any = None
    # Values at which a person is asked; read as loosely as what is denied.
    ask_when: Any = None
    defaults: Mapping[str, Any] | None = None
    fixed: Mapping[str, Any] | None = None
    grant_hash: str = ""
    # What tools of this persona find in their context, and under which identity of its own it acts, if it may.
    context: Mapping[str, Any] = field(default_factory=dict)
    acts_as: Mapping[str, Any] = field(default_factory=dict)
    # The factories of the persona: they may bind what carries a tool out, and never allow one.
    factories: tuple[str, ...] = ()
    # What the persona and the grant ask of those who decide, beside what the tool and the organization ask.
    demands: tuple[Demand, ...] = ()
    # What becomes of a question where nobody is there: wait, refuse, standing.
    unattended: str = "wait"


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments after steps 0 to 5: parsed, filled, checked and canonical. `supplied` names came from the model."""

    arguments: Mapping[str, Any]
    supplied: frozenset[str] = frozenset()
    reserved: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    # What the installation itself forbids: files outside the roots, closed addresses.
    beyond: tuple[str, ...] = ()
    # Which of the tool's secrets is missing, or may not go where it would go; in words for an administrator.
    obstacles: tuple[str, ...] = ()
    # Other names of the files that are meant, by parameter; a deny rule looks at them too.
    also: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # What the engine makes of statements, by parameter: read, write or unreadable.
    sql: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's "from now on", still open by the database's clock: what a use must be like to need no question.

    `conditions` are read by `policy.standing` alone; `covers` are the reasons for asking it may stand in for.
    """

    id: int
    conditions: Any
    covers: frozenset[str] = frozenset()
    by: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """A limit of uses beyond that of a conversation, and how many of it are taken; `where` says of what."""

    code: str
    where: str
    most: int
    uses: int = 0
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Editor:
    """Somebody who changed the arguments after they were asked for: it must be let to them as well as to who asked.

    `may_decide`: whether they still have the right by which they changed them.
    """

    user_id: str
    name: str
    may_decide: bool = True
    permissions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything decide may know besides the call. `uses` are those counted so far in this conversation.

    `readable` is false where the rest could not be found out.
    """

    tool: ToolFacts | None
    grant: Grant | None
    requester_active: bool = True
    requester_signed_in: bool = True
    permissions: frozenset[str] = frozenset()
    # Whoever changed the arguments since, oldest first.
    editors: tuple[Editor, ...] = ()
    uses: int = 0
    used: tuple[Used, ...] = ()
    tainted: bool = False
    # What was read outside, private data and a way out come together.
    could_leak: bool = False
    # By name, the tools through which that private data is at hand.
    private: tuple[str, ...] = ()
    # What people have allowed this person and persona from now on with this tool, oldest first.
    standing: tuple[Standing, ...] = ()
    # Whether a person is there who asked, and not a program, a schedule or another persona.
    attended: bool = True
    # Which kill switch stops it, in words; empty if none does.
    halted: str = ""
    # Who must say yes where a person is asked, as each layer demands it: told to people, and decides nothing here.
    demands: tuple[Demand, ...] = ()
    readable: bool = True
    # What the installation, the organization and the tool say, from the widest to the narrowest; the grant comes last.
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True)
class Allow:
    """`standing` is the id of the "from now on" in whose place nobody is asked; the claim uses it up."""

    standing: int | None = None


@dataclass(frozen=True, slots=True)
class AskApproval:
    """`rules` are those of the reasons that are rules of a layer."""

    reasons: tuple[str, ...]
    rules: tuple[Source, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Refuse:
    """`code` is for programs and the record, `message` is written for the model, `rule` says whose word it is."""

    code: str
    message: str
    rule: Source | None = None
    # What whoever keeps the rules has to know besides.
    detail: str = field(default="", compare=False)


Decision = Allow | AskApproval | Refuse
# The reason that makes a question one to be answered, by the person who asked, instead of one to be allowed.
NEEDS_ANSWER: Final = "needs_answer"
# The reason where rules only advise, and nothing else keeps a command in bounds.
ONLY_ADVISED: Final = "only_advised"
UNREADABLE: Final = Refuse(
    "policy_error", "The rules for this tool cannot be evaluated. An administrator has to mend them."
)
# As above for the rules, but it is the call that brings too much.
TOO_MUCH: Final = Refuse(
    UNREADABLE.code,
    "There is more in these arguments than the rules can be held against in good time. Ask for less at once.",
)
