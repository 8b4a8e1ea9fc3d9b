"""Sync: what a server offers now against the rows there are. New and changed tools are held back for a review.

Talking comes first and holds no transaction; each tool is then written in one of its own, so that one that cannot be
adopted keeps no other one out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from audit_app import records
from audit_app.redaction import storable
from project.accounts import identity as identities
from project.accounts import pooled
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from tools_app import catalog, quarantine
from tools_app.cataloging import alike, drafts
from tools_app.exceptions import ToolFailed
from tools_app.executors import Credential
from tools_app.executors import mcp as protocol
from tools_app.executors.mcp.target import Target
from tools_app.governing import halts
from tools_app.mcp import adoption, servers
from tools_app.mcp.adoption import Adopted, LeftOut
from tools_app.models import McpServer, Secret, Tool, ToolDraft

if TYPE_CHECKING:
    from tools_app.executors.mcp.listing import Listing, Remote

log = logging.getLogger(__name__)

NEW: Final = "It is new on its MCP server and nobody has looked at it yet."
CHANGED: Final = "Its MCP server describes it differently than when it was reviewed."
REJECTED: Final = "Its MCP server describes it differently, and the new description was rejected."
TURNED_DOWN: Final = "It was turned down at its review."
UNFIT: Final = "Its MCP server describes it in a way that cannot be used: "
# What a sync may lift by itself, once the server describes the tool as it was reviewed.
_LIFTED: Final = (CHANGED, REJECTED, servers.CHANGED)


@dataclass(slots=True)
class Report:
    """What a sync found, as names of tools; `left_out` says why."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    archived: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    error: str = ""

    def counts(self) -> dict[str, int]:
        named = ("added", "changed", "unchanged", "returned", "archived", "left_out")
        return {name: len(getattr(self, name)) for name in named}


def sync(server: McpServer) -> Report:
    """Ask the server what it offers and bring the catalog in line. Trouble ends in the report and on the row."""
    by = identities.system(server.organization_id)
    server.refresh_from_db()
    if (halt := halts.halting(server.organization_id)) is not None:
        # Starting its program, or speaking to it with its secret, is what somebody has stopped.
        report = Report(error=halt.told)
        _ended(server, report, {})
        _record(server, report, by=by)
        return report
    try:
        target = servers.target(server)
        credential = _credential(server, target)
        # The server may take its time; the connection to the database is not held meanwhile.
        pooled.give_back()
        offered = protocol.offered(target, credential)
        report = _Reconciling(server, target, by).all(offered)
    except HouseError as trouble:
        report = Report(error=_explained(trouble))
        _ended(server, report, {})
        _record(server, report, by=by)
        return report
    info = {
        "protocol": offered.protocol,
        "server_info": _plain({**offered.server, "said": offered.instructions}),
    }
    _ended(server, report, {**info, "synced_at": timezone.now()})
    _record(server, report, by=by)
    return report


def _credential(server: McpServer, target: Target) -> Credential | None:
    if target.auth is None:
        return None
    secret = Secret.objects.filter(organization_id=server.organization_id, name=target.auth.secret).first()
    return Credential(secret.reveal(), tuple(map(str, secret.hosts))) if secret else None


def _explained(trouble: HouseError) -> str:
    """For the administrator: the sentence, and what the server's own error stream said last."""
    words = str(trouble.details.get("words") or "") if isinstance(trouble, ToolFailed) else ""
    error = str(trouble.details.get("error") or "") if isinstance(trouble, ToolFailed) else ""
    told = [trouble.message, error, f"It wrote last:\n{words[-2_000:]}" if words else ""]
    return str(storable("\n".join(part for part in told if part)))[:4_000]


def _ended(server: McpServer, report: Report, fields: Mapping[str, Any]) -> None:
    left_out = [{"tool": storable(each.tool), "why": storable(each.why)} for each in report.left_out]
    found = {"sync_ended_at": timezone.now(), "last_error": report.error, **fields}
    if not report.error:
        found["left_out"] = left_out[:200]
    McpServer.objects.filter(pk=server.pk).update(**found)
    server.refresh_from_db()


def _record(server: McpServer, report: Report, *, by: Identity) -> None:
    action = "mcp.sync_failed" if report.error else "mcp.synced"
    facts = {"error": report.error.partition("\n")[0][:300]} if report.error else report.counts()
    subject = records.Subject("mcp_server", str(server.pk), server.name)
    records.record(action, by=by, subject=subject, facts=facts)


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(str(text)) for name, text in value.items() if text}


