"""export_catalog: writes tools, rules, personas and grants of an organization as YAML or JSON; secrets by name only."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents_app import transfer
from agents_app.management import options
from project.accounts import identity as identities


class Command(BaseCommand):
    help = "Write the catalog of an organization to a file or to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="JSON if its name ends so, else YAML."
        )

    def handle(self, *_args: Any, **given: Any) -> None:
        organization, output = options.organization(given["organization"]), given["output"]
        document = transfer.exported(by=identities.system(organization))
        if output is None:
            self.stdout.write(transfer.written(document), ending="")
            return
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        try:
            output.write_text(
                text if output.suffix == ".json" else transfer.written(document), encoding="utf-8"
            )
        except OSError as refused:
            raise CommandError(f"{output} cannot be written ({type(refused).__name__}).") from None
        counts = f"{len(document['tools'])} tools and {len(document['personas'])} personas"
        self.stdout.write(f"{organization.name}: {counts} written to {output}.")
