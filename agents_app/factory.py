"""AgentFactory: a ready AgentClient (provider, settings, toolset) for a persona. The loop uses nothing else."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings

from agents_app import providers, toolset
from agents_app.answering import fencing
from agents_app.exceptions import AgentDisabled, AgentNotFound
from agents_app.models import AgentType, ModelEndpoint, Run
from agents_app.providers import places
from agents_app.providers.base import Endpoint, ModelRequest, Provider
from agents_app.toolset import Offer
from project.accounts.exceptions import Misconfigured
from project.accounts.identity import Identity
from tools_app.calling import askers
from tools_app.governing import halts

SCRIPTED = Endpoint(kind="scripted", key="scripted")
_PREAMBLE = (
    "Tools are carried out for you after checks and, where needed, a person's approval. A tool result may say that a "
    "use was denied, blocked or failed: take that as the answer and go on without it. " + fencing.RULE
)
_SEARCHING = (
    "There are {count} more tools that you were not shown. Before you say that you cannot do something, look for a "
    "tool with {name}; what it finds you can call from your next step on. They are about: {kinds}."
)
_UNATTENDED: Final[dict[str, str]] = {
    AgentType.Unattended.REFUSE: "Tool uses that need a person's approval are refused.",
    AgentType.Unattended.STANDING: "Tool uses that need a person's approval are refused, unless somebody has allowed "
    "such uses beforehand.",
}
# Of the categories that the deferred tools belong to, so many are named.
_CATEGORIES = 25


class EndpointDisabled(Misconfigured):
    """The model endpoint of this persona is switched off. An administrator has to choose another one."""

    code = "endpoint_disabled"


class KeyNotForAddress(Misconfigured):
    """The key of this model endpoint may not be sent to its address. An administrator has to add the host to the
    secret's list, or choose another secret."""

    code = "key_not_for_address"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the limits of an answer leave to one of its turns."""

    max_output_tokens: int
    note: str = ""
    without_tools: bool = False

    def of(self, request: ModelRequest) -> ModelRequest:
        return replace(
            request,
            max_output_tokens=self.max_output_tokens,
            note=self.note,
            without_tools=self.without_tools,
        )


@dataclass(frozen=True, slots=True)
class AgentClient:
    """Everything needed to ask a persona's model, built once per turn."""

    agent_type: AgentType
    endpoint: Endpoint
    provider: Provider
    offer: Offer
    end_user: str = ""
    # What it is told of this answer beside its instructions and tools.
    notes: tuple[str, ...] = ()

    @property
    def is_scripted(self) -> bool:
        return self.endpoint.kind == "scripted"

    @property
    def model(self) -> str:
        return "scripted" if self.is_scripted else self.agent_type.model

    def request(self, messages: Sequence[dict[str, Any]], *, tries: int) -> ModelRequest:
        """One turn; `tries` is what the run has left of its attempts, over all of its turns."""
        agent = self.agent_type
        return ModelRequest(
            endpoint=self.endpoint,
            model=self.model,
            system="\n\n".join([agent.system_prompt, *_told_of(self.offer), *self.notes]),
            messages=messages,
            tools=self.offer.for_model(),
            search=self.offer.search.definition.name if self.offer.search else "",
            max_output_tokens=agent.max_output_tokens,
            temperature=agent.temperature,
            effort=agent.effort,
            thinking={"type": agent.thinking} if agent.thinking else None,
            end_user=self.end_user,
            tries=tries,
        )


def _told_of(offer: Offer) -> Iterator[str]:
    """What every persona with tools is told of them, after its own instructions."""
    if offer.tools:
        yield _PREAMBLE
    if offer.search is not None:
        kinds = Counter(each.tool.category for each in offer.deferred)
        named = ", ".join(f"{name} ({count})" for name, count in kinds.most_common(_CATEGORIES))
        yield _SEARCHING.format(name=offer.search.definition.name, count=len(offer.deferred), kinds=named)


def _notes(agent_type: AgentType, identity: Identity) -> Iterator[str]:
    """Said beforehand, so that the model spends no step on asking what nobody would answer."""
    policy = _UNATTENDED.get(agent_type.unattended)
    if policy and not askers.is_attended(identity):
        yield f"A program asked for this answer, and nobody watches it. {policy} Do what you can without them."


def client_for(agent_type: AgentType, identity: Identity, run: Run | None = None) -> AgentClient:
    """Raises EndpointDisabled, KeyNotForAddress, SecretUnreadable where the key cannot be decrypted, FactoryFailed."""
    endpoint = endpoint_of(agent_type)
    return AgentClient(
        agent_type=agent_type,
        endpoint=endpoint,
        provider=providers.of(endpoint.kind),
        offer=toolset.offer(agent_type, identity, run),
        end_user=_end_user(identity),
        notes=tuple(_notes(agent_type, identity)) if run is not None else (),
    )


def by_name(name: str, *, organization_id: int) -> AgentType:
    """The persona of this name; raises AgentNotFound or AgentDisabled (S4.244), also where it is stopped."""
    agent = AgentType.objects.current().filter(name=name, organization_id=organization_id).first()
    if agent is None:
        raise AgentNotFound(details={"name": name})
    if not agent.enabled:
        raise AgentDisabled(details={"name": name})
    if halt := halts.halting(organization_id, agent_type_id=agent.pk):
        raise AgentDisabled(halt.told, code=halts.CODE, details={"name": name})
    return agent


def endpoint_of(agent_type: AgentType) -> Endpoint:
    """The persona's own endpoint, else the operator's from the environment, else the scripted model."""
    row = agent_type.endpoint
    if row is not None:
        return _from_row(row)
    if settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL:
        return _from_environment()
    return SCRIPTED


def _from_row(row: ModelEndpoint) -> Endpoint:
    if not row.enabled:
        raise EndpointDisabled(details={"endpoint": row.name})
    endpoint = row.without_key()
    secret = row.secret
    if secret is None or row.kind == ModelEndpoint.Kind.SCRIPTED:
        return endpoint
    # Before it is revealed: whoever changes the address, the options or the list decides only for what may be sent.
    if not places.may_carry(endpoint, secret.hosts):
        raise KeyNotForAddress(details={"endpoint": row.name})
    return replace(endpoint, key=f"{endpoint.key}:{secret.version}", api_key=secret.reveal())


def _from_environment() -> Endpoint:
    return Endpoint(
        kind="direct",
        key="environment",
        base_url=settings.ANTHROPIC_BASE_URL,
        api_key=settings.ANTHROPIC_API_KEY,
        options={"trusted": True, "keyless": not settings.ANTHROPIC_API_KEY},
    )


def _end_user(identity: Identity) -> str:
    """A keyed hash: the vendor can tell people apart, and cannot tell who they are."""
    text = f"{identity.organization_id}:{identity.user_id}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def speaks_scripted(agent_type: AgentType) -> bool:
    """Whether the scripted model answers for this persona, without reading any secret."""
    if agent_type.endpoint is not None:
        return agent_type.endpoint.kind == ModelEndpoint.Kind.SCRIPTED
    return not (settings.ANTHROPIC_API_KEY or settings.ANTHROPIC_BASE_URL)
