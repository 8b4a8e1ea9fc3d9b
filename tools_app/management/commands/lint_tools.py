"""manage.py lint_tools: what could be better about the tools of the catalog, one line for each hint."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from project.accounts import identity as identities
from project.accounts.models import Organization
from tools_app.cataloging import linting
from tools_app.cataloging.lint import PROBLEM


class Command(BaseCommand):
    help = (
        "List what keeps models from using tools well. Ends with 1 if there are problems, as --strict asks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", help="Short name of one organization; left out: all of them.")
        parser.add_argument("--problems", action="store_true", help="Leave advice out.")
        parser.add_argument("--strict", action="store_true", help="Fail if there is a problem, for CI.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Organization.objects.order_by("slug")
        if options["organization"] is not None:
            found = found.filter(slug=options["organization"])
            if not found.exists():
                raise CommandError(f"There is no organization called {options['organization']!r}.")
        grave = sum(self._told(each, only_problems=options["problems"]) for each in found)
        if grave and options["strict"]:
            raise CommandError(f"{grave} problems.")

    def _told(self, organization: Organization, *, only_problems: bool) -> int:
        others = linting.all_look_alikes(organization.pk)
        rows = linting.rows(identities.system(organization)).iterator(chunk_size=500)
        grave = 0
        for tool in rows:
            for linted in linting.of_rows([tool], others):
                for hint in linted.hints:
                    grave += hint.level == PROBLEM
                    if hint.level == PROBLEM or not only_problems:
                        place = f"{hint.field}{hint.pointer}"
                        self.stdout.write(
                            f"{organization.slug}/{tool.name}: {hint.level}: {place}: {hint.message}"
                        )
        return grave
