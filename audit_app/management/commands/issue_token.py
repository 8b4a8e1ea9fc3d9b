"""manage.py issue_token USER: print an API token alone on the last line, and on stderr what it may do."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from audit_app import tokens
from project.accounts import identity as identities
from project.accounts.exceptions import HouseError
from project.accounts.models import Organization
from project.accounts.roles import NAMED_ONLY


class Command(BaseCommand):
    help = "Print a new API token, used as: Authorization: Bearer <token>. It can be read this once only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="Whose token it is (user name).")
        parser.add_argument(
            "--scopes",
            help="Permissions, separated by commas. Left out: all the person has but those that decide for people: "
            f"{', '.join(sorted(NAMED_ONLY))}.",
        )
        parser.add_argument("--days", type=int, default=tokens.DAYS, help="How long it is valid.")
        parser.add_argument("--name", default="issue_token", help="What it is for, shown in lists.")
        parser.add_argument("--organization", help="Short name of the organization, for people of several.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 3650:
            raise CommandError("--days must be between 1 and 3650.")
        user = get_user_model().objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['user']!r}.")
        try:
            token, scopes = self._issued(user, options)
        except HouseError as refused:
            raise CommandError(f"{refused.message} {refused.details or ''}".strip()) from refused
        self.stderr.write(f"May: {', '.join(scopes)}. Valid for {options['days']} days.")
        self.stdout.write(token)

    def _issued(self, user: Any, options: dict[str, Any]) -> tuple[str, list[str]]:
        membership = identities.membership_of(user.pk, only=_organization(options["organization"]))
        listed = options["scopes"]
        wanted = (
            listed.replace(" ", ",").split(",") if listed is not None else membership.permissions - NAMED_ONLY
        )
        scopes = sorted({scope for scope in wanted if scope})
        by = identities.system(membership.organization)
        token = tokens.issue(membership, scopes=scopes, name=options["name"], days=options["days"], by=by)
        return token, scopes


def _organization(slug: str | None) -> int | None:
    if slug is None:
        return None
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization {slug!r}.")
    return found.pk
