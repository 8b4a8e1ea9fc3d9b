"""MCP servers: how each is reached, what its last sync found, and the review of what it describes."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from audit_app.audited_admin import ByVerbs, Verb, VerbForm, identity_of
from project.accounts.identity import Identity
from project.accounts.roles import CATALOG_CHANGE
from tools_app.admin import differing
from tools_app.approving.visible import visible_text
from tools_app.exceptions import ReviewChanged, SyncFailed
from tools_app.mcp import review, servers
from tools_app.models import McpServer, Secret, Tool

# How long a page waits for a worker, before it says that the answer comes later.
_PATIENCE: Final = 10.0
_SEEN: Final = "seen-"
_SHOWN_AT_ONCE: Final = 50


class McpServerForm(VerbForm):
    launcher = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    secret = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = McpServer
        fields = list(servers.FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = servers.offered_launchers(self.identity.organization_id)
        secrets = Secret.objects.visible_to(self.identity).values_list("name", flat=True)
        self._choose("launcher", names, "A program the operator of this installation has listed.")
        self._choose(
            "secret", list(secrets), "Its own list of hosts must name the server's, and the issuer's."
        )

    def _choose(self, name: str, choices: list[str], help_text: str) -> None:
        if name not in self.fields:
            return
        field: Any = self.fields[name]
        # What is chosen already stays to be seen, even if it is not offered any more.
        known = dict.fromkeys([*choices, *filter(None, [getattr(self.instance, name)])])
        field.choices = [("", "None" if choices else "There is none"), *((each, each) for each in known)]
        field.help_text = help_text

    def perform(self) -> McpServer:
        given = {name: value for name, value in self.cleaned_data.items() if name in servers.FIELDS}
        given["headers"] = given.get("headers") or {}
        if self.instance.pk:
            return servers.change(self.instance, given, by=self.identity)
        return servers.add(given, by=self.identity)


def _sync(server: McpServer, by: Identity, _: dict[str, str]) -> str:
    """Ask, and wait a little for the worker: most servers answer within a second or two."""
    servers.ask_sync(server, by=by)
    until = time.monotonic() + _PATIENCE
    while server.is_syncing and time.monotonic() < until:
        time.sleep(0.2)
        server.refresh_from_db()
    if server.is_syncing:
        return "A worker asks the server. Reload this page in a moment."
    if server.last_error:
        raise SyncFailed(server.last_error.partition("\n")[0])
    waiting = review.pending(server).count()
    return f"Synced. {waiting} tools wait for a review." if waiting else "Synced. Nothing waits for a review."


def _remove(server: McpServer, by: Identity, _: dict[str, str]) -> str:
    servers.remove(server, by=by)
    return f"{server.name} is removed; its tools are archived, or deleted if they were never used."


def _accept(server: McpServer, by: Identity, given: dict[str, str]) -> str:
    """Every tool whose mark was sent: one of them, or all that were shown."""
    taken = [review.accept(_tool(server, key), seen=seen, by=by) for key, seen in _marks(given)]
    names = ", ".join(tool.name for tool in taken[:5]) + (" and others" if len(taken) > 5 else "")
    return f"Accepted: {names}."


def _reject(server: McpServer, by: Identity, given: dict[str, str]) -> str:
    names = [review.reject(_tool(server, key), seen=seen, by=by).name for key, seen in _marks(given)]
    return f"Rejected: {', '.join(names)}."


def _marks(given: dict[str, str]) -> list[tuple[str, str]]:
    found = [(name.removeprefix(_SEEN), seen) for name, seen in given.items() if name.startswith(_SEEN)]
    if not found:
        raise ReviewChanged
    return found


def _tool(server: McpServer, key: str) -> Tool:
    found = server.tools.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None
    if found is None:
        raise ReviewChanged
    return found


def _may(_: McpServer, identity: Identity) -> bool:
    return identity.may(CATALOG_CHANGE)


def _never(_: McpServer, identity: Identity) -> bool:
    """Its buttons stand beside what they are about, not among the others."""
    return False


@admin.register(McpServer)
class McpServerAdmin(ByVerbs):
    about_rows = "A server that brings its own tools; a person looks at each before a persona may use it."
    to_view = to_change = (CATALOG_CHANGE,)
    form = McpServerForm
    settled = ("prefix",)
    list_display = ["shown_name", "state", "tool_count", "review_count", "synced_at"]
    list_display_links = ["shown_name"]
    list_filter = ["kind", "enabled"]
    search_fields = ["name", "prefix", "url", "launcher"]
    change_form_outer_before_template = "admin/toolroom/mcp_server.html"
    conditional_fields = {
        "launcher": "kind == 'stdio'",
        "url": "kind == 'http'",
        "headers": "kind == 'http'",
        "auth": "kind == 'http'",
        "secret": "kind == 'http' && auth != 'none'",
        "auth_name": "kind == 'http' && (auth == 'header' || auth == 'oauth')",
        "auth_issuer": "kind == 'http' && auth == 'oauth'",
        "auth_scope": "kind == 'http' && auth == 'oauth'",
    }
    fieldsets = [
        (None, {"fields": ["name", "prefix", "enabled"]}),
        (
            "How it is reached",
            {
                "fields": [
                    *("kind", "launcher", "url", "headers"),
                    *("auth", "secret", "auth_name", "auth_issuer", "auth_scope"),
                ],
                "description": "Saving starts nothing and asks nobody. A change here holds all its tools back until "
                "they have been reviewed again.",
            },
        ),
        ("Limits", {"fields": ["timeout_seconds"]}),
    ]
    verbs = (
        Verb(
            "sync",
            "Sync now",
            "A worker starts the program or asks the address, and brings the tools in line.",
            _sync,
            possible=lambda server, identity: server.enabled and identity.may(CATALOG_CHANGE),
        ),
        Verb("remove", "Remove", "Its tools are archived.", _remove, possible=_may, dangerous=True),
        Verb("accept", "Accept", "", _accept, possible=_never),
        Verb("reject", "Reject", "", _reject, possible=_never),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.counted()  # type: ignore[attr-defined,no-any-return]

    @display(description="server", ordering="name", header=True)
    def shown_name(self, server: McpServer) -> list[str]:
        return [
            server.name,
            server.url if server.kind == McpServer.Kind.HTTP else f"launcher {server.launcher}",
        ]

    @display(
        description="state",
        label={"off": "warning", "failed": "danger", "busy": "info", "new": "info", "on": "success"},
    )
    def state(self, server: McpServer) -> tuple[str, str]:
        if not server.enabled:
            return "off", "Off"
        if server.is_syncing:
            return "busy", "Syncing"
        if server.last_error:
            return "failed", "Last sync failed"
        return ("on", "On") if server.synced_at else ("new", "Not synced yet")

    @display(description="tools", ordering="tool_count")
    def tool_count(self, server: Any) -> int:
        return int(server.tool_count)

    @display(description="to review", ordering="review_count", label=True)
    def review_count(self, server: Any) -> str:
        return str(server.review_count) if server.review_count else ""

    def page_context(self, request: HttpRequest, obj: McpServer) -> dict[str, Any]:
        identity = identity_of(request)
        waiting = [found for found in (review.of(tool) for tool in review.pending(obj)) if found is not None]
        held = review.pending(obj).exclude(pk__in=[found.tool.pk for found in waiting])
        reviews = [_shown(found, identity) for found in waiting[:_SHOWN_AT_ONCE]]
        return {
            **super().page_context(request, obj),
            "reviews": reviews,
            "more_reviews": len(waiting) - len(reviews),
            "new_ones": [each for each in reviews if each["is_new"]],
            "held": list(held[:_SHOWN_AT_ONCE]),
            "tools": list(obj.tools.filter(archived_at__isnull=True, quarantine="").order_by("name")[:500]),
        }


def _shown(found: review.Review, identity: Identity) -> dict[str, Any]:
    """Of a new tool what its server says, not the dozen columns that are the same for all new ones."""
    row = {"tool": found.tool, "is_new": found.is_new, "seen": found.seen}
    if not found.is_new:
        strays = differing.astray(found.wanted, found.tool)
        return {**row, "rows": differing.shown(found.fields, identity), "strays": strays}
    parameters = json.dumps(found.tool.input_schema.get("properties") or {}, indent=2, ensure_ascii=False)
    names = ", ".join(map(visible_text, found.tool.input_schema.get("properties") or {}))
    said = {"description": visible_text(found.tool.description), "names": names or "none"}
    return {
        **row,
        **said,
        "wire_name": visible_text(found.tool.configuration["tool"]),
        "parameters": visible_text(parameters),
    }
