"""Bringing the files of TOOL_FILES into the catalog while seeding: made once, renewed until somebody edits them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.core.management.base import CommandError

from agents_app import transfer
from agents_app.transfer import Choice, Wanted
from project.accounts import identity as identities
from project.accounts.models import Organization
from tools_app import documents
from tools_app.documents import Document
from tools_app.exceptions import InvalidCatalog


def read(named: Sequence[Path]) -> list[Document]:
    """Every file, before any of them changes anything. Raises CommandError with all that is wrong."""
    try:
        return documents.read_files(documents.paths_of(named))
    except InvalidCatalog as broken:
        raise CommandError("These files cannot be loaded:\n  " + "\n  ".join(broken.problems)) from None


def load(files: Sequence[Document], organization: Organization) -> list[str]:
    """Returns what was written. What somebody has edited or deleted stays as it is."""
    meant = meant_for(files, organization)
    wanted = Wanted(otherwise=Choice.KEEP, remembers=True, reason="Loaded from files")
    report = transfer.bring_in(meant, wanted, by=identities.system(organization))
    if report.problems:
        told = [line for each in report.problems for line in each.told]
        raise CommandError("These files cannot be loaded:\n  " + "\n  ".join(told))
    return [each.key for each in report.changes]


def meant_for(files: Sequence[Document], organization: Organization) -> Document:
    """Raises CommandError where two files that are meant for it name the same thing."""
    meant = [each for each in files if not each.organizations or organization.slug in each.organizations]
    try:
        return documents.joined(meant)
    except InvalidCatalog as broken:
        raise CommandError("These files cannot be loaded:\n  " + "\n  ".join(broken.problems)) from None