class _Reconciling:
    """One listing against the rows of one server."""

    def __init__(self, server: McpServer, target: Target, by: Identity) -> None:
        self._server, self._target, self._by = server, target, by
        self._report = Report()
        self._rows = {tool.configuration.get("tool"): tool for tool in server.tools.order_by("pk")}
        names = Tool.objects.filter(organization_id=server.organization_id).values_list("name", flat=True)
        self._names = {name: alike.skeleton(name) for name in names}

    def all(self, offered: Listing) -> Report:
        for remote in offered.tools.values():
            self._one(remote)
        for wire in [wire for wire in self._rows if wire not in offered.tools]:
            self._gone(self._rows[wire])
        return self._report

    def _one(self, remote: Remote) -> None:
        found, row = adoption.adopted(remote, self._target), self._rows.get(remote.name)
        try:
            with transaction.atomic():
                if isinstance(found, LeftOut):
                    self._unfit(found, row)
                elif row is None:
                    self._new(remote, found)
                else:
                    self._known(row, found)
        except HouseError as refused:
            listed = [(name, why) for name, why in refused.details.items() if isinstance(why, list)]
            told = "; ".join(f"{name}: {' '.join(map(str, why))}" for name, why in listed)
            self._unfit(LeftOut(remote.name, told or refused.message), row)

    def _unfit(self, found: LeftOut, row: Tool | None) -> None:
        self._report.left_out.append(found)
        # What nobody has reviewed yet must not look as if only this were in its way.
        if row is not None and row.archived_at is None and row.quarantine not in (NEW, TURNED_DOWN):
            quarantine.hold_back(row, f"{UNFIT}{found.why}", by=self._by)

    def _new(self, remote: Remote, found: Adopted) -> None:
        name = adoption.name_for(remote.name, self._server.prefix, self._names)
        if isinstance(name, LeftOut):
            self._report.left_out.append(name)
            return
        fields = adoption.row(found, name, self._server.prefix)
        row = catalog.register(fields, by=self._by, reason=f"Found on the MCP server {self._server.name}.")
        Tool.objects.filter(pk=row.pk).update(mcp_server=self._server)
        quarantine.hold_back(row, NEW, by=self._by)
        self._names[name] = alike.skeleton(name)
        self._report.added.append(name)

    def _known(self, row: Tool, found: Adopted) -> None:
        if row.quarantine == TURNED_DOWN:
            if row.archived_at is not None:
                self._report.unchanged.append(row.name)
                return
            # Somebody has brought it back: then it is to be reviewed once more.
            quarantine.hold_back(row, NEW, by=self._by)
        if row.archived_at is not None:
            catalog.restore(row, by=self._by)
            self._report.returned.append(row.name)
            row.refresh_from_db()
        if row.quarantine == NEW:
            self._unreviewed(row, found)
        elif is_reviewed(row, found):
            self._as_reviewed(row)
        else:
            self._changed(row, found)

    def _unreviewed(self, row: Tool, found: Adopted) -> None:
        """Nobody has trusted it yet: it may change without a word, and waits for its first review either way."""
        catalog.update(row, found.changes, by=self._by, reason="The MCP server describes it so by now.")
        self._report.unchanged.append(row.name)

    def _as_reviewed(self, row: Tool) -> None:
        for draft in _drafts(row):
            drafts.discard(draft, by=self._by, reason="The MCP server describes it as before again.")
        if row.quarantine.startswith(_LIFTED) or row.quarantine.startswith(UNFIT):
            quarantine.release(row, by=self._by)
        self._report.unchanged.append(row.name)

    def _changed(self, row: Tool, found: Adopted) -> None:
        if self._server.rejected.get(row.configuration["tool"]) == found.configuration["pinned"]:
            quarantine.hold_back(row, REJECTED, by=self._by)
            self._report.unchanged.append(row.name)
            return
        if not any(_says_the_same(draft, found) for draft in _drafts(row)):
            drafts.propose(row, found.changes, by=self._by, source=ToolDraft.Source.MCP, reason=CHANGED)
        quarantine.hold_back(row, CHANGED, by=self._by)
        self._report.changed.append(row.name)

    def _gone(self, row: Tool) -> None:
        """Archived and never deleted: grants and history name it, and a server may bring it back."""
        if row.archived_at is None:
            catalog.shelve(row, by=self._by)
            self._report.archived.append(row.name)


def is_reviewed(row: Tool, found: Adopted) -> bool:
    """Whether server and description are the very ones that were reviewed."""
    pinned = ("server", "pinned")
    return all(row.configuration.get(name) == found.configuration[name] for name in pinned)


def _drafts(row: Tool) -> list[ToolDraft]:
    return list(ToolDraft.objects.filter(tool=row, source=ToolDraft.Source.MCP))


def _says_the_same(draft: ToolDraft, found: Adopted) -> bool:
    return bool(draft.changes.get("configuration") == found.configuration) and not drafts.is_outdated(draft)
