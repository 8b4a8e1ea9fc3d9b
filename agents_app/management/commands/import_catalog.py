"""import_catalog: brings an exported catalog in, all of it or nothing; --dry-run shows the difference."""

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
    help = "Import tools, rules, personas and grants from a file that export_catalog wrote."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        options.add(parser, otherwise=Choice.FAIL)
        parser.add_argument(
            "--choose",
            action="append",
            default=[],
            metavar="KIND/NAME=CHOICE",
            help="For one item, such as tool/weather=replace; may be given several times.",
        )

    def handle(self, *_args: Any, **given: Any) -> None:
        (document,) = from_files.read([given["file"]])
        organization = options.organization(given["organization"])
        wanted = Wanted(
            otherwise=Choice(given["on_conflict"]),
            choices=dict(map(_choice, given["choose"])),
            is_dry=given["dry_run"],
            reason=f"Imported from {given['file'].name}"[:300],
        )
        report = transfer.bring_in(document, wanted, by=identities.system(organization))
        self.stdout.write("\n".join(report.lines()))
        if report.stops and not report.is_dry:
            raise CommandError("Nothing was imported.")


def _choice(text: str) -> tuple[str, Choice]:
    key, _, choice = text.rpartition("=")
    try:
        return key, Choice(choice)
    except ValueError:
        known = ", ".join(each.value for each in Choice)
        raise CommandError(f"--choose {text}: write KIND/NAME=CHOICE with one of {known}.") from None
