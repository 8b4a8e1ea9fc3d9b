"""manage.py import_openapi FILE-OR-ADDRESS: import a description of an API, or say what that would do."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from project.accounts import identity as identities
from project.accounts.exceptions import HouseError
from project.accounts.identity import Identity
from project.accounts.models import Organization
from tools_app.apis import api_documents, api_imports
from tools_app.apis.api_imports import Wanted
from tools_app.apis.api_plans import AVAILABLE, CHANGED, NEW, REMOVED, Item, Plan
from tools_app.models import ApiDocument, ApiSource
from tools_app.openapi.proposals import Choices


class Command(BaseCommand):
    help = "Make tools out of an OpenAPI description (3.0 or 3.1, JSON or YAML)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="A file, or an https address.")
        parser.add_argument(
            "--name", required=True, help="What you call the API; a known one gets a new edition."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what it would do, and do nothing.")
        parser.add_argument(
            "--only", action="append", default=[], help="Key (GET /pets), tag or tool; repeatable."
        )
        parser.add_argument(
            "--server", default="", help="Address of the service, instead of the first it names."
        )
        parser.add_argument("--prefix", default="", help="What the names of the tools begin with.")
        parser.add_argument(
            "--secret", action="append", default=[], help="SCHEME=NAME of a stored secret; repeatable."
        )
        parser.add_argument(
            "--bearer", default="", help="Name of a secret, if the description names no scheme."
        )
        parser.add_argument("--remove", action="store_true", help="Archive tools whose operation is gone.")
        parser.add_argument("--organization", help="Its short name, if there are several.")

    def handle(self, *args: Any, **options: Any) -> None:
        by = identities.system(_organization(options["organization"]).pk)
        try:
            kept = self._kept(options, by)
            plan = api_imports.planned(kept, _choices(options, kept))
            wanted = _wanted(plan, options)
            self._tell(plan, wanted)
            if not options["dry_run"]:
                done = api_imports.carry_out(kept, options["name"], plan.choices, wanted, by=by)
                self.stdout.write(f"Added {done.added}, changed {done.changed}, removed {done.removed}.")
        except HouseError as refused:
            raise CommandError(f"{refused.message} {refused.details or ''}".strip()) from refused

    def _kept(self, options: dict[str, Any], by: Identity) -> ApiDocument:
        known = ApiSource.objects.visible_to(by).filter(name=options["name"]).first()
        if options["file"].startswith(("https://", "http://")):
            return api_documents.fetched(options["file"], by=by, replaces=known)
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        return api_documents.keep(
            path.read_bytes(), origin="upload", location=path.name, by=by, replaces=known
        )

    def _tell(self, plan: Plan, wanted: Wanted) -> None:
        states = Counter(item.state for item in plan.items)
        told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        self.stdout.write(f"{plan.description.title} {plan.description.version}: {told}")
        for mark, keys in (("+", wanted.add), ("~", wanted.update), ("-", wanted.remove)):
            for key in keys:
                self.stdout.write(f"  {mark} {_line(plan.item(key))}")
        self.stdout.write("Left out:")
        for skipped in plan.description.skipped:
            self.stdout.write(f"  {skipped.key}: {skipped.why}")
        for note in plan.description.notes:
            self.stdout.write(f"  {note}")
        for item in plan.items:
            self._left_out(item)

    def _left_out(self, item: Item) -> None:
        if item.proposal and item.proposal.problem:
            self.stdout.write(f"  {item.key}: {item.proposal.problem}")
        for note in item.proposal.notes if item.proposal else ():
            self.stdout.write(f"  {item.key}: {note}")


def _line(item: Item | None) -> str:
    if item is None:
        return ""
    name = item.proposal.name if item.proposal else str(item.tool)
    kept = ", ".join(each.field for each in item.conflicts)
    fields = ", ".join(each.field for each in item.news)
    told = f" ({fields})" if fields else ""
    return f"{item.key} -> {name}{told}" + (f"; changed here as well and kept: {kept}" if kept else "")


def _choices(options: dict[str, Any], kept: ApiDocument) -> Choices | None:
    secrets = dict(_pair(each) for each in options["secret"])
    sign_in = {"type": "bearer", "secret": options["bearer"]} if options["bearer"] else {}
    if kept.replaces is not None and not (options["server"] or options["prefix"] or secrets or sign_in):
        return None
    return Choices(server=options["server"], prefix=options["prefix"], secrets=secrets, sign_in=sign_in)


def _pair(text: str) -> tuple[str, str]:
    scheme, equals, name = text.partition("=")
    if not (scheme and equals and name):
        raise CommandError(f"--secret takes SCHEME=NAME, not {text!r}.")
    return scheme, name


def _wanted(plan: Plan, options: dict[str, Any]) -> Wanted:
    offered = [item for state in (NEW, AVAILABLE) for item in plan.of(state)]
    only = set(options["only"])
    chosen = [item for item in offered if _is_meant(item, only, is_first=plan.source is None)]
    return Wanted(
        add=[item.key for item in chosen if item.proposal and not item.proposal.problem],
        update=[item.key for item in plan.of(CHANGED) if item.proposal and not item.proposal.problem],
        remove=[item.key for item in plan.of(REMOVED)] if options["remove"] else [],
    )


def _is_meant(item: Item, only: set[str], *, is_first: bool) -> bool:
    """Without a choice a first import takes everything, a later one only what was not offered before."""
    made = item.proposal
    if made is None:
        return False
    if only:
        return not only.isdisjoint({item.key, made.name, *made.operation.tags})
    return is_first or item.state == NEW


def _organization(slug: str | None) -> Organization:
    rows = Organization.objects.filter(slug=slug) if slug else Organization.objects.all()
    found = list(rows[:2])
    if len(found) != 1:
        raise CommandError("Say which organization with --organization; its short name must exist.")
    return found[0]
