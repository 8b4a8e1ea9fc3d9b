"""What the commands that bring something into the catalog have in common: whose, and what of conflicts."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import CommandError

from agents_app.transfer import Choice
from project.accounts.administrator import default_organization
from project.accounts.models import Organization


def add(parser: ArgumentParser, *, otherwise: Choice) -> None:
    parser.add_argument("--organization", metavar="SLUG", help="One organization only.")
    parser.add_argument("--dry-run", action="store_true", help="Show the difference, change nothing.")
    parser.add_argument(
        "--on-conflict",
        choices=[each.value for each in Choice],
        default=otherwise.value,
        help=f"What becomes of an item that is here and otherwise. Default: {otherwise.value}.",
    )


def organizations(slug: str | None) -> list[Organization]:
    default_organization()
    found = Organization.objects.order_by("pk")
    return list(found) if slug is None else [organization(slug)]


def organization(slug: str | None) -> Organization:
    if slug is None:
        return default_organization()
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Organization.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no organization {slug!r}; there are: {known}.")
    return found
