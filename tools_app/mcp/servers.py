"""The verbs of MCP servers: add one, change it, remove it, ask for a sync. None of them starts anything itself.

Who is spoken to is part of what was reviewed: a change of it holds all tools of the server back until the next sync has
been reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from audit_app import records
from project.accounts import identity as identities
from project.accounts.exceptions import Misconfigured, NotFound
from project.accounts.identity import Identity
from project.accounts.models import Organization
from project.accounts.roles import CATALOG_CHANGE
from tools_app import catalog, quarantine
from tools_app.cataloging import alike
from tools_app.exceptions import InvalidServer, ServerNameTaken, ToolFailed
from tools_app.executors import network
from tools_app.executors.mcp import launchers
from tools_app.executors.mcp.target import HTTP, STDIO, Auth, Target
from tools_app.models import McpServer, Secret, Tool

FIELDS: Final = (
    *("name", "prefix", "kind", "launcher", "url", "headers", "auth", "secret", "auth_name", "auth_issuer"),
    *("auth_scope", "timeout_seconds", "enabled"),
)
# A change of these is another server for all that anybody knows.
IDENTITY: Final = (
    *("kind", "launcher", "url", "headers", "auth", "secret", "auth_name", "auth_issuer", "auth_scope"),
)
CHANGED: Final = "How its MCP server is reached was changed. Sync the server and review its tools."
TAKEN: Final = "The operator has taken the launcher of this server away from this organization."
_PREFIX: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?\Z")
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_LONGEST_SECONDS: Final = 900
# A sync that has not ended after this long is another worker's to do.
_LOST: Final = timedelta(minutes=5)

Wrong = dict[str, list[str]]
_bells: list[Callable[[int], object]] = []


def add(given: Mapping[str, Any], *, by: Identity) -> McpServer:
    """Write a server down; nothing is started or asked. Raises InvalidServer or ServerNameTaken."""
    _require_right(by)
    _require_known(given)
    server = McpServer(organization_id=by.organization_id, created_by=by.display_name[:255], **given)
    _check(server)
    with transaction.atomic():
        _save(server)
        _record("mcp.added", server, by=by, facts={name: getattr(server, name) for name in IDENTITY})
    return server


def change(server: McpServer, changes: Mapping[str, Any], *, by: Identity) -> McpServer:
    """Change what is named. Whoever is spoken to changes, the tools are held back."""
    _require_right(by, server)
    _require_known(changes)
    with transaction.atomic():
        current = McpServer.objects.select_for_update().get(pk=server.pk)
        changed = sorted(name for name, value in changes.items() if getattr(current, name) != value)
        if "prefix" in changed:
            told = "This cannot be changed later: the names of its tools begin with it. Add another server."
            raise InvalidServer(details={"prefix": [told]})
        for name in changed:
            setattr(current, name, changes[name])
        _check(current)
        if changed:
            _save(current)
            now = {name: getattr(current, name) for name in changed}
            _record("mcp.changed", current, by=by, facts={"changed": changed, "now": now})
        if set(changed) & set(IDENTITY):
            for tool in current.tools.filter(archived_at__isnull=True, quarantine=""):
                quarantine.hold_back(tool, CHANGED, by=by)
    return current


def remove(server: McpServer, *, by: Identity) -> None:
    """Archive its tools and forget it."""
    _require_right(by, server)
    with transaction.atomic():
        current = McpServer.objects.select_for_update().get(pk=server.pk)
        for tool in current.tools.filter(archived_at__isnull=True):
            catalog.archive(tool, by=by)
        Tool.objects.filter(mcp_server=current).update(mcp_server=None)
        _record("mcp.removed", current, by=by, facts={})
        current.delete()


def ask_sync(server: McpServer, *, by: Identity) -> None:
    """Let a worker look what the server offers, after the commit."""
    _require_right(by, server)
    if not server.enabled:
        raise InvalidServer("This server is switched off. Switch it on first.")
    with transaction.atomic():
        McpServer.objects.filter(pk=server.pk).update(sync_asked_at=timezone.now())
        _record("mcp.sync_asked", server, by=by, facts={})
        transaction.on_commit(lambda: _ring(server.pk))
    server.refresh_from_db()


def hear_syncs(bell: Callable[[int], object]) -> None:
    """Tell who wakes a worker when a sync was asked for. What is not heard is rung again by the sweeper."""
    _bells[:] = [bell]


def _ring(server_id: int) -> None:
    for bell in _bells:
        bell(server_id)


def note_drift(server_id: int, organization_id: int) -> None:
    """A call has found the server changed: it is synced, unless that is under way already."""
    server = McpServer.objects.filter(pk=server_id, organization_id=organization_id, enabled=True).first()
    if server is not None and not server.is_syncing:
        ask_sync(server, by=identities.system(organization_id))


def claimed(server_id: int) -> McpServer | None:
    """The server, if its sync was asked for and is nobody else's; a worker that died in one loses it after a while."""
    now = timezone.now()
    free = (
        Q(sync_began_at__isnull=True)
        | Q(sync_began_at__lt=F("sync_asked_at"))
        | Q(sync_began_at__lt=now - _LOST)
    )
    waiting = McpServer.objects.awaiting_sync().filter(free, pk=server_id)
    return McpServer.objects.get(pk=server_id) if waiting.update(sync_began_at=now) else None


