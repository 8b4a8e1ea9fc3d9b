"""load_tools: brings files of tools into the catalog, and shows with --dry-run what that would change."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents_app import transfer
from agents_app.management import from_files, options
from agents_app.transfer import Choice, Wanted
from project.accounts import identity as identities


class Command(BaseCommand):
    help = "Load tools from YAML or JSON files, or folders of them, into every organization or one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        options.add(parser, otherwise=Choice.KEEP)

    def handle(self, *_args: Any, **given: Any) -> None:
        files = from_files.read(given["files"])
        wanted = Wanted(
            otherwise=Choice(given["on_conflict"]),
            is_dry=given["dry_run"],
            remembers=True,
            reason="Loaded from files",
        )
        stopped = False
        for organization in options.organizations(given["organization"]):
            meant = from_files.meant_for(files, organization)
            report = transfer.bring_in(meant, wanted, by=identities.system(organization))
            self.stdout.write(f"{organization.name}:")
            self.stdout.write("\n".join(report.lines()))
            stopped = stopped or report.stops
        if stopped:
            raise CommandError("Not everything could be loaded; see above.")
