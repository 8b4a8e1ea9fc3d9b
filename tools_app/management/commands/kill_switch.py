"""manage.py kill_switch: the operator stops the installation, or one organization, and lets it go again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localtime

from audit_app.exceptions import StaleState
from project.accounts import identity as identities
from project.accounts.models import Organization
from tools_app.exceptions import InvalidSwitch, SwitchThrown
from tools_app.governing import halts, switches
from tools_app.governing.switches import INSTALLATION, Target
from tools_app.models import KillSwitch


class Command(BaseCommand):
    help = "Stop all tools and answers (on --reason WHY), let them act again (off), or list what is stopped (status)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["on", "off", "status"])
        parser.add_argument("--organization", help="Short name of one organization; left out: all of them.")
        parser.add_argument("--reason", default="", help="Why; people read it where they are stopped.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "status":
            self._list()
            return
        target = _target(options["organization"])
        act = self._throw if options["act"] == "on" else self._lift
        act(target, options["reason"])

    def _list(self) -> None:
        why, rows = halts.reason_in_file(), KillSwitch.objects.thrown().select_related("organization")
        if not why and not rows:
            self.stdout.write("Nothing is stopped.")
        if why:
            self.stdout.write(f"The installation is stopped by the file: {why}")
        for row in sorted(rows, key=lambda each: each.pk):
            where = f" of {row.organization.slug}" if row.organization and row.subject_id else ""
            since = f"since {localtime(row.thrown_at):%Y-%m-%d %H:%M}, by {row.thrown_by}"
            self.stdout.write(f"{row.get_scope_display()}{where}: {row} ({since}): {row.reason}")

    def _throw(self, target: Target, reason: str) -> None:
        house = identities.system(target.organization_id)
        try:
            switches.throw(target, reason=reason, by=house, through=KillSwitch.Through.COMMAND)
        except (InvalidSwitch, SwitchThrown) as refused:
            told = " ".join(line for lines in refused.details.values() for line in lines)
            raise CommandError(told or refused.message) from None
        self.stdout.write("Stopped. No further tool or step of an answer begins; what runs is told to end.")

    def _lift(self, target: Target, reason: str) -> None:
        row = KillSwitch.objects.of(target.scope, target.organization_id, target.id).first()
        if row is not None:
            try:
                switches.lift(row, by=identities.system(target.organization_id), reason=reason)
            except StaleState:
                row = None
        if target == INSTALLATION and halts.reason_in_file() is not None:
            raise CommandError(
                "The file of KILL_SWITCH_FILE is still there: remove it, and everything acts again."
            )
        self.stdout.write("It was not stopped." if row is None else "It may act again.")


def _target(slug: str | None) -> Target:
    if slug is None:
        return INSTALLATION
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization called {slug!r}.")
    return switches.of_organization(found.pk)