def overdue() -> Iterator[int]:
    """Syncs whose bell seems lost, or whose worker died."""
    late = timezone.now() - timedelta(seconds=settings.SWEEP_SECONDS)
    waiting = McpServer.objects.awaiting_sync().filter(sync_asked_at__lt=late)
    yield from waiting.order_by("pk").values_list("pk", flat=True)[:100]


def target(server: McpServer) -> Target:
    """How it is reached as the row and the operator's file stand now.

    Raises InvalidServer for a launcher that the operator has taken away from this organization since.
    """
    launcher = launchers.named(server.launcher) if server.kind == STDIO else None
    if launcher is not None and not launcher.is_for(server.organization.slug):
        raise InvalidServer(TAKEN)
    auth = None
    if server.kind == HTTP and server.auth != McpServer.Auth.NONE:
        auth = Auth(server.auth, server.secret, server.auth_name, server.auth_issuer, server.auth_scope)
    return Target(
        organization=server.organization_id,
        server=server.pk,
        name=server.name,
        kind=server.kind,
        launcher=server.launcher if server.kind == STDIO else "",
        launcher_hash=launcher.fingerprint if launcher else "",
        url=server.url if server.kind == HTTP else "",
        headers=server.headers if server.kind == HTTP else {},
        auth=auth,
        seconds=float(server.timeout_seconds),
    )


def offered_launchers(organization_id: int) -> list[str]:
    """The names of those this organization may use; none where the operator's file cannot be read."""
    slug = Organization.objects.values_list("slug", flat=True).get(pk=organization_id)
    try:
        return [each.name for each in launchers.known().values() if each.is_for(slug)]
    except Misconfigured:
        return []


def _require_right(by: Identity, server: McpServer | None = None) -> None:
    if not by.organization_id or (server is not None and server.organization_id != by.organization_id):
        raise NotFound
    if by.via != "system":
        by.require(CATALOG_CHANGE)


def _require_known(given: Mapping[str, Any]) -> None:
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise InvalidServer(details={name: ["There is no such field."] for name in unknown})


def _check(server: McpServer) -> None:
    wrong: Wrong = {}
    try:
        server.clean_fields(exclude=["organization"])
    except ValidationError as broken:
        wrong |= {name: list(messages) for name, messages in broken.message_dict.items()}
    if not _PREFIX.match(server.prefix or ""):
        wrong["prefix"] = ["Use 1 to 20 lower-case letters, digits or -, not at an end."]
    elif other := _looks_like(server):
        wrong["prefix"] = [f"This looks like {other}, the prefix of another server. Choose another one."]
    if not 1 <= (server.timeout_seconds or 0) <= _LONGEST_SECONDS:
        wrong["timeout_seconds"] = [f"Between 1 and {_LONGEST_SECONDS} seconds."]
    wrong |= _wrong_process(server) if server.kind == STDIO else _wrong_address(server)
    if wrong:
        raise InvalidServer(details=wrong)


