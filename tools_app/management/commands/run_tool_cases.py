"""Runs saved cases from a shell or from CI: as a person, through the same gate and workers as everything else."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from project.accounts import identity as identities
from project.accounts.exceptions import HouseError, NotFound
from project.accounts.identity import Identity, NoMembership
from project.accounts.models import Organization
from tools_app.approving.visible import visible_text
from tools_app.cataloging import cases, drafts
from tools_app.models import ToolCase

_PAUSE = 0.2
_MARKS = {"passed": "ok", "failed": "FAILED", "open": "waiting", "": "not run"}


class Command(BaseCommand):
    help = (
        "Run saved cases of tools as this person. Those that use a tool need running workers, and a person where "
        "the tool asks. Ends with 1 unless all have passed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="As whom they run (user name): who may change the catalog.")
        parser.add_argument("tools", nargs="*", help="Names of tools. Left out: all tools with cases.")
        parser.add_argument(
            "--draft", action="store_true", help="Against open drafts; tools without one are left out."
        )
        parser.add_argument("--wait", type=int, default=60, help="Seconds to wait for uses to end.")
        parser.add_argument("--organization", help="Short name of the organization, for people of several.")

    def handle(self, *args: Any, **options: Any) -> None:
        by = _identity(options["user"], options["organization"])
        rows = _chosen(by, options["tools"])
        try:
            ran = [row.pk for row in rows if self._run(row, by, draft=options["draft"])]
        except HouseError as refused:
            raise CommandError(f"{refused.message} {refused.details or ''}".strip()) from refused
        ended = _ended(ran, patience=options["wait"])
        for row in ended:
            told = f": {' '.join(row.explanation.split())[:200]}" if row.outcome == "failed" else ""
            self.stdout.write(visible_text(f"{_MARKS[row.outcome]:8} {row.tool.name} / {row.name}{told}"))
        unmet = sum(row.outcome != ToolCase.Outcome.PASSED for row in ended)
        if unmet:
            raise CommandError(f"{unmet} of {len(ended)} cases have not passed.")
        self.stdout.write(f"{len(ended)} cases, all passed.")

    def _run(self, row: ToolCase, by: Identity, *, draft: bool) -> bool:
        try:
            mark = drafts.mark_of(row.tool) if draft or row.tool.is_draft else ""
        except NotFound:
            return False
        cases.run(row, by=by, draft=mark)
        return True


def _identity(name: str, organization: str | None) -> Identity:
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is nobody called {name!r}.")
    only = Organization.objects.filter(slug=organization).first() if organization else None
    if organization and only is None:
        raise CommandError(f"There is no organization called {organization!r}.")
    try:
        membership = identities.membership_of(user.pk, only=only.pk if only else None)
    except NoMembership as refused:
        raise CommandError(refused.message) from refused
    # In CI or on a schedule nobody sits there: what people allowed for themselves is not a command's to use up.
    return replace(identities.from_user(user.pk, membership.organization_id), via="command")


def _chosen(by: Identity, names: list[str]) -> QuerySet[ToolCase]:
    rows = ToolCase.objects.visible_to(by).filter(tool__archived_at=None).select_related("tool")
    known = set(rows.values_list("tool__name", flat=True))
    if unknown := sorted(set(names) - known):
        raise CommandError(f"No saved cases of: {', '.join(unknown)}.")
    return (rows.filter(tool__name__in=names) if names else rows).order_by("tool__name", "name")


def _ended(keys: list[int], *, patience: int) -> list[ToolCase]:
    """The cases after their uses have ended, or after the wait."""
    until = time.monotonic() + patience
    rows = ToolCase.objects.filter(pk__in=keys).select_related("tool", "call").order_by("tool__name", "name")
    while (waiting := list(rows.unsettled())) and time.monotonic() < until:
        time.sleep(_PAUSE)
        for row in waiting:
            cases.refresh(row.tool)
    return list(rows)
