"""seed: gives every organization the default tools and personas. Repeatable; never undoes an administrator's edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from agents_app import seeds as persona_seeds
from agents_app.costs import pricing
from agents_app.management import from_files
from audit_app import records
from project.accounts import identity as identities
from project.accounts.administrator import default_organization
from project.accounts.models import Organization
from tools_app import seeds as tool_seeds
from tools_app.models import SeededRow

_WELCOME = (
    "Welcome to Toolroom.\n\n"
    "This file lies in the folder that the file tools may read. A persona that wants to read it has to ask you "
    "first: you see exactly which file, and nothing else can run on your answer.\n"
)


class Command(BaseCommand):
    help = "Seed default tools and personas for every organization; repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        default_organization()
        files = from_files.read(settings.TOOL_FILES)
        for organization in Organization.objects.order_by("pk"):
            written = _seed(organization)
            if written:
                self.stdout.write(f"{organization.name}: {', '.join(written)}")
            if loaded := from_files.load(files, organization):
                self.stdout.write(f"{organization.name}, from files: {', '.join(loaded)}")
        _welcome()


@transaction.atomic
def _seed(organization: Organization) -> list[str]:
    written = tool_seeds.apply(organization) + persona_seeds.apply(organization)
    written += [f"price of {name}" for name in pricing.seed(organization)]
    if written:
        records.record(
            "seed.applied",
            by=identities.system(organization),
            subject=records.Subject("organization", str(organization.pk), organization.name),
            facts={"written": written},
        )
    return written


def _welcome() -> None:
    """A first file to read, once, and only in the folder that the installation made for itself."""
    folder = Path(settings.DATA_DIR) / "files"
    first = {"organization": default_organization(), "kind": "file", "name": "welcome.txt"}
    if [Path(root) for root in settings.FILE_ROOTS] != [folder]:
        return
    _, is_new = SeededRow.objects.get_or_create(**first, defaults={"content_hash": ""})
    if is_new:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "welcome.txt").write_text(_WELCOME)