def _looks_like(server: McpServer) -> str:
    others = McpServer.objects.filter(organization_id=server.organization_id).exclude(pk=server.pk)
    bone = alike.skeleton(server.prefix)
    return next(
        (each for each in others.values_list("prefix", flat=True) if alike.skeleton(each) == bone), ""
    )


def _wrong_process(server: McpServer) -> Wrong:
    """A tenant names a launcher and nothing more: what is started, with what, stands in the operator's file."""
    wrong: Wrong = {}
    names = offered_launchers(server.organization_id)
    if server.launcher not in names:
        listed = (
            f"Listed are: {', '.join(names)}."
            if names
            else "The operator has listed none for your organization."
        )
        wrong["launcher"] = [f"Choose a launcher of the operator of this installation. {listed}"]
    for name in ("url", "headers", "secret"):
        if getattr(server, name):
            wrong[name] = ["A program has none."]
    if server.auth != McpServer.Auth.NONE:
        wrong["auth"] = ["A program is not signed in to; the operator gives it what it needs."]
    return wrong


def _wrong_address(server: McpServer) -> Wrong:
    wrong: Wrong = {}
    if server.launcher:
        wrong["launcher"] = ["A server at an address is not started from here."]
    try:
        url = network.vet(server.url)
    except ToolFailed as refused:
        return {**wrong, "url": [refused.message]}
    if told := _wrong_headers(server.headers):
        wrong["headers"] = [told]
    return wrong | _wrong_auth(server, url)


def _wrong_headers(headers: Any) -> str:
    if not isinstance(headers, dict) or len(headers) > 50:
        return "This must be an object of at most 50 names and values."
    for name, value in headers.items():
        if not network.may_set_header(name) or name.lower().startswith("mcp-"):
            return f"The header {name[:60]!r} may not be set."
        if name.lower() in _CREDENTIALS:
            return f"{name} is a credential: keep it as a secret and choose how to sign in."
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or len(value) > 2_000:
            return f"The value of {name} must be one line of printable ASCII."
    return ""


def _wrong_auth(server: McpServer, url: network.Url) -> Wrong:
    if server.auth == McpServer.Auth.NONE:
        return {"secret": ["Say how the server is signed in to with it."]} if server.secret else {}
    wrong: Wrong = {}
    secret = Secret.objects.filter(organization_id=server.organization_id, name=server.secret).first()
    if secret is None:
        wrong["secret"] = ["There is no such secret."]
    elif not url.is_listed(secret.hosts):
        wrong["secret"] = [
            f"It may not be sent to {url.endpoint}: add it to its hosts first, with its value."
        ]
    if server.auth == McpServer.Auth.HEADER and not network.may_set_header(server.auth_name):
        wrong["auth_name"] = ["Which header carries the secret?"]
    if server.auth == McpServer.Auth.OAUTH:
        if not server.auth_name:
            wrong["auth_name"] = ["OAuth needs the client's id."]
        try:
            issuer = network.vet(server.auth_issuer)
        except ToolFailed as refused:
            return {**wrong, "auth_issuer": [refused.message]}
        if secret is not None and not issuer.is_listed(secret.hosts):
            told = f"The secret may not be sent to {issuer.endpoint}: add it to its hosts first."
            wrong["auth_issuer"] = [told]
    return wrong


def _save(server: McpServer) -> None:
    try:
        with transaction.atomic():
            server.save()
    except IntegrityError:
        raise ServerNameTaken(details={"name": server.name, "prefix": server.prefix}) from None


def _record(action: str, server: McpServer, *, by: Identity, facts: dict[str, Any]) -> None:
    subject = records.Subject("mcp_server", str(server.pk), server.name)
    records.record(action, by=by, subject=subject, facts=facts)
