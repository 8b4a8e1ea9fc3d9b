"""clear_callables: forget what factories built, in every process: all of it, or of a tenant, persona, person or key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents_app.models import AgentType
from project.accounts import identity as identities
from project.accounts.models import Organization
from tools_app import clearing
from tools_app.clearing import Meant


class Command(BaseCommand):
    help = "Clear what the factories of personas built. Without an option: everything, in every organization."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", default="", help="only in the organization of this slug")
        parser.add_argument("--persona", default="", help="only of this persona; needs --tenant")
        parser.add_argument("--user", default=None, help="only what is kept for the person of this id")
        parser.add_argument("--key", default=None, help="only what is kept under this key")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = _organization(options["tenant"])
        agent = _persona(options["persona"], organization)
        meant = Meant(
            tenant=organization.pk if organization else None,
            agent=agent.pk if agent else None,
            user_id=options["user"],
            key=options["key"],
        )
        clearing.clear(meant, by=identities.system(organization), name=agent.name if agent else "")
        self.stdout.write("Cleared.")


def _organization(slug: str) -> Organization | None:
    if not slug:
        return None
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization {slug!r}.")
    return found


def _persona(name: str, organization: Organization | None) -> AgentType | None:
    if not name:
        return None
    if organization is None:
        raise CommandError("Say in which organization the persona is: --tenant.")
    found = AgentType.objects.filter(organization=organization, name=name).first()
    if found is None:
        raise CommandError(f"There is no persona {name!r} in {organization.name}.")
    return found
