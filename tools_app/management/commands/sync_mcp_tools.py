"""sync_mcp_tools: brings the tools of MCP servers in line, from the shell of the operator."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tools_app import bridge
from tools_app.mcp import sync
from tools_app.models import McpServer


class Command(BaseCommand):
    help = (
        "Ask MCP servers what they offer. New and changed tools wait for a review; removed ones are archived."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "servers", nargs="*", help="Prefixes or names of servers; all that are on, if none."
        )
        parser.add_argument("--organization", help="Slug of the organization; all, if none.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(self._chosen(options["servers"], options["organization"]))
        failed = [server.name for server in found if not self._synced(server)]
        bridge.stop()
        if failed:
            raise CommandError(f"Not synced: {', '.join(failed)}.")

    def _chosen(self, wanted: list[str], organization: str | None) -> list[McpServer]:
        rows = McpServer.objects.filter(enabled=True).select_related("organization").order_by("pk")
        if organization:
            rows = rows.filter(organization__slug=organization)
        chosen = [row for row in rows if not wanted or row.name in wanted or row.prefix in wanted]
        missing = set(wanted) - {row.name for row in chosen} - {row.prefix for row in chosen}
        if missing:
            raise CommandError(f"There is no such server, or it is off: {', '.join(sorted(missing))}.")
        return chosen

    def _synced(self, server: McpServer) -> bool:
        report = sync.sync(server)
        where = f"{server.name} ({server.organization.slug})"
        if report.error:
            self.stderr.write(f"{where}: {report.error}")
            return False
        counts = ", ".join(
            f"{number} {name.replace('_', ' ')}" for name, number in report.counts().items() if number
        )
        self.stdout.write(f"{where}: {counts or 'nothing'}")
        for left in report.left_out:
            self.stdout.write(f"  left out: {left.tool}: {left.why}")
        return True
