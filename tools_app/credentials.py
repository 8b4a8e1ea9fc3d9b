"""Readings about the secrets a tool's configuration names: which there are, where they may go, what they hold.

Values are revealed to the worker alone, after the claim; everybody else learns names and versions.
"""

from __future__ import annotations

from collections.abc import Collection

from tools_app import executors
from tools_app.executors import Credential, Reach
from tools_app.models import Secret, Tool


def of(tool: Tool) -> dict[str, Credential]:
    """What the executor gets, by name; a name without a secret is left out, and the executor refuses."""
    return {
        secret.name: Credential(secret.reveal(), tuple(map(str, secret.hosts)))
        for secret in _named(tool).values()
    }


def versions(tool: Tool) -> dict[str, int]:
    return {name: secret.version for name, secret in _named(tool).items()}


def obstacles(tool: Tool, goal: Reach | None, *, awaited: Collection[str] = ()) -> list[str]:
    """Why the secrets that are named cannot be used, or not for a call to this place; for an administrator."""
    found = _named(tool)
    missing = [f"There is no secret {name!r}." for name in names(tool) if name not in {*found, *awaited}]
    if goal is None:
        return missing
    strangers = [name for name, secret in found.items() if not goal.url.is_listed(secret.hosts)]
    told = f"may not be sent to {goal.url.endpoint}: add it to the hosts of the secret first, with its value."
    return [*missing, *(f"The secret {name!r} {told}" for name in strangers)]


def users(secret: Secret) -> list[str]:
    """The names of the tools in use that need this secret."""
    tools = Tool.objects.current().filter(organization_id=secret.organization_id)
    return [tool.name for tool in tools if secret.name in names(tool)]


def names(tool: Tool) -> tuple[str, ...]:
    """The names of the secrets a tool needs, whether there are such secrets or not."""
    return executors.secrets(tool.executor, tool.configuration, tool.name)


def _named(tool: Tool) -> dict[str, Secret]:
    wanted = names(tool)
    if not wanted:
        return {}
    rows = Secret.objects.filter(organization_id=tool.organization_id, name__in=wanted)
    return {secret.name: secret for secret in rows}
