"""The contract's two programmatic doors (S4.89-109), as coroutines over the house's sync verbs. Nothing else is here.

ToolsService speaks for one Identity, by default the house itself in the first organization.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import IntegrityError, transaction

from agents_app import factory, personas, toolset
from agents_app.exceptions import AgentNotFound, InvalidUsage
from agents_app.factory import AgentClient
from agents_app.granted import granting
from agents_app.models import AgentToolConfig, AgentType
from audit_app import records
from audit_app.models import ToolUsage
from project.accounts import identity as identities
from project.accounts.administrator import default_organization
from project.accounts.identity import Identity
from tools_app import catalog, facts, policy
from tools_app.calling.askers import Asked
from tools_app.exceptions import UnknownTool
from tools_app.models import Tool

_Self = TypeVar("_Self")
_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")
# The contract's methods take no reason; a version always has one.
_REASON: Final = "Through ToolsService"
_MORE: Final = frozenset({"tokens_used", "error_message", "reason", "tool_call_id", "run_id", "attempt"})


def _awaited(
    verb: Callable[Concatenate[_Self, _Given], _Answer],
) -> Callable[Concatenate[_Self, _Given], Coroutine[Any, Any, _Answer]]:
    """The one place where a sync verb becomes a coroutine; it runs in Django's own thread for the database."""

    @functools.wraps(verb)
    async def coroutine(self: _Self, *args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        return await sync_to_async(verb)(self, *args, **kwargs)

    return coroutine  # type: ignore[return-value]  # only the name of `self` differs


class ToolsService:
    def __init__(self, db: object = None, *, identity: Identity | None = None) -> None:
        """`db` is the contract's database session, which Django has no use for."""
        self._given = identity

    @property
    def identity(self) -> Identity:
        if self._given is None:
            self._given = identities.system(default_organization())
        return self._given

    @_awaited
    def get_tools_for_agent(
        self,
        agent_type_id: int,
        enabled_only: bool = True,  # noqa: FBT001, FBT002 - the contract's own signature
    ) -> list[dict[str, Any]]:
        """Definitions ready for a model client, in the order of the grants. Raises AgentNotFound."""
        agent = self._agent(agent_type_id)
        asking = None if self.identity.via == "system" else self.identity
        carried = toolset.of(agent, asking) if enabled_only else toolset.granted(agent)
        return [dict(each.for_model) for each in carried]

    @_awaited
    def get_tool_by_name(self, name: str) -> Tool | None:
        return Tool.objects.visible_to(self.identity).current().filter(name=name).first()

    @_awaited
    def register_tool(self, tool_def: Mapping[str, Any]) -> Tool:
        """Raises InvalidTool, OperatorOnly or ToolNameTaken."""
        return catalog.register(tool_def, by=self.identity, reason=_REASON)

    @_awaited
    def update_tool(self, tool_id: int, updates: Mapping[str, Any]) -> Tool:
        """Raises UnknownTool or InvalidTool."""
        return catalog.update(self._tool(tool_id), updates, by=self.identity, reason=_REASON)

    @_awaited
    def assign_tool_to_agent(
        self, agent_type_id: int, tool_id: int, config: AgentToolConfig | Mapping[str, Any] | None = None
    ) -> None:
        """Give a persona a tool. Raises AgentNotFound, UnknownTool or InvalidGrant."""
        wanted = _fields_of(config) if isinstance(config, AgentToolConfig) else config
        personas.grant(self._agent(agent_type_id), self._tool(tool_id), wanted, by=self.identity)

    @_awaited
    def check_tool_allowed(
        self, agent_type_id: int, tool_name: str, parameters: Mapping[str, Any] | None = None
    ) -> bool:
        """Ask the gate itself. True also where a person would have to approve; whatever is unreadable is False."""
        try:
            raw = json.dumps(dict(parameters or {}))
        except (TypeError, ValueError, RecursionError):
            return False
        who = self.identity
        asked = Asked(identity=who, organization_id=who.organization_id, agent_type_id=agent_type_id)
        found = facts.gather(tool_name, raw, asked)
        return not isinstance(found.decision(), policy.Refuse)

    @_awaited  # type: ignore[arg-type]  # the decorator cannot say that `self` has a name
    def audit_tool_usage(  # noqa: PLR0913, PLR0917 - the contract's own seven
        self,
        session_id: str,
        agent_type_id: int,
        tool_name: str,
        parameters: Mapping[str, Any] | None,
        result: Any,
        status: str,
        execution_time_ms: int,
        **more: Any,
    ) -> None:
        """Record a use that happened outside the house's own workers. Who and from where come from the identity.

        `more` may hold tokens_used, error_message, reason, tool_call_id, run_id, attempt. Raises InvalidUsage.
        """
        _require_usage(session_id, status, execution_time_ms, more)
        copied: dict[str, Any] = {
            name: more[name] for name in ("tool_call_id", "run_id", "attempt") if name in more
        }
        usage = records.Usage(
            organization_id=self.identity.organization_id,
            tool_name=tool_name[:255],
            parameters=dict(parameters or {}),
            copied={"session_id": session_id, **self._names(agent_type_id, tool_name), **copied},
        )
        ending: dict[str, Any] = {
            name: more[name] for name in ("tokens_used", "error_message", "reason") if name in more
        }
        ending |= {"status": status, "result": result, "execution_time_ms": execution_time_ms}
        try:
            with transaction.atomic():
                row = records.open_tool_usage(usage, by=self.identity)
                records.close_tool_usage(row.pk, **ending)
        except IntegrityError:
            raise InvalidUsage("This attempt of this call is recorded already.") from None

    def _agent(self, agent_type_id: int) -> AgentType:
        found = AgentType.objects.visible_to(self.identity).current().filter(pk=agent_type_id).first()
        if found is None:
            raise AgentNotFound("There is no persona of this id.", details={"id": agent_type_id})
        return found

    def _tool(self, tool_id: int) -> Tool:
        found = Tool.objects.visible_to(self.identity).current().filter(pk=tool_id).first()
        if found is None:
            raise UnknownTool("There is no tool of this id.", details={"id": tool_id})
        return found

    def _names(self, agent_type_id: int, tool_name: str) -> dict[str, Any]:
        """Names as they are now: a removed tool or persona is still recorded, by what was said of it (S4.246)."""
        agent = AgentType.objects.visible_to(self.identity).filter(pk=agent_type_id).first()
        tool = Tool.objects.visible_to(self.identity).filter(name=tool_name).first()
        return {
            "agent_type_id": agent_type_id,
            "agent_name": agent.display_name if agent else "",
            "tool_id": tool.pk if tool else None,
            "tool_version": tool.content_hash() if tool else "",
        }


class AgentFactory:
    def __init__(self, db: object = None, tools_service: ToolsService | None = None) -> None:
        self.tools_service = tools_service or ToolsService(db)

    @_awaited
    def create_agent_client(self, agent_type: str) -> AgentClient:
        """A client with everything a persona carries for the service's identity.

        Raises AgentNotFound, AgentDisabled or EndpointDisabled.
        """
        identity = self.tools_service.identity
        return factory.client_for(
            factory.by_name(agent_type, organization_id=identity.organization_id), identity
        )


def _fields_of(config: AgentToolConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in granting.FIELDS}


def _require_usage(session_id: str, status: str, milliseconds: object, more: Mapping[str, Any]) -> None:
    wrong: dict[str, list[str]] = {name: ["There is no such field."] for name in sorted(set(more) - _MORE)}
    if len(session_id) > 50:
        wrong["session_id"] = ["At most 50 characters."]
    if status not in ToolUsage.Status.values:
        wrong["status"] = [f"Use one of: {', '.join(ToolUsage.Status.values)}."]
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int) or milliseconds < 0:
        wrong["execution_time_ms"] = ["This must be a whole number, 0 or more."]
    if wrong:
        raise InvalidUsage(details=wrong)
