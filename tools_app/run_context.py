"""What a factory is handed: the run it builds tools for, and the persona; and, as one value, all it depends on.

Values only. They are made out of rows further right, for the person who asks as the database has them now.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools_app.context import copied


@dataclass(frozen=True, slots=True)
class RunContext:
    """One answer being worked out. `user_id` is None where nobody is signed in; there is no stand-in (S0.48).

    `dependencies` is what tools find in their context too. Further fields are read like these five (S0.21).
    """

    run_id: str
    session_id: str
    user_id: str | None = None
    session_state: Mapping[str, Any] | None = None
    dependencies: Mapping[str, Any] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name == "more" or name not in self.more:
            raise AttributeError(f"the run context has no {name!r}")
        return self.more[name]

    def own(self) -> RunContext:
        """A copy whose mappings nobody else holds: what a factory writes into them reaches no other."""
        return RunContext(
            self.run_id,
            self.session_id,
            self.user_id,
            copied(self.session_state),
            copied(self.dependencies),
            copied(dict(self.more)),
        )


@dataclass(frozen=True, slots=True)
class Agent:
    """The persona, as factories are told of it."""

    id: int
    name: str
    display_name: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what a factory built is kept, and for whom: the settings of the persona (S0.29-41)."""

    enabled: bool = True
    key: str = "user"
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Binding:
    """One factory of one persona for one run, with everything its result depends on.

    `person` is who asks, "" for nobody. `personal` is what of that person a result may depend on: the version of
    their membership, role, permissions. `versions` are those of persona, tools and grants; `generations` the
    numbers that every clearing raises. All of it is part of the key under which a result is kept (S0.51, S0.53).
    """

    factory: str
    run: RunContext
    agent: Agent
    organization_id: int
    person: str = ""
    personal: tuple[Hashable, ...] = ()
    versions: tuple[Hashable, ...] = ()
    granted: frozenset[str] = frozenset()
    keeping: Keeping = Keeping()
    generations: tuple[tuple[str, int], ...] = ()
